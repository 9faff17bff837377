"""What a family of processes uses, read from a ``/proc``."""

import os
import stat
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

    def names(self) -> list[str]:
        """Pids of those that belong."""
        return [name for name in os.listdir(self._folder) if name.isdigit() and name not in self._outsiders]

    def members(self) -> list[tuple[str, Process]]:
        """The living ones."""
        names = self.names()
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


class Descendants(Family):
    """The descendants of one process among all of the machine: who is new has a parent that is known."""

    def __init__(self, folder: int, ancestor: int) -> None:
        super().__init__(folder)
        self._ancestor = ancestor
        self._written: dict[str, int] = {}
        self._known: dict[str, bool] = {}

    def names(self) -> list[str]:
        """Pids of the descendants; orphans have been adopted by the ancestor."""
        present = [name for name in os.listdir(self._folder) if name.isdigit()]
        self._known = {name: self._known[name] for name in present if name in self._known}
        for name in present:
            if name not in self._known:
                self._known[name] = self._belongs(name)
        return [name for name in present if self._known[name]]

    def _belongs(self, name: str) -> bool:
        process = read(self._folder, name)
        return process is not None and (process.parent == self._ancestor or self._known.get(str(process.parent), False))

    def written_bytes(self) -> int:
        """Bytes of files that the family has dirtied and not thrown away since, by the kernel's own books; 0 where it keeps none."""
        for name in self.names():
            try:
                with open(f"/proc/{name}/io", "rb") as file:
                    books = dict(line.split(b": ") for line in file.read().splitlines())
            except OSError:
                continue
            self._written[name] = int(books[b"write_bytes"]) - int(books[b"cancelled_write_bytes"])
        return max(sum(self._written.values()), 0)

    def unlinked_bytes(self) -> int:
        """Bytes of files that have no name any more and are still held open."""
        found: dict[tuple[int, int], int] = {}
        for name in self.names():
            try:
                numbers = os.listdir(f"/proc/{name}/fd")
            except OSError:
                continue
            for number in numbers:
                try:
                    state = os.stat(f"/proc/{name}/fd/{number}")
                except OSError:
                    continue
                if stat.S_ISREG(state.st_mode) and state.st_nlink == 0:
                    found[state.st_dev, state.st_ino] = state.st_blocks * 512
        return sum(found.values())


DEEPEST = 32
"""Folders within folders that are looked into; whoever goes deeper has passed the limit of files."""


def tree(folder: int, depth: int = 0) -> tuple[int, int]:
    """Bytes and entries below an open folder; links are counted, not followed."""
    if depth > DEEPEST:
        return 0, 1 << 30
    used = entries = 0
    with os.scandir(folder) as found:
        for entry in found:
            entries += 1
            try:
                state = entry.stat(follow_symlinks=False)
                used += max(state.st_blocks * 512, state.st_size)
                if not stat.S_ISDIR(state.st_mode):
                    continue
                inner = os.open(entry.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            except OSError:
                continue  # it went away meanwhile
            try:
                below = tree(inner, depth + 1)
            finally:
                os.close(inner)
            used, entries = used + below[0], entries + below[1]
    return used, entries
