"""Schedules: what is due is entered as a run, once, however many processes look, and whatever ends in between."""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal, NamedTuple, Protocol, assert_never

from memory.errors import ConflictError, InputError, StoaError
from memory.schedules import Schedule, ScheduleRow, Schedules, Tick
from orchestrator.errors import ScheduleError
from orchestrator.timetable import Arrival, Dated, Firing, Planned, Timed, parse

log = logging.getLogger("stoa.schedule")

ON_TIME = timedelta(minutes=10)
"""A tick that is looked at later than this was missed: the desk was not running."""

QUIET = timedelta(hours=1)
"""How often a schedule that has nothing due writes down that it was looked at."""

HORIZON = timedelta(days=365 * 50)

Enter = Callable[[Tick, Schedule], object]
"""Puts the run of a tick into the queue; the same tick again changes nothing. An ``InputError`` says that it never can."""


class Outlook(Protocol):
    """What schedules look at beside the clock."""

    def events(self, theses: Sequence[str]) -> Sequence[Dated]:
        """The dated events of theses, of all when none is named."""
        ...

    def files(self, pattern: str) -> Mapping[str, str]:
        """Files of the desk that match a pattern, each with what tells that it changed."""
        ...

    def holds(self, rule: str, at: datetime) -> bool | None:
        """Whether a rule holds; None when the data does not say."""
        ...


class Ticked(NamedTuple):
    """What one look did: ticks entered and skipped by key, and schedules that cannot be looked at with the reason."""

    entered: list[str]
    skipped: list[str]
    failed: dict[str, str]


class Coming(NamedTuple):
    """A time at which a schedule will be due, jitter included."""

    schedule: str
    local: str
    at: datetime
    about: str


class Scheduler:
    """The schedules of one desk."""

    def __init__(self, rows: Schedules, outlook: Outlook, enter: Enter, seed: int = 0) -> None:
        self._rows = rows
        self._outlook = outlook
        self._enter = enter
        self._seed = seed

    def add(self, name: str, schedule: Schedule, at: datetime) -> None:
        """Enter or change a schedule; what was before ``at`` is not due, and what a trigger sees now is no news.

        Raises:
            ScheduleError: its time means nothing.
            InputError: its rule names what is not there.
        """
        _check_name(name)
        when = parse(schedule.when)
        seen = self._seen(when, at) if isinstance(when, Arrival | Firing) else None
        self._rows.save(name, schedule, "person", at)
        if seen is not None and self._rows.get(name).state is None:
            self._rows.quiet(name, at, seen)

    def remove(self, name: str, at: datetime) -> None:
        """Take a schedule away that a person added.

        Raises:
            ConflictError: stoa.toml has it, so that it would come back.
        """
        if self._rows.get(name).origin == "stoa.toml":
            raise ConflictError(f"{name} stands in stoa.toml: take [schedules.{name}] out of it")
        self._rows.remove(name, at)

    def follow(self, wanted: Mapping[str, Schedule], at: datetime) -> None:
        """Bring the rows into step with stoa.toml. A time there that means nothing is said at each look, and stops no other."""
        for name, schedule in wanted.items():
            _check_name(name)
            self._rows.save(name, schedule, "stoa.toml", at)
        for row in self._rows.rows():
            if row.origin == "stoa.toml" and row.name not in wanted:
                self._rows.remove(row.name, at)

    def tick(self, now: datetime) -> Ticked:
        """Enter a run for what is due. Call it often, from as many processes as there are."""
        done = Ticked([], [], {})
        self._send(done)
        for row in self._rows.rows():
            try:
                self._look(row, now, done)
            except StoaError as error:
                log.warning("schedule %s: %s", row.name, error)
                done.failed[row.name] = str(error)
            if row.error != done.failed.get(row.name, ""):
                self._rows.report(row.name, done.failed.get(row.name, ""))
        self._send(done)
        return done

    def _send(self, done: Ticked) -> None:
        schedules = {row.name: row.schedule for row in self._rows.rows()}
        for tick in self._rows.unsent():
            try:
                if tick.schedule in schedules:
                    self._enter(tick, schedules[tick.schedule])
            except InputError as error:
                self._rows.lost(tick.key, str(error))
                done.failed[tick.schedule] = str(error)
                continue
            if tick.schedule in schedules:
                self._rows.sent(tick.key)
                done.entered.append(tick.key)
            else:
                self._rows.lost(tick.key, "the schedule was removed")

    def _look(self, row: ScheduleRow, now: datetime, done: Ticked) -> None:
        when = parse(row.schedule.when)
        if isinstance(when, Arrival | Firing):
            self._watch(row, when, now)
            return
        if row.cursor > now + timedelta(days=1):
            raise ScheduleError(
                f"its last tick, of {row.cursor:%Y-%m-%d %H:%M} UTC, lies in the future because the clock was set back: remove and add it"
            )
        due, pending = self._due(row, when, now)
        if due:
            self._policy(row, due, now, done)
        elif not pending and now - row.cursor > QUIET:
            self._rows.quiet(row.name, now)

    def _due(self, row: ScheduleRow, when: Timed, now: datetime) -> tuple[list[Planned], bool]:
        """What was planned and whose jitter is over, in order; and whether one still waits for its jitter."""
        found: list[Planned] = []
        for planned in when.planned(row.cursor, now, lambda: self._outlook.events(row.schedule.theses)):
            if planned.at + self._jitter(row, planned) > now:
                return found, True
            found.append(planned)
            if row.schedule.missed == "all":
                break
        return found, False

    def _policy(self, row: ScheduleRow, due: list[Planned], now: datetime, done: Ticked) -> None:
        last = due[-1]
        late = now - last.at - self._jitter(row, last) > ON_TIME
        match row.schedule.missed:
            case "skip" if late:
                self._skip(row, last, f"{len(due)} missed while nobody looked", now, done)
            case "skip":
                if self._claim(row, last, now, now) == "busy":
                    self._skip(row, last, "the run before was still under way", now, done)
            case "once":
                self._claim(row, last, now, now)
            case "all":
                # Each sees what was known when it was due.
                self._claim(row, last, last.at if late else now, now)
            case other:
                assert_never(other)

    def _claim(self, row: ScheduleRow, planned: Planned, as_of: datetime, now: datetime) -> Literal["taken", "known", "busy"]:
        return self._rows.claim(_tick(row.name, planned, as_of), now)

    def _skip(self, row: ScheduleRow, planned: Planned, reason: str, now: datetime, done: Ticked) -> None:
        tick = _tick(row.name, planned, now)
        if self._rows.skip(tick, reason, now):
            done.skipped.append(tick.key)

    def _watch(self, row: ScheduleRow, when: Arrival | Firing, now: datetime) -> None:
        seen = self._seen(when, now, row.state)
        if seen == row.state:
            return
        news = _news(when, row.state, seen) if row.state is not None else ""
        if not news:
            self._rows.quiet(row.name, now, seen)
            return
        # While the run before is under way the old state stays, so that nothing that arrives is lost.
        if self._rows.claim(_tick(row.name, Planned(news, now), now), now, seen) == "known":
            self._rows.quiet(row.name, now, seen)

    def _seen(self, when: Arrival | Firing, now: datetime, before: Mapping[str, object] | None = None) -> dict[str, object]:
        if isinstance(when, Arrival):
            return dict(self._outlook.files(when.pattern))
        old = dict(before or {"holds": False, "times": 0, "since": now.isoformat()})
        holds = self._outlook.holds(when.rule, now)
        if holds is None:
            return old
        begins = holds and not old["holds"] and before is not None
        return {**old, "holds": holds, "times": int(str(old["times"])) + begins}

    def _jitter(self, row: ScheduleRow, planned: Planned) -> timedelta:
        """So much later, the same in every process: from the desk's seed, the schedule and the planned time."""
        most = int(row.schedule.jitter.total_seconds())
        digest = hashlib.sha256(f"{self._seed}|{row.name}|{planned.local}".encode()).digest()
        return timedelta(seconds=int.from_bytes(digest[:8]) % (most + 1))

    def coming(self, now: datetime, count: int = 10, name: str = "") -> list[Coming]:
        """The next times, of one schedule or of all; triggers have none.

        Raises:
            ScheduleError: a calendar ends before.
        """
        found: list[Coming] = []
        for row in [self._rows.get(name)] if name else self._rows.rows():
            when = parse(row.schedule.when)
            if not isinstance(when, Arrival | Firing):
                found += islice(self._times(row, when, now), count)
        return sorted(found, key=lambda item: (item.at, item.schedule))[:count]

    def _times(self, row: ScheduleRow, when: Timed, now: datetime) -> Iterator[Coming]:
        after = max(row.cursor, now - row.schedule.jitter)
        for planned in when.planned(after, now + HORIZON, lambda: self._outlook.events(row.schedule.theses)):
            at = planned.at + self._jitter(row, planned)
            if at > now:
                yield Coming(row.name, planned.local, at, planned.about)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise ScheduleError(f"{name!r} is no name for a schedule: use small letters, digits and hyphens, at most 40")


def _news(when: Arrival | Firing, before: Mapping[str, object], seen: Mapping[str, object]) -> str:
    """What to call the news that a trigger has; the same in every process that sees it, empty when there is none."""
    if isinstance(when, Firing):
        return f"rule {seen['times']} since {seen['since']}" if seen["times"] != before["times"] else ""
    new = sorted(f"{path}={mark}" for path, mark in seen.items() if before.get(path) != mark)
    return f"file {hashlib.sha256('|'.join(new).encode()).hexdigest()[:16]}" if new else ""


def _tick(name: str, planned: Planned, as_of: datetime) -> Tick:
    key = f"{name}@{planned.local}"
    stamp = planned.at.astimezone(UTC).strftime("%Y%m%dT%H%M")
    return Tick(key, name, planned.at, f"{name}-{stamp}-{hashlib.sha256(key.encode()).hexdigest()[:6]}", as_of)
