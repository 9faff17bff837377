"""What people do on the board: one thing after the other, on a desk opened for as long as it takes."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from integrations.board.events import Now
from integrations.desk import Desk
from memory.errors import StoaError
from orchestrator.context import Context

_LOG = logging.getLogger(__name__)


class Pen:
    """One thread writes. Each act opens the desk anew, so that the vector index is free for other processes between acts."""

    def __init__(self, folder: Path, now: Now) -> None:
        self._folder = folder
        self._now = now
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="board-pen")

    def act(self, what: Callable[[Desk, Context], Any]) -> Any:
        """Do it and give back what came of it.

        Raises:
            StoaError: whatever it raised.
        """
        return self.begin(what).result()

    def begin(self, what: Callable[[Desk, Context], Any]) -> "Future[Any]":
        """Do it in the background; what goes wrong is shown on the pages and logged."""
        return self._thread.submit(self._do, what)

    def _do(self, what: Callable[[Desk, Context], Any]) -> Any:
        try:
            with Desk(self._folder, warn=_LOG.warning) as desk:
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

    def close(self) -> None:
        """Wait for what is being done; what has not begun is left."""
        self._thread.shutdown(wait=True, cancel_futures=True)
