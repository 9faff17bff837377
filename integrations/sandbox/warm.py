"""Workers that wait inside their walls with the libraries loaded. Each takes one job and dies; the next one warms meanwhile."""

import contextlib
import logging
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec

from agents.errors import SandboxRefusedError
from agents.sandbox import MIB, Limits
from integrations.sandbox.cell import Cell, Preload
from integrations.sandbox.standing import MakeCell, standing

log = logging.getLogger("stoa.sandbox")

LIBRARIES = (
    "numpy", "pandas", "duckdb", "pyarrow", "pyarrow.parquet", "matplotlib.pyplot", "scipy.optimize", "scipy.stats", "QuantLib",
)  # fmt: skip
ROOM = 128 * MIB
"""Bytes of inputs that a waiting worker has room for; a job with more gets a fresh one."""
WARM_UP_SECONDS = 60.0
HEAD_START = 0.4
"""Seconds that a job has before the next worker begins to load its libraries: most are over by then."""


def installed(names: Sequence[str] = LIBRARIES) -> tuple[str, ...]:
    """Those of the modules whose package is there; none is imported here."""
    return tuple(name for name in names if find_spec(name.partition(".")[0]) is not None)


class WarmWorkers:
    """One waiting worker at a time. Made for processes that live long; ``close`` ends the one that waits."""

    def __init__(self, makers: Sequence[MakeCell], limits: Limits, libraries: Sequence[str] = LIBRARIES) -> None:
        """Begin to warm the first one.

        Args:
            makers: tiers in the order in which they are tried; the first that stands holds the worker.
            limits: a job is served when its own limits have the same disk size.
            libraries: what it loads while it waits; those that are not installed are left out.
        """
        self._makers = [self._noted(make) for make in makers]
        self._limits = limits
        self._preload = Preload(installed(libraries))
        self._warming: Cell | None = None
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-warm")
        self._next: Future[Cell] | None = self._thread.submit(self._warm)

    def _noted(self, make: MakeCell) -> MakeCell:
        """A maker whose worker ``close`` can tell to stop."""

        def noted(limits: Limits, input_bytes: int, preload: Preload | None) -> Cell:
            cell = self._warming = make(limits, input_bytes, preload)
            if self._closed.is_set():
                _dismiss(cell)
            return cell

        return noted

    def _warm(self, after: float = 0.0) -> Cell:
        self._closed.wait(after)
        try:
            cell = standing(self._makers, self._limits, ROOM, self._preload, WARM_UP_SECONDS)
        except (SandboxRefusedError, OSError) as error:
            if not self._closed.is_set():
                log.warning("no worker waits for the agents' code: %s", error)
            raise
        if not self._preload.caches:
            # Nothing untrusted has run in it yet: what it holds is what our own libraries wrote.
            self._preload = Preload(self._preload.modules, cell.font_cache())
        cell.sample()  # the first look reads every process of the machine
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
            self._next = self._thread.submit(self._warm, HEAD_START)
        try:
            return waiting.result()
        except (SandboxRefusedError, OSError):
            return None  # a fresh one is tried, and says what is wrong

    def close(self) -> None:
        """End the worker that waits, or warms. No job may be under way."""
        with self._lock:
            waiting, self._next = self._next, None
        self._closed.set()
        if self._warming is not None:
            _dismiss(self._warming)
        self._thread.shutdown(wait=True)
        if waiting is not None and not waiting.cancelled() and waiting.exception() is None:
            waiting.result().close()


def _dismiss(cell: Cell) -> None:
    """Whoever waits for its libraries is told at once that there is nothing to wait for, and closes it."""
    with contextlib.suppress(OSError):  # it was closed already
        cell.control.shutdown(socket.SHUT_RDWR)
