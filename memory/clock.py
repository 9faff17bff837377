"""Time is passed in: this is the one place where it is read."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one reader of it


def end_of_day(day: date) -> datetime:
    """The last instant of a day in UTC: an as-of date includes what became known on that day."""
    return datetime.combine(day, time.max, tzinfo=UTC)
