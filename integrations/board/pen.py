"""What people do on the board: each act on a desk opened for as long as it takes, acts on one run or thread in turn."""

import logging
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from typing import Any

from integrations.board.events import Now
from integrations.desk import Desk
from memory.errors import StoaError
from orchestrator.context import Context

_LOG = logging.getLogger(__name__)
LOOK_SECONDS = 0.2
AT_ONCE = 4
"""Acts under way at the same time: a decision does not wait for a research run, nor one thread for another."""


class Pen:
    """Writes. Each act opens the desk anew, so that the vector index is free for other processes between acts."""

    def __init__(self, served: Desk, now: Now) -> None:
        self._served = served
        self._now = now
        self._threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="board-pen")
        self._turns: defaultdict[str, Lock] = defaultdict(Lock)
        self._closing = Event()

    def act(self, on: str, what: Callable[[Desk, Context], Any]) -> Any:
        """Do it, after what was begun on the same run or thread, and give back what came of it.

        Raises:
            StoaError: whatever it raised.
        """
        return self.begin(on, what).result()

    def begin(self, on: str, what: Callable[[Desk, Context], Any]) -> "Future[Any]":
        """Do it in the background; what goes wrong is shown on the pages and logged."""
        return self._threads.submit(self._do, self._turns[on], what)

    def _do(self, turn: Lock, what: Callable[[Desk, Context], Any]) -> Any:
        try:
            with turn, Desk(self._served.folder, _LOG.warning, self._served.workers) as desk:
                found = what(desk, desk.context(self._now))
        except StoaError as error:
            self._now.done(str(error))
            raise
        except Exception:
            # The edge of a listener: the page says that it failed, the log says why.
            _LOG.exception("what was asked for on the board failed")
            self._now.done("this failed: the log of the board says why")
            raise
        self._now.done()
        return found

    def renew_index(self) -> "Future[Any]":
        """Build the index of a newly set embedding model in the background; a board that closes leaves it for the next time."""

        def build(desk: Desk, _context: Context) -> None:
            building = desk.reindex()
            while building and not self._closing.is_set() and not building.wait(LOOK_SECONDS):
                pass

        return self.begin("index", build)

    def close(self) -> None:
        """Wait for what is being done; what has not begun is left."""
        self._closing.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
