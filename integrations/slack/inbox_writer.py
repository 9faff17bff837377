"""Writing events before they are acknowledged: many at once in one transaction, in a thread of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from memory.slack_inbox import Incoming, SlackInbox


class InboxWriter:
    """``keep`` returns when the event is on disk, or raises: then nobody may acknowledge it."""

    def __init__(self, inbox: SlackInbox) -> None:
        self._inbox = inbox
        self._waiting: list[tuple[Incoming, asyncio.Future[None]]] = []
        self._writing = False
        self._thread = ThreadPoolExecutor(1, "slack-inbox")

    async def keep(self, event: Incoming) -> None:
        """Keep one event; whoever comes while a transaction is under way shares the next one."""
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[None] = loop.create_future()
        self._waiting.append((event, kept))
        if not self._writing:
            self._writing = True
            try:
                while self._waiting:
                    batch, self._waiting = self._waiting, []
                    await self._write(loop, batch)
            finally:
                self._writing = False
        await kept

    async def _write(self, loop: asyncio.AbstractEventLoop, batch: list[tuple[Incoming, "asyncio.Future[None]"]]) -> None:
        try:
            await loop.run_in_executor(self._thread, self._inbox.write, [event for event, _ in batch])
        except Exception as error:  # noqa: BLE001 - the waiters raise it
            for _, kept in batch:
                kept.set_exception(error)
        else:
            for _, kept in batch:
                kept.set_result(None)

    async def rehearse(self) -> None:
        """Make the thread, its connection and its statements before they are needed."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._inbox.rehearse)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True)
