"""One walled worker as the supervisor sees it, whichever walls it has."""

import os
import socket
from typing import Any, NamedTuple, Protocol

from agents.sandbox import Tier


class Sample(NamedTuple):
    """What the whole family uses at one instant."""

    memory: int = 0
    cpu: float = 0
    processes: int = 0
    disk: int = 0
    files: int = 0

    def higher(self, other: "Sample") -> "Sample":
        """The greater of each."""
        return Sample(
            max(self.memory, other.memory),
            max(self.cpu, other.cpu),
            max(self.processes, other.processes),
            max(self.disk, other.disk),
            max(self.files, other.files),
        )


class Preload(NamedTuple):
    """Libraries that a worker loads before its job, and caches that spare them work, by path below the temporary folder."""

    modules: tuple[str, ...]
    caches: tuple[tuple[str, bytes], ...] = ()

    def spec(self) -> dict[str, Any]:
        """As the worker reads it."""
        return {"modules": list(self.modules), "caches": dict(self.caches)}


class Cell(Protocol):
    """A worker behind its walls, waiting for a job or running it."""

    @property
    def tier(self) -> Tier:
        """What holds it."""
        ...

    control: socket.socket
    stdout: int
    stderr: int
    out: int

    @property
    def finished(self) -> int:
        """A descriptor that becomes readable when the worker has ended."""
        ...

    def ready(self, timeout: float) -> None:
        """Wait until the worker stands inside its walls."""
        ...

    def begin(self) -> None:
        """The job has been sent."""
        ...

    def font_cache(self) -> tuple[tuple[str, bytes], ...]:
        """What matplotlib wrote down about the fonts there are, for the next worker; asked before the job only."""
        ...

    def sample(self) -> Sample:
        """What the family uses now."""
        ...

    def crowd(self) -> int:
        """How many processes and threads of the same user the kernel counts besides the family, at most."""
        ...

    def exact_memory(self) -> int:
        """Resident bytes now, each shared page counted once."""
        ...

    def end(self) -> int:
        """Kill whoever is left, wait until all are dead; the worker's exit code, 128 + n after signal n."""
        ...

    def close(self) -> None:
        """Let go of everything, so that nothing of the run is left."""
        ...


class Ends(NamedTuple):
    """The supervisor's and the worker's ends of the three channels."""

    control: socket.socket
    stdout: int
    stderr: int
    worker_control: socket.socket
    worker_stdout: int
    worker_stderr: int


def open_ends() -> Ends:
    """A socket pair for the job, a pipe each for stdout and stderr."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    out, out_in = os.pipe()
    err, err_in = os.pipe()
    for fd in (out, err):
        os.set_blocking(fd, False)
    return Ends(ours, out, err, theirs, out_in, err_in)


def close_worker_ends(ends: Ends) -> None:
    """Close what only the worker holds from now on."""
    ends.worker_control.close()
    os.close(ends.worker_stdout)
    os.close(ends.worker_stderr)


def font_cache(folder: int) -> tuple[tuple[str, bytes], ...]:
    """The list of fonts below an open folder, by its path below the temporary folder."""
    try:
        inner = os.open("matplotlib", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return ()
    try:
        names = [name for name in os.listdir(inner) if name.startswith("fontlist-") and name.endswith(".json")]
        found = []
        for name in names:
            with open(name, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW, dir_fd=inner)) as file:
                found.append((f"matplotlib/{name}", file.read()))
        return tuple(found)
    finally:
        os.close(inner)
