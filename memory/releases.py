"""Since when a value can be known: its release rule, else its stated lag, else the end of the period it describes."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from memory.cadence import period_end
from memory.errors import InputError

if TYPE_CHECKING:
    from memory.observation import SeriesInfo

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RULE = re.compile(
    rf"(?:(?P<weekday>{'|'.join(_DAYS)})|(?P<same>same day)|\+(?P<lag>\d{{1,3}})d|business day (?P<business>\d{{1,2}}))"
    r"\s+(?P<hour>\d{2}):(?P<minute>\d{2})\s+(?P<zone>[A-Za-z_]+(?:/[A-Za-z_]+)*)$"
)
RULE_HELP = "'friday 15:30 ZONE', 'same day 18:00 ZONE', '+15d 08:30 ZONE' or 'business day 2 14:00 ZONE', ZONE as America/New_York"
_EVENING = time(22)


class Release(NamedTuple):
    """A rule for when the value of a period comes out, in local time.

    ``weekday`` (0 is Monday) is the first such day after the value's own; ``business`` counts weekdays after the period's end;
    else ``lag`` days after it.
    """

    lag: int
    weekday: int | None
    business: int
    at: time
    zone: str

    def moment(self, day: date, frequency: str) -> datetime:
        """When the value of ``day`` is out, in UTC."""
        from zoneinfo import ZoneInfo

        end = period_end(day, frequency)
        out = end + timedelta(days=self.lag)
        if self.weekday is not None:
            out = end + timedelta(days=(self.weekday - end.weekday() - 1) % 7 + 1)
        for _ in range(self.business):
            out += timedelta(days=3 if out.weekday() == 4 else 2 if out.weekday() == 5 else 1)
        return datetime.combine(out, self.at, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)


@cache
def parse_release(text: str) -> Release:
    """A rule as written.

    Raises:
        InputError: it is none, or its zone is unknown.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    match = _RULE.match(text.strip())
    if match is None:
        raise InputError(f"{text!r} is no release rule: write {RULE_HELP}")
    try:
        ZoneInfo(match["zone"])
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(f"{text!r} names no time zone: write {RULE_HELP}") from error
    weekday = _DAYS.index(match["weekday"]) if match["weekday"] else None
    try:
        at = time(int(match["hour"]), int(match["minute"]))
    except ValueError as error:
        raise InputError(f"{text!r} names no time of day: write {RULE_HELP}") from error
    return Release(int(match["lag"] or 0), weekday, int(match["business"] or 0), at, match["zone"])


def known_at(info: "SeriesInfo", day: date, frequency: str = "") -> datetime:
    """Since when a value of ``day`` can be known, in UTC.

    ``frequency`` is what the dates say, for a series whose description does not. A value of a period is never known before
    that period ends, unless a lag that counts from its first day is stated.
    """
    stated = info.frequency if "frequency" in info.model_fields_set or not frequency else frequency
    if info.release:
        return parse_release(info.release).moment(day, stated)
    if "lag_days" in info.model_fields_set:
        return datetime.combine(day, _EVENING, tzinfo=UTC) + timedelta(days=info.lag_days)
    return datetime.combine(period_end(day, stated), _EVENING, tzinfo=UTC)
