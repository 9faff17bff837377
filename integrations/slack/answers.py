"""What each thing that comes in causes: an answer, a decision, a note in memory, a view."""

import asyncio
import functools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from integrations.slack import blocks, decisions, files, home, permissions, schedules, views
from integrations.slack.commands import COMMANDS, HELP, parse
from integrations.slack.inbound import mentions, plain
from integrations.slack.mrkdwn import escape
from integrations.slack.pace import patiently
from integrations.slack.people import People
from integrations.slack.personas import persona
from integrations.slack.rights import Place, Refusal, may_talk
from integrations.slack.worker import ATTEMPTS
from memory.errors import ConflictError, StoaError
from memory.glance import pulse
from memory.records import Draft, Status
from memory.slack_inbox import InboxRow, SlackInbox
from memory.slack_outbox import Outgoing, SlackOutbox, Thread

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from integrations.desk import Desk
    from integrations.slack.channel import SlackChannel

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for which the Home tab may be late when Slack asks for quiet."""


class Answers:
    """Handles one event at a time for each lane; the desk's own work runs in threads."""

    def __init__(
        self, desk: "Desk", client: "AsyncWebClient", inbox: SlackInbox, outbox: SlackOutbox, channel: "SlackChannel", own: str
    ) -> None:
        self._desk = desk
        self._settings = desk.settings.slack
        self._client = client
        self._inbox = inbox
        self._outbox = outbox
        self._channel = channel
        self._own = own
        self._people = People(client)
        self._threads = ThreadPoolExecutor(self._settings.workers + 2, "stoa-slack")
        self._runs: set[str] = set()
        self._seen: object = None

    def close(self) -> None:
        """Wait for the turns under way. A run would take minutes: it loses its fence, and goes on after the next start."""
        for run_id in list(self._runs):
            self._desk.journal.take(run_id)
        self._threads.shutdown(wait=True)

    async def handle(self, row: InboxRow) -> str:
        """One event, to its end; returns what came of it."""
        match row.kind:
            case "message":
                return await self._message(row)
            case "edit" | "delete":
                return await self._work(self._changed, row)
            case "reaction":
                return await self._work(self._reaction, row.body["event"])
            case "home":
                return await self._home(row.body["event"]["user"])
            case "action" if permissions.is_click(row):
                return await self._permission(row)
            case "action" | "submit":
                return await self._decision(row)
            case "command":
                return await self._command(row)
            case _:
                return "ignored"

    async def _work(self, function: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, functools.partial(function, *arguments))

    # -- conversation

    async def _message(self, row: InboxRow) -> str:
        event = row.body["event"]
        place = Place(event["channel"], event.get("channel_type") == "im", bool(row.body.get("is_ext_shared_channel")))
        root = event.get("thread_ts") or event["ts"]
        thread = await self._work(self._outbox.thread_at, place.channel, root)
        for_desk = place.direct or thread is not None or self._own in mentions(event.get("text", ""))
        refusal = may_talk(self._settings, event["user"], place)
        if refusal is not None:
            return await self._refuse(refusal, event["user"], place, root) if for_desk else "ignored"
        if not for_desk and not event.get("files"):
            return "ignored"
        words = await self._words(row)
        if words is None:
            return "deleted before it was read"
        person = await self._people.name(event["user"])
        notes = await self._files(event, person)
        if not for_desk or (not words and event.get("files")):
            self._note(row, event, place.channel, root, notes)
            return "ingested"
        if thread is None:
            thread = Thread(f"slack-{place.channel}-{root}", place.channel, root, "", event["user"])
            await self._work(self._outbox.open_thread, thread)
        return await self._answer(row, thread, words, person, event["ts"])

    async def _words(self, row: InboxRow) -> str | None:
        """What the person said, as it stands now; None when it was taken back before anybody read it."""
        event = row.body["event"]
        text = event.get("text", "")
        for body in await self._work(self._inbox.pending, row.lane, ("edit", "delete")):
            change = body["event"]
            if change.get("deleted_ts") == event["ts"]:
                return None
            if change.get("message", {}).get("ts") == event["ts"]:
                text = change["message"].get("text", "")
        return plain(text, self._own, await self._people.names(mentions(text)))

    async def _answer(self, row: InboxRow, thread: Thread, words: str, person: str, ts: str) -> str:
        from orchestrator.conversation import Question

        uri = f"slack://{thread.channel}/{ts}"
        question = Question(thread_id=thread.thread_id, text=words or "?", person=person, key=row.event_id, source_uri=uri, locator=ts)
        try:
            await self._work(self._ask, question, row)
        except StoaError as error:
            if row.attempts < ATTEMPTS and not isinstance(error, ConflictError):
                raise
            await self._work(self._outbox.withdraw_all, thread)
            self._say(f"{row.event_id}:failed", thread.channel, thread.place, f"I could not answer: {error}")
            return f"failed: {error}"
        return "answered"

    def _ask(self, question: Any, row: InboxRow) -> None:
        from orchestrator.conversation import answer

        context = self._desk.context(self._channel)
        answer(context, question, self._desk.roles, self._desk.as_of(), lambda: self._inbox.waiting(row.lane, row.position or "0"))
        self.refresh()

    def refresh(self) -> None:
        """Bring Slack's views of approvals and runs up to date."""
        self._desk.drain_index()
        views.refresh(self._desk, self._outbox, self._channel)

    async def _files(self, event: Mapping[str, Any], person: str) -> list[str]:
        """Take dropped files in; returns a line for each that was left out."""
        if not event.get("files"):
            return []
        folder = self._desk.folder / "sources" / "slack"
        taken = await files.download(list(event["files"]), folder, self._client.token or "", self._settings)
        return taken.left_out + await self._work(files.ingest, self._desk, taken.paths, person)

    def _note(self, row: InboxRow, event: Mapping[str, Any], channel: str, root: str, left_out: list[str]) -> None:
        names = ", ".join(str(file.get("name")) for file in event["files"])
        text = f"Taken into the desk's memory: {names}." if not left_out else "Left out: " + "; ".join(left_out)
        self._say(f"{row.event_id}:files", channel, root, text, "data-analyst")

    def _say(self, key: str, channel: str, thread: str, text: str, role: str = "architect") -> None:
        voice = persona(role, self._desk.roles)
        payload = {"text": escape(text), "blocks": [blocks.section(escape(text)[:2_900])], **voice}
        self._outbox.enter([Outgoing(key=key, channel=channel, thread=thread, role=role, payload=payload)])
        self._channel.sent()

    async def _refuse(self, refusal: Refusal, person: str, place: Place, root: str) -> str:
        """Tell a person why not, once, so that only they see it."""
        if await self._work(self._inbox.tell_once, person, refusal.name):
            self._whisper(f"told:{person}:{refusal.name}", person, place.channel, "" if place.direct else root, refusal.sentence)
        return "ignored"

    def _whisper(self, key: str, person: str, channel: str, thread: str, text: str, shown: list[dict[str, Any]] | None = None) -> None:
        payload: dict[str, Any] = {"user": person, "text": text}
        if shown:
            payload["blocks"] = shown
        self._outbox.enter([Outgoing(key=key, kind="ephemeral", channel=channel, thread=thread, payload=payload)])
        self._channel.sent()

    # -- what people do to messages

    def _changed(self, row: InboxRow) -> str:
        """An edited message is a new version in memory, a deleted one is retracted."""
        event = row.body["event"]
        ts = event.get("deleted_ts") or event["message"]["ts"]
        found = self._desk.store.find(source_uri=f"slack://{event['channel']}/{ts}", live=True)
        if not found:
            return "ignored"
        record = found[-1]
        if row.kind == "delete":
            self._desk.store.end(record.id, Status.RETRACTED, "its author deleted the message in Slack")
            return "retracted"
        text = plain(event["message"].get("text", ""), self._own, {})
        if text and text != record.body:
            fields = {name: getattr(record, name) for name in Draft.model_fields}
            draft = Draft(**{**fields, "body": text, "lang": "", "idempotency_key": f"slack-edit:{row.event_id}"})
            self._desk.store.remember(draft, supersedes=record.id)
        return "superseded"

    def _reaction(self, event: Mapping[str, Any]) -> str:
        place = (event["item"]["channel"], event["item"]["ts"])
        post = self._outbox.at(*place)
        if post is None or (self._settings.people and event["user"] not in self._settings.people):
            return "ignored"
        if event["type"] == "reaction_added":
            self._inbox.feedback(place, event["user"], event["reaction"], post.key, post.role)
        else:
            self._inbox.feedback_taken_back(place, event["user"], event["reaction"])
        return "kept"

    async def _home(self, person: str) -> str:
        refusal = may_talk(self._settings, person, Place((self._settings.channels or ("",))[0]))
        if refusal is None:
            view = await self._work(home.tab, self._desk, self._outbox, person)
        else:
            view = {"type": "home", "blocks": [blocks.section(refusal.sentence)]}
        await patiently(lambda: self._client.views_publish(user_id=person, view=view), PATIENCE)
        return "shown"

    # -- decisions and commands

    async def _decision(self, row: InboxRow) -> str:
        wanted = decisions.read(row)
        by = f"{await self._people.name(wanted.person)} ({wanted.person})"
        told = await self._work(decisions.decide, self._desk, self._channel, wanted, by, row.attempts > 1)
        await self._work(self.refresh)
        if told:
            self._whisper(f"{row.event_id}:refused", wanted.person, wanted.channel, wanted.thread, told)
        return "refused" if told else "decided"

    async def _permission(self, row: InboxRow) -> str:
        click = permissions.read(row)
        by = f"{await self._people.name(click.person)} ({click.person})"
        told = await self._work(functools.partial(permissions.decide, again=row.attempts > 1), self._desk, click, by)
        await self._work(self.refresh)
        if told:
            self._whisper(f"{row.event_id}:refused", click.person, click.channel, click.thread, told)
        return "refused" if told else "decided"

    async def _command(self, row: InboxRow) -> str:
        body = row.body
        person, channel = body["user_id"], body["channel_id"]
        refusal = may_talk(self._settings, person, Place(channel, channel.startswith("D")))
        if refusal is not None:
            self._whisper(f"{row.event_id}:refused", person, channel, "", refusal.sentence)
            return "refused"
        verb, rest = parse(body.get("text", ""))
        if verb == "book":
            shown = await self._work(home.book, self._desk, self._outbox, person)
            self._whisper(f"{row.event_id}:book", person, channel, "", "The book", shown)
        elif verb == "run":
            return await self._run(row, rest.split())
        elif verb == "schedule":
            told = await self._work(schedules.answer, self._desk, person, plain(rest, self._own, {}))
            self._whisper(f"{row.event_id}:schedule", person, channel, "", told)
        elif verb == "help":
            self._whisper(f"{row.event_id}:help", person, channel, "", HELP)
        else:
            return await self._put(row, person, channel, rest)
        return COMMANDS[verb]

    async def _put(self, row: InboxRow, person: str, channel: str, text: str) -> str:
        """A question by command: the channel sees who asked what, and the answer stands in its thread."""
        name = await self._people.name(person)
        key = f"{row.event_id}:question"
        words = plain(text, self._own, await self._people.names(mentions(text)))
        thread = Thread(f"slack-{row.event_id}", channel, "", key, person)
        await self._work(self._outbox.open_thread, thread)
        self._say(key, channel, "", f"{name} asks: {words}")
        return await self._answer(row, thread, words, name, key)

    async def _run(self, row: InboxRow, theses: list[str]) -> str:
        run_id = f"run-{row.event_id.split(':', 1)[-1]}".replace(".", "-").lower()
        self._runs.add(run_id)
        try:
            await self._work(self._begin, run_id, theses)
        except StoaError as error:
            # A worker that was quicker advances it: what it says is seen here all the same.
            if not await self._work(self._elsewhere, run_id):
                self._whisper(f"{row.event_id}:failed", row.body["user_id"], row.body["channel_id"], "", f"The run stopped: {error}")
        self._runs.discard(run_id)
        await self._work(self.refresh)
        return "run"

    def _begin(self, run_id: str, theses: list[str]) -> None:
        """Put a run into the queue of the desk, and advance it here unless a worker was quicker."""
        from memory.dispatch import URGENT
        from orchestrator import runs

        context = self._desk.context(self._channel)
        runs.enter(context, run_id, self._desk.as_of(), theses, URGENT)
        self._channel.open_run(run_id)
        self._channel.sent()
        runs.advance(context, self._desk.checkpoints, run_id)

    def _elsewhere(self, run_id: str) -> bool:
        """Whether another process advances a run."""
        try:
            return self._desk.journal.run(run_id).status == "running"
        except StoaError:
            return False

    def expire(self) -> None:
        """Close what nobody answered in time."""
        from orchestrator import runs

        runs.expire(self._desk.context(self._channel), self._desk.checkpoints)
        self.refresh()

    def look(self) -> None:
        """Bring Slack's views up to date when another process changed what they show."""
        now = (pulse(self._desk.database), [item.id for item in self._desk.permission_requests.requests("pending")])
        if now != self._seen:
            self._seen = now
            self.refresh()
