"""The first tier on Linux: bubblewrap's namespaces, our own call filter, memory file systems that are gone with the run."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from agents.errors import SandboxRefusedError
from agents.sandbox import MIB, Limits, Tier
from integrations.sandbox import program, spawner
from integrations.sandbox.cell import Preload, Sample, close_worker_ends, font_cache, open_ends
from integrations.sandbox.family import Family
from integrations.sandbox.handshake import await_ready, receive_folders
from integrations.sandbox.seccomp import BUBBLEWRAP, compile_filter
from integrations.sandbox.syscalls import this_machine

ROOT = "/tmp/job"
INSTALL = "install bubblewrap (Debian, Ubuntu: sudo apt-get install bubblewrap; Fedora: sudo dnf install bubblewrap)"
SLACK = 12 * MIB
"""What the file systems hold beyond the limit, so that passing it is seen before it is refused."""
SHARED_MEMORY = 256 * MIB
_OWN = ("/tmp", "/dev/shm")
"""Where the code has memory file systems of its own."""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_ETC = ("ld.so.cache", "localtime", "alternatives", "fonts", "mime.types", "ssl/openssl.cnf")


@cache
def _filter(without: frozenset[str]) -> bytes:
    return compile_filter(BUBBLEWRAP, this_machine(), without=without)


def _system_binds() -> list[str]:
    words: list[str] = []
    for path in _SYSTEM:
        if Path(path).is_symlink():
            words += ["--symlink", os.readlink(path), path]
        elif Path(path).is_dir():
            words += ["--ro-bind", path, path]
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words


def _interpreter_binds(*, beneath: bool) -> list[str]:
    """Those folders of the interpreter that lie beneath a file system of the code's own, or those that do not."""
    roots = [root for root in program.interpreter_roots() if root.startswith(tuple(f"{path}/" for path in _OWN)) is beneath]
    return [word for root in roots for word in ("--ro-bind", root, root)]


def walls(disk_bytes: int, without: frozenset[str] = frozenset()) -> list[str]:
    """Options of bubblewrap. ``without`` names walls that a test takes away to see the attack succeed."""
    alone = {
        "user": ["--unshare-user"], "pid": ["--unshare-pid"], "ipc": ["--unshare-ipc"], "net": ["--unshare-net"],
        "uts": ["--unshare-uts", "--hostname", "sandbox"], "cgroup": ["--unshare-cgroup-try"], "userns": ["--disable-userns"],
        "session": ["--new-session"], "parent": ["--die-with-parent"],
    }  # fmt: skip
    words = [word for name, options in alone.items() if name not in without for word in options]
    words += ["--cap-drop", "ALL"]
    words += ["--bind", "/", "/"] if "files" in without else [*_system_binds(), *_interpreter_binds(beneath=False)]
    words += ["--proc", "/proc", "--dev", "/dev"]
    shared = min(SHARED_MEMORY, disk_bytes) + SLACK
    for path, size in zip(_OWN, (disk_bytes + SLACK, shared), strict=True):
        words += [*([] if "sizes" in without else ["--size", str(size)]), "--perms", "1777", "--tmpfs", path]
    # A desk that is installed below /tmp has its interpreter there: seen again on top of the code's own /tmp.
    words += _interpreter_binds(beneath=True)
    if "read-only" not in without:
        words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    return [*words, "--chdir", "/tmp"]


_SWITCHES = {
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": ("1", "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
    "/proc/sys/kernel/unprivileged_userns_clone": ("0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
    "/proc/sys/user/max_user_namespaces": ("0", "sudo sysctl -w user.max_user_namespaces=15000"),
}


def mend() -> str:
    """What lets bubblewrap make namespaces here."""
    for path, (bad, command) in _SWITCHES.items():
        if Path(path).exists() and Path(path).read_text(encoding="ascii").strip() == bad:
            return command
    return "allow user namespaces (in a container: start it with --security-opt seccomp=unconfined), or let the landlock tier do it"


class BubblewrapCell:
    """A worker in namespaces of its own."""

    tier: Tier = "bubblewrap"

    def __init__(
        self, limits: Limits, input_bytes: int = 0, *, preload: Preload | None = None, without: frozenset[str] = frozenset()
    ) -> None:
        """Start the worker; ``ready`` waits for it.

        Raises:
            SandboxRefusedError: bubblewrap is missing or cannot put its walls up here.
        """
        executable = shutil.which("bwrap")
        if executable is None:
            raise SandboxRefusedError(f"bubblewrap is not installed: {INSTALL}")
        user = spawner.free_user()
        ends = open_ends()
        self.control, self.stdout, self.stderr = ends.control, ends.stdout, ends.stderr
        self._init: int | None = None
        self._family: Family | None = None
        self._folders: list[int] = []
        self.out = -1
        control = ends.worker_control.fileno()
        spec = {
            "control": control, "root": ROOT, "watched": ["/proc", "/tmp", "/dev/shm", f"{ROOT}/tmp"], "walls": None,
            "limits": {"RLIMIT_CORE": 0, "RLIMIT_MEMLOCK": 64 * 1024, "RLIMIT_NOFILE": 512}, "preload": preload.spec() if preload else None,
            "paths": list(program.library_paths()),
        }  # fmt: skip
        bundle, calls = program.in_memory("worker", program.bundle("worker", (), spec)), program.in_memory("filter", _filter(without))
        self._info, info = os.pipe()
        command = [executable, *walls(limits.disk_bytes + input_bytes, without), "--seccomp", str(calls), "--info-fd", str(info), "--"]
        streams = spawner.Streams(ends.worker_stdout, ends.worker_stderr, (bundle, calls, info, control))
        environment = program.environment(ROOT, f"{ROOT}/tmp")
        if "environment" in without:
            environment = dict(os.environ) | environment  # noqa: TID251 - a test takes this wall away
        try:
            self._process: subprocess.Popen[bytes] = spawner.start([*command, *program.command(bundle)], environment, streams, user)
        except BaseException:
            self._close_channels()
            raise
        finally:
            for fd in (bundle, calls, info):
                os.close(fd)
            close_worker_ends(ends)
        self._watch = os.pidfd_open(self._process.pid)

    @property
    def finished(self) -> int:
        """Readable when bubblewrap has ended, which it does with the worker."""
        return self._watch

    def ready(self, timeout: float) -> None:
        """Wait for the worker, and take hold of its folders and of its first process.

        Raises:
            SandboxRefusedError: the walls did not stand, with bubblewrap's own words.
        """
        try:
            self._folders = receive_folders(self.control, self.stderr, timeout, "bubblewrap")
        except SandboxRefusedError as error:
            raise SandboxRefusedError(f"{error}: {mend()}" if "bwrap:" in str(error) else str(error)) from error
        self.out, processes, *self._watched, self._temporary = self._folders
        self._family = Family(processes, outsiders=frozenset({1}))
        try:
            self._init = os.pidfd_open(int(json.loads(os.read(self._info, 4096))["child-pid"]))
        except (ProcessLookupError, ValueError, KeyError) as error:
            raise SandboxRefusedError(f"bubblewrap ended before the worker began: try again, or update bubblewrap ({error})") from error
        await_ready(self.control, self.stderr, timeout, "bubblewrap")

    def begin(self) -> None:
        """The worker takes the job by itself."""

    def font_cache(self) -> tuple[tuple[str, bytes], ...]:
        """The fonts that matplotlib found in the worker."""
        return font_cache(self._temporary)

    def sample(self) -> Sample:
        """What the family uses now."""
        assert self._family is not None
        used = self._family.sample()
        disk = files = 0
        for fd in self._watched:
            state = os.fstatvfs(fd)
            disk += (state.f_blocks - state.f_bfree) * state.f_frsize
            files += state.f_files - state.f_ffree
        return used._replace(disk=disk, files=files)

    def crowd(self) -> int:
        """The user namespace counts for itself: bubblewrap's own first process."""
        return 1

    def exact_memory(self) -> int:
        """Resident bytes now, each shared page counted once."""
        assert self._family is not None
        return self._family.shared_counted_once()

    def end(self) -> int:
        """Kill the first process of the namespace: the kernel kills all others before it reports that one dead."""
        if self._init is not None:
            _kill(self._init)
            _await_death(self._init)
        else:
            self._process.kill()
        _await_death(self._watch)
        code = self._process.wait()
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """End what runs, and give back every descriptor; with the last one the memory file systems are gone."""
        self.end()
        for fd in [*self._folders, self._watch, *([self._init] if self._init is not None else [])]:
            os.close(fd)
        self._folders, self._init = [], None
        self._close_channels()

    def _close_channels(self) -> None:
        self.control.close()
        for fd in (self.stdout, self.stderr, self._info):
            os.close(fd)


def _kill(pidfd: int) -> None:
    import signal

    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except ProcessLookupError:
        return  # dead already


def _await_death(pidfd: int) -> None:
    import select

    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    if not poller.poll(10_000):
        raise SandboxRefusedError("a sandboxed process did not die within 10 s of being killed: look for it in ps, it hangs in the kernel")
