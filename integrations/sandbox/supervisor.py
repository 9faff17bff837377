"""The supervisor: gives a cell its job, reads what it says, stops it at the first limit it passes, and leaves nobody alive."""

import os
import select
import time
from typing import NamedTuple

from agents.sandbox import MIB, ExitReason, Limits, Usage
from integrations.sandbox.cell import Cell, Sample
from integrations.sandbox.handshake import send_job

STEP = 0.01
"""Seconds between two looks at a running family: a page of memory costs a microsecond, so limits are met within a few MiB."""
_CHUNK = 1 << 16
_XCPU = 128 + 24


class Job(NamedTuple):
    """Open descriptors of the code and the inputs, and the limits."""

    code: int
    inputs: tuple[tuple[str, int], ...]
    limits: Limits


class Outcome(NamedTuple):
    """How the worker ended. Everything of its family is dead."""

    exit_code: int
    reason: ExitReason
    stdout: bytes
    stderr: bytes
    usage: Usage


class _Output:
    """Both streams, bounded together."""

    def __init__(self, cell: Cell, bound: int) -> None:
        self.parts: dict[int, bytearray] = {cell.stdout: bytearray(), cell.stderr: bytearray()}
        self.total = 0
        self._bound = bound

    def read(self, fd: int) -> bool:
        """Take one piece; whether more may come on this stream."""
        try:
            piece = os.read(fd, _CHUNK)
        except BlockingIOError:
            return True
        room = max(self._bound - self.total, 0)
        self.parts[fd] += piece[:room]
        self.total += len(piece)
        return bool(piece)

    def drain(self) -> None:
        """Take what the dead have left in the pipes."""
        for fd in self.parts:
            before = -1
            while before != self.total:
                before = self.total
                self.read(fd)


def kernel_limits(limits: Limits, cpu_so_far: float, crowd: int) -> dict[str, int]:
    """What the kernel itself enforces: each a little above ours, so that ours is the reason that is named.

    Args:
        limits: ours.
        cpu_so_far: seconds that the worker used before the job.
        crowd: processes and threads of the same user that do not belong to the run.
    """
    return {
        "RLIMIT_CPU": int(cpu_so_far + limits.cpu_seconds) + 2,
        "RLIMIT_FSIZE": limits.disk_bytes + 12 * MIB,
        "RLIMIT_NPROC": limits.processes + 16 + crowd,
    }


def passed(used: Sample, limits: Limits) -> ExitReason | None:
    """The first limit that a sample passes."""
    if used.memory > limits.memory_bytes:
        return "memory"
    if used.processes > limits.processes:
        return "processes"
    if used.disk > limits.disk_bytes:
        return "disk"
    if used.files > limits.files:
        return "files"
    if used.cpu > limits.cpu_seconds:
        return "cpu"
    return None


class _Watch:
    """Peaks of a running family, above what it had when the job began."""

    def __init__(self, cell: Cell, base: Sample, limits: Limits) -> None:
        self._cell = cell
        self._base = base
        self._limits = limits
        self.peak = Sample()

    def look(self) -> ExitReason | None:
        """One look; the limit that is passed, if one is."""
        now = self._cell.sample()
        used = now._replace(cpu=now.cpu - self._base.cpu, disk=now.disk - self._base.disk, files=now.files - self._base.files)
        if used.memory > self._limits.memory_bytes and used.processes > 1:
            used = used._replace(memory=self._cell.exact_memory())
        self.peak = self.peak.higher(used)
        return passed(used, self._limits)


def supervise(cell: Cell, job: Job) -> Outcome:
    """Run one job in a waiting cell."""
    limits = job.limits
    base = cell.sample()
    inputs = sum(_pages(os.fstat(fd).st_size) for _, fd in job.inputs) + _pages(os.fstat(job.code).st_size)
    watch = _Watch(cell, base._replace(disk=base.disk + inputs, files=base.files + 2 * len(job.inputs) + 2), limits)
    send_job(cell.control, job.code, job.inputs, kernel_limits(limits, base.cpu, cell.crowd()))
    cell.begin()
    begun = time.monotonic()
    output = _Output(cell, limits.output_bytes)
    reason = _attend(cell, watch, output, limits)
    wall = time.monotonic() - begun
    code = cell.end()
    output.drain()
    if reason is None and output.total > limits.output_bytes:
        reason = "output"
    used = watch.peak
    if reason is None:
        last = watch.look()
        used = watch.peak
        reason = last or passed(used, limits)
    usage = Usage(
        wall_seconds=round(wall, 4), cpu_seconds=round(used.cpu, 3), memory_bytes=used.memory, processes=used.processes,
        disk_bytes=max(used.disk, 0), files=max(used.files, 0), output_bytes=output.total,
    )  # fmt: skip
    return Outcome(code, reason or _ended(code), bytes(output.parts[cell.stdout]), bytes(output.parts[cell.stderr]), usage)


def _attend(cell: Cell, watch: _Watch, output: _Output, limits: Limits) -> ExitReason | None:
    """Until the worker ends or a limit is passed."""
    deadline = time.monotonic() + limits.wall_seconds
    poller = select.poll()
    for fd in (cell.stdout, cell.stderr, cell.finished):
        poller.register(fd, select.POLLIN)
    next_look = time.monotonic() + STEP / 2
    while True:
        now = time.monotonic()
        events = poller.poll(max(min(next_look, deadline) - now, 0) * 1000)
        for fd, _ in events:
            if fd != cell.finished and not output.read(fd):
                poller.unregister(fd)
        if output.total > limits.output_bytes:
            return "output"
        if any(fd == cell.finished for fd, _ in events):
            return None
        now = time.monotonic()
        if now >= next_look:
            reason = watch.look()
            if reason:
                return reason
            next_look = time.monotonic() + STEP
        if now >= deadline:
            return "wall"


def _ended(code: int) -> ExitReason:
    if code == 0:
        return "ok"
    if code == _XCPU:
        return "cpu"
    return "signal" if 128 < code <= 128 + 64 else "error"


def _pages(size: int) -> int:
    return -(-size // 4096) * 4096
