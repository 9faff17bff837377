"""Handling what came in: lane by lane in order, several lanes at once, each event until it is done."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from integrations.slack.pace import wait_for
from memory.slack_inbox import InboxRow, SlackInbox

log = logging.getLogger("stoa.slack")

Handle = Callable[[InboxRow], Awaitable[str]]
"""Handles an event and says what came of it; "ignored" forgets its text."""

ATTEMPTS = 3


class Worker:
    """Reads the inbox until it is cancelled."""

    def __init__(self, inbox: SlackInbox, handle: Handle, *, at_once: int, settle: float) -> None:
        self._inbox = inbox
        self._handle = handle
        self._slots = asyncio.Semaphore(at_once)
        self._settle = timedelta(seconds=settle)
        self._wake = asyncio.Event()
        self._busy: set[str] = set()
        self._stopping = False

    def wake(self) -> None:
        """Something came in."""
        self._wake.set()

    def stop(self) -> None:
        """Begin nothing new; ``run`` returns when what is under way is done."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """A task for each lane with something to do."""
        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                self._wake.clear()
                for lane in await asyncio.to_thread(self._inbox.lanes, self._settle):
                    if lane not in self._busy:
                        self._busy.add(lane)
                        group.create_task(self._work(lane))
                await wait_for(self._wake, 0.5)
                await asyncio.sleep(min(self._settle.total_seconds(), 0.1))

    async def _work(self, lane: str) -> None:
        try:
            async with self._slots:
                while not self._stopping and (row := await asyncio.to_thread(self._inbox.next, lane, self._settle)):
                    await self._one(row)
        finally:
            self._busy.discard(lane)

    async def _one(self, row: InboxRow) -> None:
        try:
            outcome = await self._handle(row)
        except Exception as error:
            # The edge of a listener: the event is tried again, then put aside in a state that people see.
            log.exception("handling %s (%s) failed", row.event_id, row.kind)
            if row.attempts < ATTEMPTS:
                await asyncio.sleep(0.2 * row.attempts)
                return
            outcome = f"failed: {type(error).__name__}: {error}"
        await asyncio.to_thread(self._inbox.done, row.seq, outcome, forget=outcome == "ignored")
