"""The second tier on Linux, where namespaces are not to be had: Landlock, our own call filter, and a keeper process."""

import contextlib
import marshal
import os
import select
import signal
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

from agents.errors import SandboxRefusedError
from agents.sandbox import Limits, Tier
from integrations.sandbox import program, spawner
from integrations.sandbox.cell import Preload, Sample, close_worker_ends, font_cache, open_ends
from integrations.sandbox.family import Descendants, tree
from integrations.sandbox.handshake import await_ready, receive_folders
from integrations.sandbox.inside import keeper
from integrations.sandbox.inside.walls import (
    EXECUTE,
    IOCTL_DEV,
    MAKE_DIR,
    MAKE_FIFO,
    MAKE_REG,
    MAKE_SYM,
    READ_DIR,
    READ_FILE,
    REFER,
    REMOVE_DIR,
    REMOVE_FILE,
    TRUNCATE,
    WRITE_FILE,
    abi,
)
from integrations.sandbox.seccomp import LANDLOCK, SIGNALS, compile_filter
from integrations.sandbox.syscalls import this_machine

OLDEST = 3
"""Version of Landlock before which truncating a file was not bounded (kernel 6.2)."""
BOUNDS_SIGNALS = 6
_READ = READ_FILE | READ_DIR
_OWN = _READ | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_FIFO | MAKE_SYM | REFER
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_ETC = ("ld.so.cache", "ld.so.preload", "localtime", "alternatives", "fonts", "mime.types", "ssl/openssl.cnf")
_MACHINE = (
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/uptime", "/proc/loadavg", "/proc/version", "/proc/filesystems",
    "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/osrelease", "/sys/fs/cgroup", "/sys/devices/system/cpu",
    "/sys/kernel/mm/transparent_hugepage",
)  # fmt: skip
_SELF = ("cgroup", "status", "stat", "statm", "maps", "cmdline", "limits", "fd")
_WRITTEN_OVER = 4
"""A family that has dirtied this many times its disk limit has passed it, whatever its files say."""
_LOOK = 0.05
DEATH_SECONDS = 30
"""A family of some hundred forking processes on a busy machine takes seconds to die."""


@cache
def _filter(without: frozenset[str], *, bound_signals: bool) -> bytes:
    rules = (*LANDLOCK, *SIGNALS) if bound_signals else LANDLOCK
    return compile_filter(rules, this_machine(), without=without)


def _modules(version: int) -> tuple[str, ...]:
    """What keeper and worker consist of; the keeper sends signals where the family cannot, if this interpreter can hold a process."""
    names = ("keeper", "walls", "standins")
    by_keeper = version < BOUNDS_SIGNALS and hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")
    return (*names, "signals") if by_keeper else names


def grants(root: str) -> list[tuple[str, int]]:
    """What the code may touch, by path."""
    found = [(path, _READ | EXECUTE) for path in (*_SYSTEM, *program.interpreter_roots())]
    found += [(f"/etc/{name}", _READ) for name in _ETC]
    found += [(path, _READ) for path in _MACHINE]
    found += [(f"/dev/{name}", READ_FILE | WRITE_FILE) for name in ("null", "zero", "full", "random", "urandom")]
    return [*found, (root, _OWN & ~IOCTL_DEV)]


def _make_folder(user: int | None) -> str:
    """A folder of the run's own, where the user it runs as can get to it."""
    places = (tempfile.gettempdir(), "/tmp", "/var/tmp")
    place = next((place for place in places if user is None or spawner.closed_folder(place) is None), "/tmp")
    root = os.path.realpath(tempfile.mkdtemp(prefix="stoa-run-", dir=place))
    if user is not None:
        os.chown(root, user, user)
    return root


class LandlockCell:
    """A worker that has given up the rest of the machine, and its keeper."""

    tier: Tier = "landlock"

    def __init__(
        self,
        limits: Limits,
        input_bytes: int = 0,
        *,
        preload: Preload | None = None,
        without: frozenset[str] = frozenset(),
        version: int | None = None,
    ) -> None:
        """Start the keeper, which starts the worker; ``ready`` waits for it.

        Args:
            limits: nothing here depends on them: folders have no size, the supervisor watches.
            input_bytes: as ``limits``.
            preload: libraries to load before the job.
            without: walls that a test takes away.
            version: of Landlock, when a test stands for an older kernel.

        Raises:
            SandboxRefusedError: this kernel has no Landlock, or one that does not bound enough.
        """
        del limits, input_bytes
        known = abi() if version is None else version
        if known < OLDEST:
            found = f"speaks version {known} of Landlock" if known else "has no Landlock, or it is switched off"
            raise SandboxRefusedError(f"this kernel {found}: use kernel 6.2 or newer with lsm=landlock, or allow user namespaces")
        self._user = user = spawner.free_user()
        self._root = _make_folder(user)
        self._disk = (0.0, 0, 0)  # when to walk again, bytes, entries
        self._folders: list[int] = []
        self.out = -1
        self._code: int | None = None
        self._without = without
        ends = open_ends()
        self.control, self.stdout, self.stderr = ends.control, ends.stdout, ends.stderr
        alive, self._alive = os.pipe()
        self._report, report = os.pipe()
        spec = self._spec(ends.worker_control.fileno(), alive, report, known) | {"preload": preload.spec() if preload else None}
        self._processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        bundle = program.in_memory("keeper", program.bundle("keeper", _modules(known), spec))
        environment = program.environment(self._root, f"{self._root}/tmp")
        if "environment" in without:
            environment = dict(os.environ) | environment  # noqa: TID251 - a test takes this wall away
        inherited = (bundle, alive, report, ends.worker_control.fileno())
        streams = spawner.Streams(ends.worker_stdout, ends.worker_stderr, inherited)
        try:
            self._process: subprocess.Popen[bytes] = spawner.start(program.command(bundle), environment, streams, user)
        except BaseException:
            self._close_channels()
            raise
        finally:
            for fd in (bundle, alive, report):
                os.close(fd)
            close_worker_ends(ends)
        self._family = Descendants(self._processes, self._process.pid)

    def _spec(self, control: int, alive: int, report: int, version: int) -> dict[str, object]:
        without = self._without
        scope = version >= BOUNDS_SIGNALS
        landlock = [name for name in ("files", "network", "scope") if name not in without]
        return {
            "control": control, "alive": alive, "report": report, "root": self._root, "watched": [self._root, f"{self._root}/tmp"],
            "supervisor": os.getpid(), "version": version, "keeper_scope": scope and "keeper scope" not in without,
            "kin_only": "family" not in without,
            "paths": list(program.library_paths()),
            "limits": {"RLIMIT_CORE": 0, "RLIMIT_MEMLOCK": 64 * 1024, "RLIMIT_NOFILE": 512, "RLIMIT_MSGQUEUE": 0},
            "walls": {
                "landlock": landlock, "version": version, "grants": grants(self._root), "own": list(_SELF),
                "filter": _filter(without, bound_signals=not scope),
            },
        }  # fmt: skip

    @property
    def finished(self) -> int:
        """Readable when the keeper has reported, which it does when all of the family are dead."""
        return self._report

    def ready(self, timeout: float) -> None:
        """Wait for the worker inside its walls.

        Raises:
            SandboxRefusedError: the walls did not stand, with the kernel's own words.
        """
        self._folders = receive_folders(self.control, self.stderr, timeout, "landlock")
        self.out, _, self._temporary = self._folders
        await_ready(self.control, self.stderr, timeout, "landlock")

    def begin(self) -> None:
        """The worker takes the job by itself."""

    def font_cache(self) -> tuple[tuple[str, bytes], ...]:
        """The fonts that matplotlib found in the worker."""
        return font_cache(self._temporary)

    def sample(self) -> Sample:
        """What the family uses now; the folder is walked as often as it is quick to walk."""
        now = time.monotonic()
        if now >= self._disk[0]:
            used, entries = tree(self._folders[1])
            used = max(used + self._family.unlinked_bytes(), self._family.written_bytes() // _WRITTEN_OVER)
            cost = time.monotonic() - now
            self._disk = (now + min(max(3 * cost, 0.005), _LOOK), used, entries)
        return self._family.sample()._replace(disk=self._disk[1], files=self._disk[2])

    def crowd(self) -> int:
        """As root the run has a user of its own; otherwise the kernel counts all that the user runs: at most the whole machine."""
        if self._user is not None:
            return 1
        return int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].split("/")[1])

    def exact_memory(self) -> int:
        """Resident bytes now, each shared page counted once."""
        return self._family.shared_counted_once()

    def end(self) -> int:
        """Ask the keeper to end the family, and wait for its report."""
        if self._code is None:
            with contextlib.suppress(BrokenPipeError):  # it is reporting already
                os.write(self._alive, b"x")
            self._code = self._read_report()
            self._process.wait()  # it has reported, or is dead; waiting with a time would look again and again
            self._disk = (0.0, *self._disk[1:])
        return self._code

    def _read_report(self) -> int:
        if not select.select([self._report], [], [], DEATH_SECONDS)[0]:
            raise SandboxRefusedError("the sandbox's keeper does not answer: look for python processes that run as nobody you know")
        report = os.read(self._report, 256)
        if not report:
            return 128 + 9  # the keeper was killed; its worker is told by the kernel
        status, _ = marshal.loads(report)  # noqa: S302 - from our own keeper
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """End what runs, remove the folder, give back every descriptor."""
        self.end()
        for fd in self._folders:
            os.close(fd)
        self._folders = []
        self._close_channels()

    def _close_channels(self) -> None:
        self.control.close()
        for fd in (self.stdout, self.stderr, self._alive, self._report, self._processes):
            os.close(fd)
        if Path(self._root).exists():
            keeper.remove_tree(self._root)
