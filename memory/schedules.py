"""Schedules and their ticks, as rows: what is planned, what was done about it, and why not."""

from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, insert, or_, select, update

from memory.database import Database
from memory.errors import InputError, NotFoundError
from memory.tables import runs, schedules, ticks

Origin = Literal["person", "stoa.toml"]
Claim = Literal["taken", "known", "busy"]

UNDER_WAY = ("queued", "running")
"""Runs that a job must not overlap; one that waits for a person, was paused or failed holds nothing up."""


class Schedule(BaseModel):
    """What runs when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str = Field(min_length=1, description='e.g. "weekdays 07:30 Europe/Zurich"')
    run: Literal["research"] = "research"
    theses: tuple[str, ...] = Field(default=(), description="empty: all")
    missed: Literal["skip", "once", "all"] = Field(default="once", description="what becomes of ticks that nobody was there for")
    jitter: timedelta = Field(default=timedelta(0), ge=timedelta(0), le=timedelta(hours=6), description="at most so much later")


class ScheduleRow(NamedTuple):
    """A schedule and how far it has come: all that was planned up to ``cursor`` is dealt with."""

    name: str
    schedule: Schedule
    origin: Origin
    created_at: datetime
    cursor: datetime
    state: dict[str, Any] | None
    error: str


class Tick(NamedTuple):
    """One planned time of a schedule: ``planned`` (its run is about to be entered), ``queued``, or ``skipped``."""

    key: str
    schedule: str
    planned: datetime
    run_id: str
    as_of: datetime
    status: str = "planned"
    reason: str = ""


class Schedules:
    """The rows of one desk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, name: str, schedule: Schedule, origin: Origin, at: datetime) -> None:
        """Enter or change a schedule; one whose time changed begins anew at ``at``, and nothing before that is due."""
        spec = schedule.model_dump(mode="json")
        with self._database.writing() as connection:
            row = connection.execute(select(schedules).where(schedules.c.name == name)).one_or_none()
            if row is None:
                new = {"name": name, "spec": spec, "origin": origin, "created_at": at, "cursor": at}
                connection.execute(insert(schedules).values(**new))
                return
            if row.removed_at is None and row.origin != origin:
                raise InputError(f"there is a schedule {name!r} already, from {row.origin}: choose another name")
            if row.removed_at is None and row.spec == spec:
                return
            anew = row.removed_at is not None or row.spec["when"] != schedule.when
            fresh = {"cursor": at, "state": None} if anew else {}
            changed = update(schedules).where(schedules.c.name == name)
            connection.execute(changed.values(spec=spec, origin=origin, removed_at=None, error="", **fresh))

    def remove(self, name: str, at: datetime) -> None:
        """Take a schedule away; its ticks stay."""
        self.get(name)
        with self._database.writing() as connection:
            connection.execute(update(schedules).where(schedules.c.name == name).values(removed_at=at))

    def get(self, name: str) -> ScheduleRow:
        """One schedule.

        Raises:
            NotFoundError: there is none of this name.
        """
        for row in self.rows():
            if row.name == name:
                return row
        raise NotFoundError(f"there is no schedule {name!r}: stoa schedule list shows those there are")

    def rows(self) -> list[ScheduleRow]:
        """All schedules, by name."""
        with self._database.reading() as connection:
            query = select(schedules).where(schedules.c.removed_at.is_(None)).order_by(schedules.c.name)
            return [_row(row) for row in connection.execute(query)]

    def claim(self, tick: Tick, at: datetime, state: dict[str, Any] | None = None) -> Claim:
        """Enter a tick once, whoever comes first, unless the job's run before it is still under way.

        Returns ``taken``; ``known`` when the tick, or a later one, was entered before; ``busy`` when nothing was done.
        """
        with self._database.writing() as connection:
            if self._passed(connection, tick, timed=state is None):
                return "known"
            if self._under_way(connection, tick.schedule):
                return "busy"
            connection.execute(insert(ticks).values(**tick._asdict(), at=at))
            self._move(connection, tick.schedule, tick.planned, state)
        return "taken"

    def skip(self, tick: Tick, reason: str, at: datetime) -> bool:
        """Deal with a tick, and those before it, by doing nothing; False when it was entered before."""
        with self._database.writing() as connection:
            if self._passed(connection, tick, timed=True):
                return False
            connection.execute(insert(ticks).values(**tick._replace(status="skipped", reason=reason, run_id="")._asdict(), at=at))
            self._move(connection, tick.schedule, tick.planned, None)
        return True

    def quiet(self, name: str, until: datetime, state: dict[str, Any] | None = None) -> None:
        """Nothing was due up to an instant; what a trigger saw is kept."""
        with self._database.writing() as connection:
            self._move(connection, name, until, state)

    def report(self, name: str, error: str) -> None:
        """Why a schedule cannot be looked at; empty when it can."""
        with self._database.writing(alone=False) as connection:
            connection.execute(update(schedules).where(schedules.c.name == name, schedules.c.error != error).values(error=error))

    def unsent(self) -> list[Tick]:
        """Ticks whose runs are still to be entered: a process ended between the two."""
        return self._ticks(ticks.c.status == "planned")

    def sent(self, key: str) -> None:
        """The run of a tick is in the queue."""
        with self._database.writing(alone=False) as connection:
            connection.execute(update(ticks).where(ticks.c.key == key).values(status="queued"))

    def lost(self, key: str, reason: str) -> None:
        """The run of a tick cannot be entered; the tick is dealt with."""
        with self._database.writing(alone=False) as connection:
            connection.execute(update(ticks).where(ticks.c.key == key).values(status="skipped", reason=reason, run_id=""))

    def ticks(self, name: str) -> list[Tick]:
        """What became of a schedule's times, oldest first."""
        return self._ticks(ticks.c.schedule == name)

    def _ticks(self, where: Any) -> list[Tick]:
        with self._database.reading() as connection:
            query = select(ticks).where(where).order_by(ticks.c.planned, ticks.c.key)
            return [
                Tick(row.key, row.schedule, row.planned, row.run_id, row.as_of, row.status, row.reason) for row in connection.execute(query)
            ]

    def _passed(self, connection: Connection, tick: Tick, *, timed: bool) -> bool:
        if connection.execute(select(ticks.c.key).where(ticks.c.key == tick.key)).first():
            return True
        row = connection.execute(select(schedules.c.cursor, schedules.c.removed_at).where(schedules.c.name == tick.schedule)).one()
        return row.removed_at is not None or (timed and tick.planned <= row.cursor)

    def _under_way(self, connection: Connection, name: str) -> bool:
        busy = or_(ticks.c.status == "planned", runs.c.status.in_(UNDER_WAY))
        both = ticks.outerjoin(runs, runs.c.run_id == ticks.c.run_id)
        return connection.execute(select(ticks.c.key).select_from(both).where(ticks.c.schedule == name, busy)).first() is not None

    def _move(self, connection: Connection, name: str, until: datetime, state: dict[str, Any] | None) -> None:
        kept = {} if state is None else {"state": state}
        mine = schedules.c.name == name
        connection.execute(update(schedules).where(mine, schedules.c.cursor < until).values(cursor=until))
        if kept:
            connection.execute(update(schedules).where(mine).values(**kept))


def _row(row: Row[Any]) -> ScheduleRow:
    return ScheduleRow(row.name, Schedule(**row.spec), row.origin, row.created_at, row.cursor, row.state, row.error)
