"""What a family of processes uses, read from a ``/proc``."""

import os
from typing import NamedTuple

from integrations.sandbox.cell import Sample

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PARENT, _USER, _SYSTEM, _THREADS, _STARTED, _RESIDENT = 1, 11, 12, 17, 19, 21


class Process(NamedTuple):
    """One line of ``/proc/<pid>/stat``."""

    parent: int
    started: int
    cpu: float
    threads: int
    resident: int


def read(folder: int, pid: str) -> Process | None:
    """A process of the ``/proc`` that ``folder`` is open on; None when it has gone."""
    try:
        fd = os.open(f"{pid}/stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    try:
        fields = os.read(fd, 4096).rpartition(b")")[2].split()
    except OSError:
        return None
    finally:
        os.close(fd)
    cpu = (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICK
    return Process(int(fields[_PARENT]), int(fields[_STARTED]), cpu, int(fields[_THREADS]), int(fields[_RESIDENT]) * _PAGE)


def proportional(folder: int, pid: str) -> int:
    """Resident bytes with shared pages divided among those who share them."""
    try:
        fd = os.open(f"{pid}/smaps_rollup", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return 0
    try:
        for line in os.read(fd, 4096).splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0  # it ended meanwhile
    finally:
        os.close(fd)
    return 0


class Family:
    """Every process of a pid namespace, through that namespace's own ``/proc``."""

    def __init__(self, folder: int, outsiders: frozenset[int] = frozenset()) -> None:
        self._folder = folder
        self._outsiders = {str(pid) for pid in outsiders}
        self._cpu: dict[tuple[str, int], float] = {}

    def members(self) -> list[tuple[str, Process]]:
        """The living ones."""
        names = [name for name in os.listdir(self._folder) if name.isdigit() and name not in self._outsiders]
        return [(name, process) for name in names if (process := read(self._folder, name)) is not None]

    def sample(self) -> Sample:
        """Memory, threads and processor time, the time of those who have died since they were first seen included."""
        members = self.members()
        for name, process in members:
            self._cpu[name, process.started] = process.cpu
        resident = sum(process.resident for _, process in members)
        return Sample(memory=resident, cpu=sum(self._cpu.values()), processes=sum(process.threads for _, process in members))

    def shared_counted_once(self) -> int:
        """Resident bytes of the family, each page counted once: slower, and what a limit is judged by."""
        return sum(proportional(self._folder, name) for name, _ in self.members())
