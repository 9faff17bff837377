"""Who advances which run next: one small port, and its adapter for one machine, where the runs themselves are the queue."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from memory.dispatch import NORMAL, Dispatch, FullError
from memory.errors import BusyError, LostError, StoaError

log = logging.getLogger("stoa.queue")

Advance = Callable[[str], object]
"""Advances one run as far as it goes; see ``Engine.advance``."""

Stop = Callable[[], bool]
"""Whether the worker should end after its present run."""


class RunQueue(Protocol):
    """Says "advance run X" at least once for each time it was asked to; never to two workers at the same time.

    A higher priority goes first; within one, the lanes (theses) take turns. A worker that dies or freezes loses its run to
    another. The queue carries no state of a run, so that delivering twice is harmless.
    """

    def put(self, run_id: str, priority: int = NORMAL) -> None:
        """Ask for an advance of a run that was entered before."""
        ...

    def ring(self, run_id: str) -> None:
        """Tell workers of a run that asks for an advance already."""
        ...

    def drop(self, run_id: str) -> None:
        """Forget what is queued of a cancelled run."""
        ...

    def work(self, advance: Advance, stop: Stop) -> None:
        """Serve until ``stop`` says so."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def serve(dispatch: Dispatch, advance: Advance, run_id: str) -> str:
    """Advance one run for a worker: ``done``, ``later`` (it keeps its place), or ``lost`` (another worker has it by now).

    What goes wrong inside the run is the run's own state, with its reason; a worker survives it.
    """
    try:
        advance(run_id)
    except FullError as error:
        dispatch.note(run_id, str(error))
        return "later"
    except LostError:
        return "lost"
    except BusyError as error:
        log.warning("run %s has to wait: %s", run_id, error)
        return "later"
    except StoaError as error:
        log.warning("run %s: %s", run_id, error)
    except Exception:
        # The edge of a run step: the run is marked as failed, with this as its reason.
        log.exception("run %s failed", run_id)
    return "done"


class LocalQueue:
    """Fulfils ``RunQueue`` in one process: whatever asks for an advance is advanced, what was cut off before too."""

    def __init__(self, dispatch: Dispatch, poll_seconds: float = 0.5) -> None:
        self._dispatch = dispatch
        self._poll = poll_seconds

    def put(self, run_id: str, priority: int = NORMAL) -> None:
        """Ask for an advance."""
        self._dispatch.ask(run_id, priority)

    def ring(self, run_id: str) -> None:
        """Nothing: the table itself is looked at."""

    def drop(self, run_id: str) -> None:
        """Nothing: a cancelled run is not due."""

    def close(self) -> None:
        """Nothing is held."""

    def work(self, advance: Advance, stop: Stop) -> None:
        """Serve until ``stop`` says so; a database that is away is waited for."""
        while not stop():
            try:
                due = self._dispatch.due(1)
                served = bool(due) and serve(self._dispatch, advance, due[0]) == "done"
            except BusyError as error:
                log.warning("the queue has to wait: %s", error)
                served = False
            if not served and not stop():
                time.sleep(self._poll)
