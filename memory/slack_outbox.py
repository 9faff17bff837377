"""What goes to Slack: entered once per key, sent in order, looked up in the channel before it is sent again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from memory.clock import Clock
from memory.database import Database
from memory.slack_tables import slack_outbox, slack_threads

Kind = Literal["post", "update", "ephemeral", "file", "withdraw"]
State = Literal["live", "waiting", "sending", "sent", "failed"]


PRUNED = 500
"""Rows one statement takes away."""


class Outgoing(BaseModel):
    """One call to Slack, before it has a row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    kind: Kind = "post"
    channel: str
    thread: str = Field(default="", description="Slack's timestamp of the thread, or the key of the post that opens it")
    target: str = Field(default="", description="the key of the post that an update changes")
    role: str = ""
    payload: dict[str, Any]


class OutboxRow(NamedTuple):
    """One call to Slack and where it stands."""

    seq: int
    key: str
    kind: Kind
    channel: str
    thread: str
    target: str
    role: str
    payload: dict[str, Any]
    state: State
    attempts: int
    attempted_at: datetime | None
    ts: str
    error: str


class Thread(NamedTuple):
    """Where in Slack a thread of the desk is: ``ts``, or the post that will open it."""

    thread_id: str
    channel: str
    ts: str
    parent_key: str
    person: str

    @property
    def place(self) -> str:
        """What a reply names as its thread."""
        return self.ts or self.parent_key


class SlackOutbox:
    """Posts on their way to Slack, and the threads they belong to."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def enter(self, items: Sequence[Outgoing], state: State = "waiting") -> None:
        """Queue calls, once per key. What was shown as being written (``live``) takes its final text and its turn."""
        with self._database.writing() as connection:
            for item in items:
                self._enter(connection, item, state)

    def _enter(self, connection: Connection, item: Outgoing, state: State) -> None:
        known = connection.execute(select(slack_outbox.c.state).where(slack_outbox.c.key == item.key)).scalar()
        if known is None:
            connection.execute(
                insert(slack_outbox).values(
                    **item.model_dump(), state=state, attempts=0, attempted_at=None, created_at=self._clock(), ts="", error=""
                )
            )
        elif known == "live" and state == "waiting":
            here = slack_outbox.c.key == item.key
            kept = {"person": ""} | item.payload
            connection.execute(update(slack_outbox).where(here).values(payload=kept, state="waiting"))

    def channels(self) -> list[str]:
        """Channels with something to send."""
        query = select(slack_outbox.c.channel).where(slack_outbox.c.state.in_(["waiting", "sending"])).distinct()
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def head(self, channel: str, limit: int = 40) -> list[OutboxRow]:
        """What a channel waits for, in order."""
        query = (
            select(slack_outbox)
            .where(slack_outbox.c.channel == channel, slack_outbox.c.state.in_(["waiting", "sending"]))
            .order_by(slack_outbox.c.seq)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [_row(row) for row in connection.execute(query)]

    def attempt(self, rows: Sequence[OutboxRow]) -> None:
        """Say, before the call, that these are on their way: after a crash nobody knows whether they arrived."""
        seqs = [row.seq for row in rows]
        with self._database.writing() as connection:
            connection.execute(
                update(slack_outbox)
                .where(slack_outbox.c.seq.in_(seqs))
                .values(state="sending", attempts=slack_outbox.c.attempts + 1, attempted_at=self._clock())
            )

    def sent(self, rows: Sequence[OutboxRow], ts: str) -> None:
        """They arrived, as the message at ``ts``; a thread that one of them opens is now in a place."""
        self._settle([row.seq for row in rows], {"state": "sent", "ts": ts, "error": ""})
        keys = [row.key for row in rows]
        with self._database.writing() as connection:
            here = slack_threads.c.parent_key.in_(keys) & (slack_threads.c.ts == "")
            connection.execute(update(slack_threads).where(here).values(ts=ts))

    def waits(self, rows: Sequence[OutboxRow]) -> None:
        """Slack took none of them: they wait again."""
        self._settle([row.seq for row in rows], {"state": "waiting", "attempted_at": None})

    def failed(self, rows: Sequence[OutboxRow], error: str) -> None:
        """Slack will never take them; ``stoa doctor`` shows why."""
        self._settle([row.seq for row in rows], {"state": "failed", "error": error})

    def started(self, key: str, ts: str) -> None:
        """A message that is still being written has a place."""
        with self._database.writing() as connection:
            connection.execute(update(slack_outbox).where(slack_outbox.c.key == key).values(ts=ts))

    def attempt_draft(self, key: str) -> None:
        """Say, before the call, that a message is about to be shown as being written."""
        with self._database.writing() as connection:
            connection.execute(update(slack_outbox).where(slack_outbox.c.key == key).values(attempted_at=self._clock()))

    def withdraw(self, key: str) -> None:
        """Nothing comes of what was being written: what is shown of it is to go."""
        with self._database.writing() as connection:
            here = (slack_outbox.c.key == key) & (slack_outbox.c.state == "live")
            connection.execute(update(slack_outbox).where(here).values(kind="withdraw", state="waiting"))

    def withdraw_all(self, thread: Thread) -> None:
        """Nothing comes of what was being written in a thread."""
        with self._database.writing() as connection:
            c = slack_outbox.c
            here = (c.channel == thread.channel) & (c.thread == thread.place) & (c.state == "live")
            connection.execute(update(slack_outbox).where(here).values(kind="withdraw", state="waiting"))

    def _settle(self, seqs: list[int], values: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(update(slack_outbox).where(slack_outbox.c.seq.in_(seqs)).values(**values))

    def get(self, key: str) -> OutboxRow | None:
        """One call by its key."""
        return self._one(slack_outbox.c.key == key)

    def at(self, channel: str, ts: str) -> OutboxRow | None:
        """The call that made a message."""
        return self._one((slack_outbox.c.channel == channel) & (slack_outbox.c.ts == ts) & (slack_outbox.c.kind == "post"))

    def _one(self, where: Any) -> OutboxRow | None:
        query = select(slack_outbox).where(where).order_by(slack_outbox.c.seq).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return _row(row) if row else None

    def earlier(self, row: OutboxRow) -> bool:
        """Whether a row's thread still waits for something that stands before it."""
        c = slack_outbox.c
        query = select(c.seq).where(c.channel == row.channel, c.thread == row.thread, c.seq < row.seq, c.state.in_(["waiting", "sending"]))
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def live(self) -> list[OutboxRow]:
        """Messages that are still being written."""
        with self._database.reading() as connection:
            query = select(slack_outbox).where(slack_outbox.c.state == "live").order_by(slack_outbox.c.seq)
            return [_row(row) for row in connection.execute(query)]

    def failures(self, limit: int = 5) -> list[OutboxRow]:
        """What Slack refused for good, newest first."""
        query = select(slack_outbox).where(slack_outbox.c.state == "failed").order_by(slack_outbox.c.seq.desc()).limit(limit)
        with self._database.reading() as connection:
            return [_row(row) for row in connection.execute(query)]

    def counts(self) -> dict[str, int]:
        """How many calls are in which state."""
        query = select(slack_outbox.c.state, func.count()).group_by(slack_outbox.c.state)
        with self._database.reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def prune(self, age: timedelta, spared: Sequence[str]) -> int:
        """Forget what was sent or refused so long ago, except keys that begin as one of ``spared``; returns how many rows went.

        What is still to be sent stays, and so does the post that it changes or whose thread it belongs to.
        """
        c = slack_outbox.c
        still_open = c.state.in_(["live", "waiting", "sending"])
        old = c.state.in_(["sent", "failed"]) & (func.coalesce(c.attempted_at, c.created_at) < self._clock() - age)
        with self._database.writing() as connection:
            needed = {key for row in connection.execute(select(c.target, c.thread).where(still_open)) for key in row}
            found = connection.execute(select(c.seq, c.key).where(old)).all()
            gone = [row.seq for row in found if row.key not in needed and not row.key.startswith(tuple(spared))]
            for start in range(0, len(gone), PRUNED):
                connection.execute(delete(slack_outbox).where(c.seq.in_(gone[start : start + PRUNED])))
        return len(gone)

    def keys(self, prefix: str) -> set[str]:
        """Keys that begin so."""
        with self._database.reading() as connection:
            return set(
                connection.execute(select(slack_outbox.c.key).where(slack_outbox.c.key.startswith(prefix, autoescape=True))).scalars()
            )

    def parents(self) -> list[Thread]:
        """Threads that the desk opened with a message of its own, for a run."""
        query = select(slack_threads).where(slack_threads.c.parent_key != "").order_by(slack_threads.c.created_at.desc()).limit(20)
        with self._database.reading() as connection:
            return [Thread(row.thread_id, row.channel, row.ts, row.parent_key, row.person) for row in connection.execute(query)]

    def open_thread(self, thread: Thread) -> None:
        """Remember where a thread is; the first place holds."""
        with self._database.writing() as connection:
            if connection.execute(select(slack_threads.c.ts).where(slack_threads.c.thread_id == thread.thread_id)).first() is None:
                connection.execute(insert(slack_threads).values(**thread._asdict(), created_at=self._clock()))

    def thread(self, thread_id: str) -> Thread | None:
        """Where a thread of the desk is."""
        return self._thread(slack_threads.c.thread_id == thread_id)

    def thread_at(self, channel: str, ts: str) -> Thread | None:
        """Which thread of the desk a place in Slack is."""
        return self._thread((slack_threads.c.channel == channel) & (slack_threads.c.ts == ts))

    def _thread(self, where: Any) -> Thread | None:
        with self._database.reading() as connection:
            row = connection.execute(select(slack_threads).where(where)).first()
        return Thread(row.thread_id, row.channel, row.ts, row.parent_key, row.person) if row else None


def _row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        row.seq, row.key, row.kind, row.channel, row.thread, row.target, row.role, row.payload, row.state, row.attempts,
        row.attempted_at, row.ts, row.error,
    )  # fmt: skip
