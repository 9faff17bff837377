"""The tier of macOS: ``sandbox-exec`` with a profile that denies everything but the interpreter and the run's own folder."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from agents.errors import SandboxRefusedError
from agents.sandbox import Limits, Tier
from integrations.sandbox import program
from integrations.sandbox.cell import Preload, Sample, close_worker_ends, font_cache, open_ends
from integrations.sandbox.family import tree
from integrations.sandbox.handshake import await_ready, receive_folders
from integrations.sandbox.inside.keeper import remove_tree

_PROFILE = """(version 1)
(deny default)
(allow process-fork)
(allow process-exec* {reads})
(allow signal (target same-sandbox))
(allow sysctl-read)
(allow file-read-metadata)
(allow file-read* {reads} (literal "/dev/null") (literal "/dev/random") (literal "/dev/urandom") (literal "/dev/zero"))
(allow file-write-data (literal "/dev/null") (literal "/dev/zero"))
(allow file-read* file-write* (subpath {root}))
(allow ipc-posix-sem)
(deny network*)
"""
_SYSTEM = ("/usr/lib", "/usr/bin", "/bin", "/System/Library", "/Library/Fonts", "/private/var/db/dyld", "/usr/share")


def profile(root: str) -> str:
    """The profile in Apple's sandbox language."""
    reads = " ".join(f"(subpath {_quoted(path)})" for path in (*_SYSTEM, *program.interpreter_roots()))
    return _PROFILE.format(reads=reads, root=_quoted(root))


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class SeatbeltCell:
    """A worker under ``sandbox-exec``, in a process group of its own."""

    tier: Tier = "seatbelt"

    def __init__(self, limits: Limits, input_bytes: int = 0, *, preload: Preload | None = None) -> None:
        """Start the worker.

        Raises:
            SandboxRefusedError: this is no macOS, or we are root.
        """
        del limits, input_bytes
        executable = shutil.which("sandbox-exec")
        if executable is None:
            raise SandboxRefusedError("there is no sandbox-exec here: it is part of macOS; on Linux install bubblewrap")
        if os.geteuid() == 0:
            raise SandboxRefusedError("the macOS sandbox does not bound root: run Stoa as an ordinary user")
        self._root = os.path.realpath(tempfile.mkdtemp(prefix="stoa-run-"))
        self._folders: list[int] = []
        self._code: int | None = None
        self.out = -1
        ends = open_ends()
        self.control, self.stdout, self.stderr = ends.control, ends.stdout, ends.stderr
        self._ended, ended = socket.socketpair()
        control = ends.worker_control.fileno()
        spec = {
            "control": control, "root": self._root, "watched": [self._root, f"{self._root}/tmp"], "walls": None,
            "preload": preload.spec() if preload else None,
            "limits": {"RLIMIT_CORE": 0, "RLIMIT_NOFILE": 512}, "paths": list(program.library_paths()),
        }  # fmt: skip
        bundle = program.in_memory("worker", program.bundle("worker", (), spec))
        command = [executable, "-p", profile(self._root), *program.command(bundle)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command, env=program.environment(self._root, f"{self._root}/tmp"), stdin=subprocess.DEVNULL, cwd=self._root,
                stdout=ends.worker_stdout, stderr=ends.worker_stderr, pass_fds=(bundle, control, ended.fileno()), start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(bundle)
            ended.close()
            close_worker_ends(ends)

    @property
    def finished(self) -> int:
        """Readable when nobody holds the other end any more: the worker and all its children have ended."""
        return self._ended.fileno()

    def ready(self, timeout: float) -> None:
        """Wait for the worker inside its walls."""
        self._folders = receive_folders(self.control, self.stderr, timeout, "seatbelt")
        self.out, _, self._temporary = self._folders
        await_ready(self.control, self.stderr, timeout, "seatbelt")

    def begin(self) -> None:
        """The worker takes the job by itself."""

    def font_cache(self) -> tuple[tuple[str, bytes], ...]:
        """The fonts that matplotlib found in the worker."""
        return font_cache(self._temporary)

    def _members(self) -> list[tuple[int, float, int]]:
        """Pid, seconds of processor time and resident bytes of each process of the session."""
        listed = subprocess.run(["/bin/ps", "-A", "-o", "pid=,pgid=,rss=,time="], capture_output=True, text=True, check=True)
        found = []
        for line in listed.stdout.splitlines():
            pid, group, resident, clock = line.split()[:4]
            if int(group) == self._process.pid:
                minutes, _, seconds = clock.rpartition(":")
                hours, _, left = minutes.rpartition(":")
                found.append((int(pid), int(hours or 0) * 3600 + int(left or 0) * 60 + float(seconds), int(resident) * 1024))
        return found

    def sample(self) -> Sample:
        """What the group uses now."""
        members = self._members()
        disk, files = tree(self._folders[1])
        return Sample(sum(m[2] for m in members), sum(m[1] for m in members), len(members), disk, files)

    def crowd(self) -> int:
        """The kernel counts by user: a bound for what a person's session runs."""
        return 2000

    def exact_memory(self) -> int:
        """As the sample has it: this system does not say what is shared."""
        return self.sample().memory

    def end(self) -> int:
        """Kill the group until it is empty."""
        if self._code is None:
            deadline = time.monotonic() + 10
            while self._members() and time.monotonic() < deadline:
                os.killpg(self._process.pid, signal.SIGKILL)
            code = self._process.wait(timeout=10)
            self._code = code if code >= 0 else 128 - code
        return self._code

    def close(self) -> None:
        """End what runs, remove the folder, give back every descriptor."""
        self.end()
        for fd in (*self._folders, self.stdout, self.stderr):
            os.close(fd)
        self.control.close()
        self._ended.close()
        if Path(self._root).exists():
            remove_tree(self._root)
