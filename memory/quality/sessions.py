"""Days that should have a value and days that should not: by a venue's calendar, else by the working week."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from memory.cadence import infer_frequency, period_index, period_name
from memory.errors import InputError
from memory.quality.finding import Finding, Row, finding, known

LONG = 3
"""Missing sessions in a row that no local holiday explains."""


@lru_cache(maxsize=32)
def sessions(venue: str, first: date, last: date) -> tuple[date, ...]:
    """The days on which a venue trades, both ends included.

    Raises:
        InputError: no such venue, or days that its calendar does not reach; they are unknown, not holidays.
    """
    reach = _calendar(venue)
    end = min(day.date() for day in (reach.last_session, reach.bound_max()) if day is not None)
    start = reach.bound_min()
    if last > end or (start is not None and first < start.date()):
        known_from = start.date().isoformat() if start is not None else "the beginning"
        raise InputError(f"the calendar of {venue} reaches from {known_from} to {end}, not {first} to {last}: ask for days inside it")
    return tuple(day.date() for day in _calendar(venue, start=first.isoformat(), end=last.isoformat()).sessions)


class Hours(NamedTuple):
    """A venue's zone and its local hours as 09:30; empty for one that never closes."""

    zone: str
    opens: str
    closes: str


@lru_cache(maxsize=32)
def hours(venue: str) -> Hours:
    """The zone and the newest hours of a venue.

    Raises:
        InputError: no such venue.
    """
    calendar = _calendar(venue)
    opens, closes = calendar.open_times[-1][1], calendar.close_times[-1][1]
    if opens >= closes:
        return Hours(str(calendar.tz.key), "", "")
    return Hours(str(calendar.tz.key), f"{opens:%H:%M}", f"{closes:%H:%M}")


def _calendar(venue: str, **bounds: str) -> Any:
    import warnings

    with warnings.catch_warnings():
        # The library announces changes of pandas that are its own to follow.
        warnings.simplefilter("ignore")
        import exchange_calendars as xc
        from exchange_calendars.errors import InvalidCalendarName

        try:
            return xc.get_calendar(venue, **bounds)
        except InvalidCalendarName as error:
            raise InputError(f"{venue!r} is no venue whose calendar is known: give its exchange code, e.g. XNYS, XLON, CMES") from error


def gaps(series: str, rows: Sequence[Row], venue: str = "") -> list[Finding]:
    """Sessions of the venue without a value; of monthly, quarterly and annual series, the periods without one.

    Three sessions in a row and more are an error, fewer a note, since a spot market may keep other holidays. Without a venue
    four working days in a row are an error.
    """
    days = [item.day for item in known(rows)]
    frequency = infer_frequency(days)
    if frequency in {"monthly", "quarterly", "annual"}:
        return _missing_periods(series, days, frequency)
    if frequency != "daily":
        return []
    have = set(days)
    expected = list(sessions(venue, days[0], days[-1])) if venue else _weekdays(days[0], days[-1])
    runs = _runs(expected, have)
    least = LONG if venue else LONG + 1
    long = [run for run in runs if len(run) >= least]
    short = [run for run in runs if len(run) < least]
    found = []
    by = f"the calendar of {venue}" if venue else "the working week"
    if long:
        shown = [f"{run[0]} to {run[-1]} ({len(run)} days)" for run in long]
        found.append(finding("gap", "error", series, f"by {by} {sum(map(len, long))} sessions in {len(long)} runs have no value", shown))
    if short and venue:
        shown = [str(day) for run in short for day in run]
        message = f"{len(shown)} sessions of {venue} have no value; are its holidays those of this market?"
        found.append(finding("gap", "note", series, message, shown))
    return found


def _missing_periods(series: str, days: Sequence[date], frequency: str) -> list[Finding]:
    have = {period_index(day, frequency) for day in days}
    lost = [period_name(index, frequency) for index in range(min(have), max(have)) if index not in have]
    if not lost:
        return []
    message = f"{len(lost)} {frequency} periods have no value: changes across them span more than one period"
    return [finding("gap", "error", series, message, lost)]


def _weekdays(first: date, last: date) -> list[date]:
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in every if day.weekday() < 5]


def _runs(expected: Sequence[date], have: set[date]) -> list[list[date]]:
    runs: list[list[date]] = []
    open_run = False
    for day in expected:
        if day in have:
            open_run = False
        elif open_run:
            runs[-1].append(day)
        else:
            runs.append([day])
            open_run = True
    return runs


def closed_days(series: str, rows: Sequence[Row], venue: str = "") -> list[Finding]:
    """Values on days without a session: at weekends, and, for a venue, on its holidays when they only repeat the day before."""
    numbers = known(rows)
    if infer_frequency([item.day for item in numbers]) != "daily":
        return []
    found = []
    weekend = [item.row for item in numbers if item.day.weekday() > 4]
    if weekend and venue != "24/7":
        found.append(finding("session", "warning", series, f"{len(weekend)} values lie on Saturdays or Sundays", weekend))
    if venue:
        trading = set(sessions(venue, numbers[0].day, numbers[-1].day))
        filled = [
            item.row
            for before, item in pairwise(numbers)
            if item.day not in trading and item.day.weekday() < 5 and item.value == before.value
        ]
        if len(filled) >= LONG:
            message = f"{len(filled)} values on holidays of {venue} repeat the day before: the source fills forward; leave them out"
            found.append(finding("session", "warning", series, message, filled))
    return found
