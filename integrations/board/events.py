"""What changes, told to every open page: the desk's tables are looked at, so that any process may have changed them."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

from memory.glance import Pulse
from orchestrator.channel import Message

_LOG = logging.getLogger(__name__)
LOOK_SECONDS = 0.4
SIGN_OF_LIFE_SECONDS = 15.0


class Working(NamedTuple):
    """What is under way in this process and not kept: a line of progress, and a post as it is written."""

    text: str = ""
    share: float | None = None
    role: str = ""
    draft: str = ""


class Now:
    """Fulfils ``Channel`` for work that the board started: posts are read from the tables, the rest is shown while it lasts."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._working = Working()
        self._turn = 0

    @property
    def working(self) -> Working:
        """What is under way."""
        return self._working

    @property
    def turn(self) -> int:
        """A number that differs after each change."""
        return self._turn

    def post(self, message: Message) -> None:
        """The outbox has written it; pages read it there."""
        del message
        self._set(Working())

    def progress(self, text: str, share: float | None = None) -> None:
        """Say what is under way."""
        self._set(Working(text, share))

    def drafting(self, key: str, thread_id: str, role: str, text: str | None) -> None:
        """Show a post as it is written."""
        del key, thread_id
        self._set(Working(role=role, draft=text or ""))

    def done(self, problem: str = "") -> None:
        """Nothing is under way any more; what went wrong stays to be read."""
        self._set(Working(problem))

    def _set(self, working: Working) -> None:
        with self._lock:
            self._working = working
            self._turn += 1


class Ticker:
    """One look at the tables for all open pages; each page is told which of its parts to read again."""

    def __init__(self, look: Callable[[], Pulse], now: Now) -> None:
        self._look = look
        self._now = now
        self._mark = _mark(look(), now.turn)
        self._changed = asyncio.Condition()

    @property
    def mark(self) -> str:
        """Where the desk stands, as a page keeps it to ask what came after."""
        return self._mark

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                mark = _mark(await asyncio.to_thread(self._look), self._now.turn)
            except Exception:  # noqa: BLE001 - logged with its traceback
                # The edge of a listener: a database that is busy or gone for a moment must not end all live pages.
                _LOG.exception("the desk could not be looked at")
                mark = self._mark
            if mark != self._mark:
                async with self._changed:
                    self._mark = mark
                    self._changed.notify_all()
            await asyncio.sleep(LOOK_SECONDS)

    async def events(self, since: str) -> AsyncIterator[str]:
        """Server-sent events from a mark on: the names of the parts that changed."""
        seen = since
        yield "retry: 1000\n\n"
        while True:
            mark = self._mark
            if mark == seen:
                mark = await self._next(mark)
                if mark == seen:
                    yield ": still here\n\n"
                    continue
            for name in _differing(seen, mark):
                yield f"id: {mark}\nevent: {name}\ndata: {json.dumps(name)}\n\n"
            seen = mark

    async def _next(self, known: str) -> str:
        """The mark once it differs, or the same one after a while."""
        async with self._changed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait_for(lambda: self._mark != known), SIGN_OF_LIFE_SECONDS)
        return self._mark


def _mark(pulse: Pulse, turn: int) -> str:
    return "~".join([*(part.replace(" ", "T") for part in pulse), str(turn)])


def _differing(seen: str, mark: str) -> list[str]:
    names = [*Pulse._fields, "working"]
    before, after = seen.split("~"), mark.split("~")
    if len(before) != len(after):
        return names
    return [name for name, old, new in zip(names, before, after, strict=True) if old != new]
