"""What came from Slack: written before it is acknowledged, handled once, in order within its lane."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, delete, func, insert, select, update

from memory.clock import Clock
from memory.database import Database
from memory.slack_tables import slack_feedback, slack_inbox, slack_told


class Incoming(BaseModel):
    """One thing that Slack told us, before it has a row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_id: str
    kind: str
    lane: str = Field(description="what is handled in order: a thread, or a person's own view")
    position: str = Field(default="", description="Slack's timestamp, which orders a lane whatever the order of arrival")
    subject: str = Field(default="", description="one thing that two events may tell of, e.g. a message that is also a mention")
    body: dict[str, Any]


class InboxRow(NamedTuple):
    """One event that waits or was handled."""

    seq: int
    event_id: str
    kind: str
    lane: str
    position: str
    body: dict[str, Any]
    attempts: int


_SERVED = "the desk is in Slack"
"""Kept among what people were told, under nobody's name."""


class _UndoneError(Exception):
    """Ends a rehearsal."""


class SlackInbox:
    """Events from Slack, and what people thought of posts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def write(self, events: Sequence[Incoming]) -> int:
        """Keep events in one transaction; returns how many were new. What was seen before is kept once."""
        with self._database.writing() as connection:
            return self._write(connection, events)

    def rehearse(self) -> None:
        """Write an event and undo it: the first real one then waits for no connection and no compiled statement."""
        with suppress(_UndoneError), self._database.writing() as connection:
            self._write(connection, [Incoming(event_id="rehearsal", kind="rehearsal", lane="", body={})])
            raise _UndoneError

    def _write(self, connection: Connection, events: Sequence[Incoming]) -> int:
        new, now = 0, self._clock()
        for event in events:
            known = slack_inbox.c.event_id == event.event_id
            if event.subject:
                known |= slack_inbox.c.subject == event.subject
            if connection.execute(select(slack_inbox.c.seq).where(known)).first() is None:
                values = event.model_dump() | {"subject": event.subject or None}
                connection.execute(insert(slack_inbox).values(**values, received_at=now, attempts=0, done_at=None, outcome=""))
                new += 1
        return new

    def lanes(self, settled: timedelta) -> list[str]:
        """Lanes with something to do, the longest waiting first; what came a moment ago may still be overtaken."""
        query = (
            select(slack_inbox.c.lane)
            .where(slack_inbox.c.done_at.is_(None))
            .group_by(slack_inbox.c.lane)
            .having(func.min(slack_inbox.c.received_at) <= self._clock() - settled)
            .order_by(func.min(slack_inbox.c.seq))
        )
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def next(self, lane: str, settled: timedelta) -> InboxRow | None:
        """The oldest event of a lane by Slack's clock, and one more attempt at it; None when nothing has settled."""
        with self._database.writing() as connection:
            row = connection.execute(
                select(slack_inbox)
                .where(slack_inbox.c.lane == lane, slack_inbox.c.done_at.is_(None))
                .order_by(slack_inbox.c.position, slack_inbox.c.seq)
                .limit(1)
            ).one_or_none()
            if row is None or row.received_at > self._clock() - settled:
                return None
            connection.execute(update(slack_inbox).where(slack_inbox.c.seq == row.seq).values(attempts=row.attempts + 1))
        return InboxRow(row.seq, row.event_id, row.kind, row.lane, row.position, row.body, row.attempts + 1)

    def done(self, seq: int, outcome: str, *, forget: bool = False) -> None:
        """An event is handled; with ``forget`` its text goes, because it was not for the desk."""
        values: dict[str, Any] = {"done_at": self._clock(), "outcome": outcome}
        if forget:
            values["body"] = {}
        with self._database.writing() as connection:
            connection.execute(update(slack_inbox).where(slack_inbox.c.seq == seq).values(**values))

    def prune(self, age: timedelta) -> int:
        """Forget what was handled so long ago; what waits stays. Returns how many rows went."""
        with self._database.writing() as connection:
            return int(connection.execute(delete(slack_inbox).where(slack_inbox.c.done_at < self._clock() - age)).rowcount)

    def waiting(self, lane: str, after: str) -> bool:
        """Whether somebody has written in a lane since the event at ``after``."""
        query = select(slack_inbox.c.seq).where(
            slack_inbox.c.lane == lane,
            slack_inbox.c.kind == "message",
            slack_inbox.c.done_at.is_(None),
            slack_inbox.c.position > after,
        )
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def pending(self, lane: str, kinds: Sequence[str]) -> list[dict[str, Any]]:
        """Bodies that wait in a lane, e.g. the deletion of a message that nobody has read yet."""
        query = select(slack_inbox.c.body).where(
            slack_inbox.c.lane == lane, slack_inbox.c.kind.in_(list(kinds)), slack_inbox.c.done_at.is_(None)
        ).order_by(slack_inbox.c.position)  # fmt: skip
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def counts(self) -> dict[str, int]:
        """How many events had which outcome; the empty one waits."""
        query = select(slack_inbox.c.outcome, func.count()).group_by(slack_inbox.c.outcome)
        with self._database.reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def tell_once(self, person: str, what: str) -> bool:
        """True the first time that a person is to be told something."""
        with self._database.writing() as connection:
            here = (slack_told.c.person == person) & (slack_told.c.what == what)
            if connection.execute(select(slack_told.c.at).where(here)).first():
                return False
            connection.execute(insert(slack_told).values(person=person, what=what, at=self._clock()))
        return True

    def begin(self) -> None:
        """The desk is served in Slack: from now on what its runs say anywhere belongs there too."""
        self.tell_once("", _SERVED)

    def begun(self) -> bool:
        """Whether the desk was ever served in Slack."""
        query = select(slack_told.c.at).where(slack_told.c.person == "", slack_told.c.what == _SERVED)
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def feedback(self, place: tuple[str, str], person: str, reaction: str, key: str, role: str) -> None:
        """Keep a person's reaction to a post; given again, it counts again."""
        with self._database.writing() as connection:
            here = _reaction(place, person, reaction)
            if connection.execute(select(slack_feedback.c.key).where(here)).first():
                connection.execute(update(slack_feedback).where(here).values(taken_back_at=None, given_at=self._clock()))
                return
            channel, ts = place
            connection.execute(
                insert(slack_feedback).values(
                    channel=channel, ts=ts, person=person, reaction=reaction, key=key, role=role, given_at=self._clock(), taken_back_at=None
                )
            )

    def feedback_taken_back(self, place: tuple[str, str], person: str, reaction: str) -> None:
        """The person took a reaction back."""
        with self._database.writing() as connection:
            connection.execute(update(slack_feedback).where(_reaction(place, person, reaction)).values(taken_back_at=self._clock()))

    def feedback_given(self, since: datetime | None = None) -> list[dict[str, Any]]:
        """Reactions that stand, oldest first."""
        query = select(slack_feedback).where(slack_feedback.c.taken_back_at.is_(None)).order_by(slack_feedback.c.given_at)
        if since is not None:
            query = query.where(slack_feedback.c.given_at >= since)
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _reaction(place: tuple[str, str], person: str, reaction: str) -> Any:
    c = slack_feedback.c
    return (c.channel == place[0]) & (c.ts == place[1]) & (c.person == person) & (c.reaction == reaction)
