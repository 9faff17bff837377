"""Workers that wait inside their walls with the libraries loaded. Each takes one job and dies; the next one warms meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from agents.errors import SandboxRefusedError
from agents.sandbox import MIB, Limits
from integrations.sandbox.cell import Cell, Preload

LIBRARIES = ("numpy", "pandas", "duckdb", "pyarrow", "pyarrow.parquet", "matplotlib.pyplot")
ROOM = 128 * MIB
"""Bytes of inputs that a waiting worker has room for; a job with more gets a fresh one."""
WARM_UP_SECONDS = 60.0
MakeWarm = Callable[[Limits, int, Preload | None], Cell]


class WarmWorkers:
    """One waiting worker at a time. Made for processes that live long; ``close`` ends the one that waits."""

    def __init__(self, make: MakeWarm, limits: Limits) -> None:
        """Begin to warm the first one.

        Args:
            make: starts a worker of one tier.
            limits: a job is served when its own limits have the same disk size.
        """
        self._make = make
        self._limits = limits
        self._preload = Preload(LIBRARIES)
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-warm")
        self._next: Future[Cell] | None = self._thread.submit(self._warm)

    def _warm(self) -> Cell:
        cell = self._make(self._limits, ROOM, self._preload)
        try:
            cell.ready(WARM_UP_SECONDS)
        except BaseException:
            cell.close()
            raise
        if not self._preload.caches:
            # Nothing untrusted has run in it yet: what it holds is what our own libraries wrote.
            self._preload = Preload(LIBRARIES, cell.font_cache())
        return cell

    def wait(self, timeout: float = WARM_UP_SECONDS) -> None:
        """Until a worker waits.

        Raises:
            SandboxRefusedError: its walls do not stand.
        """
        if self._next is not None:
            self._next.result(timeout)

    def take(self, limits: Limits, input_bytes: int) -> Cell | None:
        """The waiting worker, which is the caller's from now on; None when none waits that fits."""
        if limits.disk_bytes != self._limits.disk_bytes or input_bytes > ROOM:
            return None
        with self._lock:
            waiting = self._next
            if waiting is None or not waiting.done():
                return None
            self._next = self._thread.submit(self._warm)
        try:
            return waiting.result()
        except (SandboxRefusedError, OSError):
            return None  # a fresh one is tried, and says what is wrong

    def close(self) -> None:
        """End the worker that waits, or warms."""
        with self._lock:
            waiting, self._next = self._next, None
        self._thread.shutdown(wait=True)
        if waiting is not None and not waiting.cancelled() and waiting.exception() is None:
            waiting.result().close()
