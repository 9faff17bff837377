"""The days on which an exchange trades, from exchange_calendars; what a calendar does not reach is an error, never "no holiday"."""

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from orchestrator.errors import ScheduleError


class Session(NamedTuple):
    """One day of trading, with its open and close in UTC."""

    day: date
    opens: datetime
    closes: datetime


def known(exchange: str) -> None:
    """Whether there is a calendar of this name.

    Raises:
        ScheduleError: there is none; it names the nearest.
    """
    _factory(exchange)


def sessions(exchange: str, first: date, last: date, sure: date) -> Iterator[Session]:
    """The sessions from one day to another, a year's calendar at a time.

    Args:
        exchange: its code, e.g. XNYS.
        first: a day.
        last: a day.
        sure: up to here the calendar has to reach, or an error is raised where it ends.

    Raises:
        ScheduleError: a day is past the calendar's range.
    """
    lowest, highest = _bounds(exchange)
    if first < lowest:
        raise ScheduleError(f"the calendar of {exchange} begins on {lowest}: nothing is known of {first}")
    for year in range(first.year, last.year + 1):
        if date(year, 1, 1) > highest:
            break
        yield from (item for item in _year(exchange, year) if first <= item.day <= last)
    if sure > highest:
        raise ScheduleError(f"the calendar of {exchange} ends on {highest}, so that {sure} may be a holiday: upgrade exchange-calendars")


def _factory(exchange: str) -> Any:
    from difflib import get_close_matches

    from exchange_calendars import calendar_utils, errors, resolve_alias

    factories = calendar_utils.global_calendar_dispatcher._calendar_factories  # noqa: SLF001 - the only list of the bounds
    try:
        return factories[resolve_alias(exchange)]
    except (KeyError, errors.InvalidCalendarName) as error:
        near = get_close_matches(exchange, factories, 1)
        raise ScheduleError(
            f"there is no exchange calendar {exchange!r}: " + (f"did you mean {near[0]}?" if near else "e.g. XNYS")
        ) from error


@lru_cache(maxsize=64)
def _bounds(exchange: str) -> tuple[date, date]:
    factory = _factory(exchange)
    lowest, highest = factory.bound_min(), factory.bound_max()
    return lowest.date() if lowest is not None else date(1990, 1, 1), highest.date() if highest is not None else date(2200, 1, 1)


@lru_cache(maxsize=64)
def _year(exchange: str, year: int) -> tuple[Session, ...]:
    from exchange_calendars import get_calendar

    lowest, highest = _bounds(exchange)
    with warnings.catch_warnings():
        # The library's own use of pandas, which nobody here can change.
        warnings.simplefilter("ignore", DeprecationWarning)
        calendar = get_calendar(exchange, start=max(lowest, date(year, 1, 1)), end=min(highest, date(year, 12, 31)))
        rows = zip(calendar.schedule.index, calendar.schedule["open"], calendar.schedule["close"], strict=True)
    return tuple(Session(day.date(), _utc(opens), _utc(closes)) for day, opens, closes in rows)


def _utc(moment: Any) -> datetime:
    found: datetime = moment.to_pydatetime()
    return found.astimezone(UTC)
