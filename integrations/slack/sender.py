"""The outbox on its way to Slack: in order within a channel, at Slack's pace, each post once.

A row is marked before its call. When the mark is there and the answer is not, nobody knows whether Slack took the post;
then the channel's history is read for the row's key before anything is sent again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from integrations.slack import blocks
from integrations.slack.drafts import Drafts
from integrations.slack.pace import Pace, wait_for
from memory.slack_outbox import OutboxRow, SlackOutbox

if TYPE_CHECKING:
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger("stoa.slack")

DOUBTFUL = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
"""Answers after which the post may or may not be there."""

MERGED = 10
"""Posts of one voice in one thread that may become one message, when a burst makes them wait."""
MARGIN = 600.0
"""Seconds by which this machine's clock and Slack's may differ when history is read."""


class Sender:
    """Drains the outbox until it is cancelled."""

    def __init__(self, client: "AsyncWebClient", outbox: SlackOutbox, pace: Pace, drafts: Drafts) -> None:
        self._client = client
        self._outbox = outbox
        self._pace = pace
        self._drafts = drafts
        self._wake = asyncio.Event()
        self._busy: set[str] = set()
        self.sent = 0

    def wake(self) -> None:
        """There is something to send. Call it on the loop's own thread."""
        self._wake.set()

    async def run(self) -> None:
        """One task a channel with something to send; looks again when woken, and each second for other processes' posts."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                for channel in await asyncio.to_thread(self._outbox.channels):
                    if channel not in self._busy:
                        self._busy.add(channel)
                        group.create_task(self._drain(channel))
                await wait_for(self._wake, 1.0)

    async def _drain(self, channel: str) -> None:
        try:
            while True:
                await self._pace.free(channel)
                rows = await asyncio.to_thread(self._outbox.head, channel)
                if not rows:
                    return
                await self._one(_burst(rows))
        except Exception:
            # The edge of a listener: the rows stay in the outbox, and the next look tries again.
            log.exception("posting to %s failed", channel)
            await asyncio.sleep(1.0)
        finally:
            self._busy.discard(channel)
            self._wake.set()

    async def _one(self, rows: list[OutboxRow]) -> None:
        row = rows[0]
        if row.thread and not row.thread[0].isdigit():
            opener = await asyncio.to_thread(self._outbox.get, row.thread)
            if opener is None or not opener.ts:
                await asyncio.to_thread(self._outbox.failed, rows, "the post that opens its thread was not sent")
                return
            rows = [item._replace(thread=opener.ts) for item in rows]
            row = rows[0]
        if "person" in row.payload:  # it may have been shown while it was written
            await self._drafts.settled(row.key)
            fresh = await asyncio.to_thread(self._outbox.get, row.key)
            row = (fresh or row)._replace(thread=row.thread)
            rows = [row]
        if row.attempted_at is not None and await self._there(row):
            return
        await self._try(rows, self._call_for(rows))

    def _call_for(self, rows: list[OutboxRow]) -> Callable[[], Awaitable[Any]]:
        row = rows[0]
        match row.kind:
            case "post" if row.ts:
                return lambda: self._drafts.finish(row)
            case "post":
                return lambda: self._post(rows)
            case "update":
                return lambda: self._update(row)
            case "ephemeral":
                return lambda: self._client.chat_postEphemeral(
                    channel=row.channel, thread_ts=row.thread or None, **_only(row.payload, "user", "text", "blocks")
                )
            case "file":
                return lambda: self._file(row)
            case "withdraw":
                return lambda: self._drafts.remove(row)

    async def _try(self, rows: list[OutboxRow], call: Callable[[], Awaitable[Any]]) -> None:
        from aiohttp import ClientError
        from slack_sdk.errors import SlackApiError

        row = rows[0]
        await self._pace.turn(row.channel)
        await asyncio.to_thread(self._outbox.attempt, rows)
        try:
            answer = await call()
        except SlackApiError as error:
            await self._refused(rows, error)
            return
        except (ClientError, TimeoutError, OSError) as error:
            log.warning("no answer from Slack for %s (%s): its history will tell", row.key, type(error).__name__)
            await asyncio.sleep(min(0.2 * row.attempts + 0.2, 5.0))
            return
        finally:
            self._pace.answered(row.channel)
        await asyncio.to_thread(self._outbox.sent, rows, str(answer.get("ts") or row.ts or ""))
        self.sent += len(rows)

    async def _refused(self, rows: list[OutboxRow], error: "SlackApiError") -> None:
        reason, status = str(error.response.get("error", "")), error.response.status_code
        if reason == "ratelimited" or status == 429:
            seconds = float(error.response.headers.get("Retry-After", 1))
            await asyncio.to_thread(self._outbox.waits, rows)
            self._pace.quiet(rows[0].channel, seconds)
        elif reason in DOUBTFUL or status >= 500:
            await asyncio.sleep(min(0.2 * rows[0].attempts + 0.2, 5.0))
        elif len(rows) > 1:
            # One of a burst is at fault: each goes alone, so that only that one fails.
            await asyncio.to_thread(self._outbox.waits, rows)
            await self._try(rows[:1], lambda: self._post(rows[:1]))
        else:
            log.error("Slack refuses %s in %s: %s", rows[0].key, rows[0].channel, reason)
            await asyncio.to_thread(self._outbox.failed, rows, reason)

    async def _post(self, rows: Sequence[OutboxRow]) -> Any:
        first = rows[0]
        shown = _only(first.payload, "username", "icon_emoji", "icon_url")
        return await self._client.chat_postMessage(
            channel=first.channel, thread_ts=first.thread or None, text="\n\n".join(row.payload["text"] for row in rows)[: blocks.FALLBACK],
            blocks=[block for row in rows for block in row.payload.get("blocks", [])], metadata=blocks.metadata([row.key for row in rows]),
            unfurl_links=False, unfurl_media=False, **shown,
        )  # fmt: skip

    async def _update(self, row: OutboxRow) -> Any:
        target = await asyncio.to_thread(self._outbox.get, row.target)
        if target is None or not target.ts:
            return {"ts": ""}  # what it would change was never sent
        payload = _only(row.payload, "text", "blocks")
        return await self._client.chat_update(
            channel=row.channel, ts=target.ts, metadata=blocks.metadata([target.key]), **payload
        )  # fmt: skip

    async def _file(self, row: OutboxRow) -> Any:
        from pathlib import Path

        path = Path(row.payload["path"])
        if not await asyncio.to_thread(path.exists):
            return {"ts": ""}
        content = await asyncio.to_thread(path.read_bytes)
        await self._client.files_upload_v2(
            channel=row.channel, thread_ts=row.thread or None, content=content, filename=row.payload["name"], title=row.payload["title"]
        )
        return {"ts": ""}

    async def _there(self, row: OutboxRow) -> bool:
        """Whether the channel already holds this row; then it is marked so."""
        if row.kind in {"update", "ephemeral", "withdraw"}:
            return False  # doing them again changes nothing that a person sees, or is seen by one person for a moment
        if row.ts:
            return False  # a draft with a place: finishing it is the same call however often it is made
        found = await self._drafts.find(row, MARGIN)
        if found is None:
            return False
        if found.finished:
            await asyncio.to_thread(self._outbox.sent, [row], found.ts)
            return True
        await asyncio.to_thread(self._outbox.started, row.key, found.ts)
        await self._try([row._replace(ts=found.ts)], lambda: self._drafts.finish(row._replace(ts=found.ts)))
        return True


def _burst(rows: list[OutboxRow]) -> list[OutboxRow]:
    """The first row, and what may go with it: more of the same voice in the same thread, with nobody else's between."""
    first = rows[0]
    if first.kind != "post" or first.state != "waiting" or first.attempted_at or _stands_alone(first):
        return [first]
    found, size, blocks_used = [first], len(first.payload["text"]), len(first.payload.get("blocks", []))
    for row in rows[1:]:
        if row.thread != first.thread:
            continue
        size += len(row.payload.get("text", ""))
        blocks_used += len(row.payload.get("blocks", []))
        same = (row.kind, row.role, row.state, row.attempted_at) == ("post", first.role, "waiting", None) and not _stands_alone(row)
        if not same or not first.thread or size > blocks.FALLBACK or blocks_used > 40 or len(found) == MERGED:
            break
        found.append(row)
    return found


def _stands_alone(row: OutboxRow) -> bool:
    return any(block["type"] == "actions" for block in row.payload.get("blocks", []))


def _only(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: payload[name] for name in names if payload.get(name)}
