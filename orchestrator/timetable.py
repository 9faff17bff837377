"""When a schedule is due: from words like ``weekdays 07:30 Europe/Zurich`` to instants.

Times are wall-clock times of a zone. Each is planned once, under its local date and time: in autumn, when an hour comes twice, at its
first coming; in spring, when an hour is left out, at the first instant after the gap. Of several that fall on that same instant the last
stands for all. A cron line of many times an hour is therefore silent in the hour that comes again.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from orchestrator.errors import ScheduleError

LONGEST_GAP = timedelta(days=2)
"""Longer than any change of a zone's offset: islands have left out a whole day."""

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
HELP = (
    'e.g. "weekdays 07:30 Europe/Zurich", "mon,thu 18:00 UTC", "monthly 1 08:00 UTC", "cron 0 7-19 * * 1-5 UTC", "XNYS 07:30 UTC", '
    '"XNYS close+15m", "catalysts -3,-1,+1 07:30 UTC", "file sources/*.pdf", "rule last(series) > 1"'
)


class Planned(NamedTuple):
    """One time that was planned: its local date, time and zone (its key), the instant, and what it is about."""

    local: str
    at: datetime
    about: str = ""


class Dated(NamedTuple):
    """A dated event of a thesis."""

    thesis: str
    on: date
    title: str
    days: tuple[int, ...] = (-3, 1)


Events = Callable[[], Sequence[Dated]]
"""The dated events of the theses that a schedule is for."""


class Clock(NamedTuple):
    """By the clock: a cron line of five fields in a zone."""

    cron: str
    zone: ZoneInfo

    def planned(self, after: datetime, until: datetime, events: Events) -> Iterator[Planned]:
        """Those after one instant, up to and with another."""
        del events
        return _merged(self.zone, self._locals(_local(after, self.zone) - LONGEST_GAP), after, until)

    def _locals(self, start: datetime) -> Iterator[tuple[datetime, str]]:
        from croniter import CroniterBadDateError, croniter

        times = croniter(self.cron, start)
        while True:
            try:
                yield times.get_next(datetime), ""
            except CroniterBadDateError:
                return


class Sessions(NamedTuple):
    """On the days on which an exchange trades: at a time of a zone, or so many minutes from the open or the close."""

    exchange: str
    at: time | None
    zone: ZoneInfo | None
    anchor: str = ""
    minutes: int = 0

    def planned(self, after: datetime, until: datetime, events: Events) -> Iterator[Planned]:
        """Those after one instant, up to and with another.

        Raises:
            ScheduleError: the exchange's calendar does not reach so far; what it does not know is no holiday.
        """
        del events
        from orchestrator.exchange import sessions

        first, last = (after - LONGEST_GAP).date(), min(until + timedelta(days=1), datetime.max.replace(tzinfo=UTC)).date()
        if self.at is not None and self.zone is not None:
            at = self.at
            last = _local(until, self.zone).date()
            yield from _merged(
                self.zone, ((datetime.combine(item.day, at), "") for item in sessions(self.exchange, first, last, last)), after, until
            )
            return
        for item in sessions(self.exchange, first, last, until.date()):
            instant = (item.opens if self.anchor == "open" else item.closes) + timedelta(minutes=self.minutes)
            if instant > until:
                return
            if instant > after:
                yield Planned(f"{item.day} {self.exchange} {self.anchor}{self.minutes:+d}m", instant)


class Catalysts(NamedTuple):
    """So many days before and after the dated events of theses, at a time of a zone; ``days`` empty: as each event says."""

    days: tuple[int, ...]
    at: time
    zone: ZoneInfo

    def planned(self, after: datetime, until: datetime, events: Events) -> Iterator[Planned]:
        """Those after one instant, up to and with another; of one day's events the titles are joined."""
        about: dict[datetime, list[str]] = {}
        for event in events():
            for days in self.days or event.days:
                about.setdefault(datetime.combine(event.on + timedelta(days=days), self.at), []).append(_words(event, days))
        return _merged(self.zone, ((local, "; ".join(sorted(about[local]))) for local in sorted(about)), after, until)


class Arrival(NamedTuple):
    """When a file of a pattern arrives or changes."""

    pattern: str


class Firing(NamedTuple):
    """When a rule over the desk's data begins to hold."""

    rule: str


Timed = Clock | Sessions | Catalysts
When = Timed | Arrival | Firing


def parse(text: str) -> When:
    """What the words of a schedule mean.

    Raises:
        ScheduleError: they mean nothing; it says what would.
    """
    words = text.split()
    if len(words) < 2:
        raise ScheduleError(f"{text!r} says no time: write {HELP}")
    head, rest = words[0].lower(), words[1:]
    if head == "file":
        return Arrival(_inside(" ".join(rest)))
    if head == "rule":
        return Firing(" ".join(rest))
    if head == "cron" and len(rest) == 6:
        return Clock(_cron(" ".join(rest[:5])), zone_of(rest[5]))
    if head == "catalysts" and len(rest) in {2, 3}:
        return Catalysts(_offsets(rest[0]) if len(rest) == 3 else (), _time(rest[-2]), zone_of(rest[-1]))
    if head == "monthly" and len(rest) == 3:
        at = _time(rest[1])
        return Clock(_cron(f"{at.minute} {at.hour} {'L' if rest[0] == 'last' else rest[0]} * *"), zone_of(rest[2]))
    if re.fullmatch(r"[A-Z0-9]{4}(/[A-Z]+)?", words[0]):
        return _sessions(words[0], rest, text)
    if len(rest) == 2:
        at = _time(rest[0])
        return Clock(_cron(f"{at.minute} {at.hour} * * {_weekdays(head, text)}"), zone_of(rest[1]))
    raise ScheduleError(f"{text!r} is not understood: write {HELP}")


def zone_of(name: str) -> ZoneInfo:
    """A zone of the tz database.

    Raises:
        ScheduleError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ScheduleError(f"there is no time zone {name!r}: write one like Europe/Zurich or UTC") from error


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall-clock time, in UTC: the first of two, or the end of the gap that it falls into."""
    late = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _local(late, zone) == local:
        return late
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = early.astimezone(zone).utcoffset()
    # The offset changes somewhere between the two readings: halve to the second.
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        early, late = (middle, late) if middle.astimezone(zone).utcoffset() == offset else (early, middle)
    return late


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _merged(zone: ZoneInfo, times: Iterator[tuple[datetime, str]], after: datetime, until: datetime) -> Iterator[Planned]:
    """Wall-clock times in order as instants, the last of those that fall together."""
    found = (Planned(f"{local:%Y-%m-%dT%H:%M} {zone.key}", instant(local, zone), about) for local, about in times)
    for at, together in groupby(found, key=lambda item: item.at):
        if at > until:
            return
        if at > after:
            yield list(together)[-1]


def _words(event: Dated, days: int) -> str:
    when = "on the day" if not days else f"{abs(days)} day{'s' if abs(days) > 1 else ''} {'before' if days < 0 else 'after'}"
    return f"{event.thesis}: {event.title}, {when}"


def _time(text: str) -> time:
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if found is None:
        raise ScheduleError(f"{text!r} is no time of day: write it like 07:30")
    return time(int(found[1]), int(found[2]))


def _weekdays(text: str, whole: str) -> str:
    if text in {"daily", "weekdays", "weekends"}:
        return {"daily": "*", "weekdays": "1-5", "weekends": "0,6"}[text]
    found = []
    for name in text.split(","):
        if name[:3] not in DAYS or not re.fullmatch(r"(sun|mon|tues?|wed(nes)?|thu(rs?)?|fri|sat(ur)?)(days?)?", name):
            raise ScheduleError(f"{whole!r} is not understood: write {HELP}")
        found.append(str(DAYS.index(name[:3])))
    return ",".join(found)


def _cron(line: str) -> str:
    from croniter import CroniterError, croniter

    try:
        croniter(line, datetime(2000, 1, 1)).get_next(datetime)  # noqa: DTZ001 - wall-clock times have no zone
    except (CroniterError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ScheduleError(f"{line!r} is no cron line that ever comes: minute hour day month weekday ({error})") from error
    return line


def _offsets(text: str) -> tuple[int, ...]:
    try:
        days = tuple(sorted({int(item) for item in text.split(",")}))
    except ValueError as error:
        raise ScheduleError(f"{text!r} are no days around an event: write them like -3,-1,+1") from error
    if max(abs(item) for item in days) > 366:
        raise ScheduleError(f"{text!r}: an event is looked at within 366 days")
    return days


def _sessions(exchange: str, rest: Sequence[str], text: str) -> Sessions:
    from orchestrator.exchange import known

    known(exchange)
    anchor = re.fullmatch(r"(open|close)(?:([+-]\d{1,3})m)?", rest[0])
    if len(rest) == 1 and anchor:
        return Sessions(exchange, None, None, anchor[1], int(anchor[2] or 0))
    if len(rest) == 2:
        return Sessions(exchange, _time(rest[0]), zone_of(rest[1]))
    raise ScheduleError(f"{text!r} is not understood: write {exchange} 07:30 Europe/Zurich, {exchange} open-30m or {exchange} close+15m")


def _inside(pattern: str) -> str:
    parts = pattern.split("/")
    if ".." in parts or "\\" in pattern or parts[0] in {"", ".stoa", "**"} or parts[0].startswith("~"):
        raise ScheduleError(f"{pattern!r} must be a pattern inside a folder of the desk, like sources/*.pdf")
    return pattern
