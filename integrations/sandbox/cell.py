"""One walled worker as the supervisor sees it, whichever walls it has."""

import os
import socket
from typing import NamedTuple, Protocol

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

    def sample(self) -> Sample:
        """What the family uses now."""
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
