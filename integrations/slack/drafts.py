"""Answers shown while they are written: a stream under the persona, or a message that is edited where streams are absent."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from integrations.slack import blocks
from integrations.slack.mrkdwn import MESSAGE
from integrations.slack.pace import Pace, wait_for
from memory.slack_outbox import OutboxRow, SlackOutbox

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger("stoa.slack")

ABSENT = frozenset(
    {
        "unknown_method", "method_deprecated", "missing_scope", "not_allowed_token_type", "feature_not_enabled", "invalid_arguments",
        "channel_type_not_supported", "missing_recipient_team_id", "missing_recipient_user_id", "team_not_found",
    }
)  # fmt: skip
"""With these Slack says that it has no streams here."""
CLOSED = frozenset({"message_not_in_streaming_state", "streaming_state_conflict", "message_not_streaming"})
APPEND_SECONDS = 0.8
STATUS_SECONDS = 0.3


class Found(NamedTuple):
    """A message in the channel that is, or was to become, a row's."""

    ts: str
    finished: bool


class _Draft:
    """One message on its way: what it reads so far, what of it Slack shows, and whether its post is there."""

    def __init__(self) -> None:
        self.text = ""
        self.shown: str | None = None
        self.done = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Drafts:
    """Messages that are still being written, by the key of the post that takes their place."""

    def __init__(self, client: "AsyncWebClient", outbox: SlackOutbox, pace: Pace, team: str, after: float) -> None:
        self._client = client
        self._outbox = outbox
        self._pace = pace
        self._team = team
        self._after = after
        self._streams = True
        self._open: dict[str, _Draft] = {}

    def drafting(self, key: str, text: str) -> None:
        """A post reads so far; call it on the loop's own thread. Nothing is shown of what is written quickly."""
        draft = self._open.setdefault(key, _Draft())
        draft.text = text
        if draft.task is None:
            draft.task = asyncio.create_task(self._show(key, draft))

    async def settled(self, key: str) -> None:
        """The post is whole: whatever is being shown of it comes to rest first."""
        draft = self._open.get(key)
        if draft is None or draft.task is None:
            return
        draft.done.set()
        await asyncio.wait([draft.task])
        if not draft.task.cancelled() and draft.task.exception():
            log.warning("a draft could not be shown: %s", draft.task.exception())
        if draft.shown is None:
            self._open.pop(key, None)

    async def close(self) -> None:
        """Stop showing; what is open is finished after the next start."""
        tasks = [draft.task for draft in self._open.values() if draft.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _show(self, key: str, draft: _Draft) -> None:
        row = await asyncio.to_thread(self._outbox.get, key)
        if row is None or row.state != "live" or not row.thread[:1].isdigit():
            self._open.pop(key, None)
            return
        await wait_for(draft.done, min(self._after, STATUS_SECONDS))
        if not draft.done.is_set():
            await self._status(row)
            await wait_for(draft.done, self._after)
        # A draft may not overtake what its thread is still waiting for.
        while not draft.done.is_set() and await asyncio.to_thread(self._outbox.earlier, row):
            await wait_for(draft.done, 0.2)
        if draft.done.is_set():
            return
        if not row.ts:
            await self._begin(row, draft)
        while not draft.done.is_set():
            await wait_for(draft.done, APPEND_SECONDS)
            await self._append(key, draft)

    async def _status(self, row: OutboxRow) -> None:
        """The line below the thread; where the workspace has none, nothing is lost."""
        from slack_sdk.errors import SlackApiError

        try:
            name = row.payload.get("username", "Stoa")
            await self._client.assistant_threads_setStatus(
                channel_id=row.channel, thread_ts=row.thread, status=f"{name} is working…"
            )  # fmt: skip
        except SlackApiError as error:
            log.debug("no status line: %s", error.response.get("error"))

    async def _begin(self, row: OutboxRow, draft: _Draft) -> None:
        await self._pace.turn(row.channel)
        await asyncio.to_thread(self._outbox.attempt_draft, row.key)
        voice: dict[str, Any] = {name: row.payload[name] for name in ("username", "icon_emoji", "icon_url") if name in row.payload}
        task = {"type": "task_update", "id": "work", "title": "Reading the desk's memory", "status": "in_progress"}
        ts = ""
        if self._streams:
            ts = await self._start_stream(row, voice, task)
        if ts:
            draft.shown = ""
        else:
            answer = await self._client.chat_postMessage(
                channel=row.channel, thread_ts=row.thread, text="_…_", metadata=blocks.metadata([row.key], blocks.DRAFT), **voice
            )
            ts = str(answer["ts"])
        self._pace.answered(row.channel)
        await asyncio.to_thread(self._outbox.started, row.key, ts)

    async def _start_stream(self, row: OutboxRow, voice: dict[str, Any], task: dict[str, str]) -> str:
        from slack_sdk.errors import SlackApiError

        try:
            answer = await self._client.chat_startStream(
                channel=row.channel, thread_ts=row.thread, recipient_team_id=self._team,
                recipient_user_id=row.payload.get("person") or None, task_display_mode="timeline", chunks=[task], **voice,
            )  # fmt: skip
        except SlackApiError as error:
            if error.response.get("error") not in ABSENT:
                raise
            self._streams = False
            return ""
        return str(answer["ts"])

    async def _append(self, key: str, draft: _Draft) -> None:
        text, shown = draft.text, draft.shown
        if shown is None or len(text) <= len(shown) or not text.startswith(shown):
            return
        row = await asyncio.to_thread(self._outbox.get, key)
        if row is None or not row.ts:
            return
        await self._client.chat_appendStream(channel=row.channel, ts=row.ts, markdown_text=text[len(shown) :][:MESSAGE])
        draft.shown = text[: len(shown) + MESSAGE]

    async def finish(self, row: OutboxRow) -> dict[str, Any]:
        """Give a draft its final text, sources and key. Made again after a crash, it changes nothing more."""
        from slack_sdk.errors import SlackApiError

        draft = self._open.pop(row.key, None)
        shown = draft.shown if draft else None
        text = str(row.payload.get("markdown", ""))
        whole = shown is not None and text.startswith(shown)
        rest = text[len(shown or "") :]
        chunks: list[dict[str, Any]] = [{"type": "task_update", "id": "work", "title": "Read the desk's memory", "status": "complete"}]
        if whole and rest:
            chunks.append({"type": "markdown_text", "text": rest})
        sources = [block for block in row.payload.get("blocks", []) if block["type"] == "context"]
        try:
            await self._client.chat_stopStream(
                channel=row.channel, ts=row.ts, chunks=chunks, metadata=blocks.metadata([row.key]),
                blocks=sources if sources and whole else None,
            )  # fmt: skip
        except SlackApiError as error:
            if error.response.get("error") not in CLOSED | ABSENT:
                raise
            whole = False
        if not whole:
            await self._client.chat_update(
                channel=row.channel, ts=row.ts, text=row.payload["text"], blocks=row.payload.get("blocks"),
                metadata=blocks.metadata([row.key]),
            )  # fmt: skip
        return {"ts": row.ts}

    async def remove(self, row: OutboxRow) -> dict[str, Any]:
        """Nothing came of it: take it away."""
        from slack_sdk.errors import SlackApiError

        found = Found(row.ts, finished=False) if row.ts else await self.find(row, 600.0)
        if found is None:
            return {"ts": ""}
        for call in (self._client.chat_stopStream, self._client.chat_delete):
            try:
                await call(channel=row.channel, ts=found.ts)
            except SlackApiError as error:
                if error.response.get("error") not in CLOSED | ABSENT | {"message_not_found"}:
                    raise
        return {"ts": ""}

    async def find(self, row: OutboxRow, margin: float) -> Found | None:
        """The row's message in the channel: by its key, by its file's name, or an unfinished stream of its voice."""
        if row.attempted_at is None:
            return None
        oldest = f"{row.attempted_at.timestamp() - margin:.6f}"
        cursor = ""
        while True:
            page = await self._page(row, oldest, cursor)
            for message in page["messages"]:
                if row.key in blocks.keys_of(message):
                    return Found(message["ts"], finished=True)
                if row.kind == "file" and any(file.get("name") == row.payload["name"] for file in message.get("files", [])):
                    return Found(message["ts"], finished=True)
                if _unfinished(message, row):
                    return Found(message["ts"], finished=False)
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return None

    async def _page(self, row: OutboxRow, oldest: str, cursor: str) -> Any:
        from slack_sdk.errors import SlackApiError

        common: dict[str, Any] = {"channel": row.channel, "oldest": oldest, "limit": 200, "include_all_metadata": True}
        if cursor:
            common["cursor"] = cursor
        while True:
            try:
                if row.thread:
                    return await self._client.conversations_replies(ts=row.thread, **common)
                return await self._client.conversations_history(**common)
            except SlackApiError as error:
                if error.response.get("error") != "ratelimited":
                    raise
                await asyncio.sleep(float(error.response.headers.get("Retry-After", 1)))


def _unfinished(message: dict[str, Any], row: OutboxRow) -> bool:
    """A draft of this row; or a stream of the same voice that nobody gave a key, begun by this row just before a crash."""
    if row.key in blocks.keys_of(message, blocks.DRAFT):
        return True
    return (
        "person" in row.payload
        and bool(message.get("bot_id"))
        and not message.get("metadata")
        and not message.get("files")
        and message.get("username") == row.payload.get("username")
    )
