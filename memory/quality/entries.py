"""Checks on rows as they were written: types, duplicates, order, missing values, times."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from memory.quality.finding import Finding, Row, finding, known
from memory.series_table import MISSING

PRICES: Final = frozenset({"close", "settle", "average", "level"})


def types(series: str, rows: Sequence[Row]) -> list[Finding]:
    """Entries that are neither a number nor a usual sign for a missing one."""
    bad = [row for row in rows if row.value is None and row.text.strip().lower() not in MISSING]
    if not bad:
        return []
    return [finding("type", "error", series, f"{len(bad)} of {len(rows)} values are no numbers: correct them or leave them blank", bad)]


def duplicates(series: str, rows: Sequence[Row]) -> list[Finding]:
    """Days that stand more than once: with different values an error, with one value a warning."""
    counts = Counter(row.day for row in rows)
    values: dict[object, set[float | None]] = {}
    for row in rows:
        values.setdefault(row.day, set()).add(row.value)
    torn = [row for row in rows if counts[row.day] > 1 and len(values[row.day]) > 1]
    same = [row for row in rows if counts[row.day] > 1 and len(values[row.day]) == 1]
    found = []
    if torn:
        found.append(finding("duplicate", "error", series, "days stand twice with different values: say which one holds", torn))
    if same:
        found.append(finding("duplicate", "warning", series, "days stand twice with the same value: leave one out", same))
    return found


def order(series: str, rows: Sequence[Row]) -> list[Finding]:
    """Rows whose day lies before the row above; a table that runs backwards throughout is only noted."""
    back = [row for above, row in pairwise(rows) if row.day < above.day]
    if not back:
        return []
    if all(row.day <= above.day for above, row in pairwise(rows)):
        return [finding("order", "note", series, "the rows run from new to old; they are sorted on reading", back[:1])]
    return [finding("order", "warning", series, f"{len(back)} rows lie before the row above: was something pasted in?", back)]


def missing(series: str, rows: Sequence[Row], kind: str = "close", unit: str = "") -> list[Finding]:
    """Blanks, and zeros that stand for them: a price of nought among prices far from it. A change or a rate may be nought."""
    found = []
    blanks = [row for row in rows if row.value is None and row.text.strip().lower() in MISSING]
    if kind == "change" and blanks and blanks[0] == rows[0]:
        del blanks[0]  # the first change has nothing before it
    if blanks:
        found.append(finding("missing", "warning", series, f"{len(blanks)} values are blank: they are left out, not filled in", blanks))
    numbers = known(rows)
    zeros = [item.row for item in numbers if item.value == 0]
    rest = [abs(item.value) for item in numbers if item.value != 0]
    signed = any(item.value < 0 for item in numbers)
    if zeros and rest and kind in PRICES and unit not in {"%", "probability"} and not signed and len(zeros) <= 0.05 * len(numbers):
        typical = sorted(rest)[len(rest) // 2]
        lowest = sorted(rest)[len(rest) // 100]
        if lowest > 0.02 * typical:
            message = f"{len(zeros)} values are nought while others lie near {typical:g}: a missing value was written as 0"
            found.append(finding("missing", "error", series, message, zeros))
    return found


def time_zones(series: str, stamps: Sequence[tuple[int, str]], zone: str = "", opens: str = "", closes: str = "") -> list[Finding]:
    """Times as written: some with an offset and some without; none with one; offsets or hours that are not the venue's.

    ``opens`` and ``closes`` are the venue's local hours as 09:30; an empty ``zone`` leaves out what needs one.
    """
    times = [(line, text, parsed) for line, text in stamps if len(text.strip()) > 10 and (parsed := _stamp(text)) is not None]
    naive = [f"{text} (line {line})" for line, text, at in times if at.tzinfo is None]
    aware = [item for item in times if item[2].tzinfo is not None]
    found = []
    if naive and aware:
        found.append(finding("time zone", "error", series, "some times name their offset from UTC and some do not: add it to all", naive))
    elif naive and any(at.time().isoformat() != "00:00:00" for _, _, at in times):
        found.append(finding("time zone", "warning", series, "the times name no zone: say which one they are in", naive))
    if zone and aware:
        found += _against_venue(series, aware, zone, opens, closes)
    return found


def _against_venue(series: str, times: Sequence[tuple[int, str, datetime]], zone: str, opens: str, closes: str) -> list[Finding]:
    from zoneinfo import ZoneInfo

    local = [(line, text, at, at.astimezone(ZoneInfo(zone))) for line, text, at in times]
    moved = [f"{text} (line {line}) is {there:%Y-%m-%d} in {zone}" for line, text, at, there in local if at.date() != there.date()]
    found = []
    if moved:
        message = f"the date as written is another day in {zone}: take the venue's own day"
        found.append(finding("session", "error", series, message, moved))
    if opens and closes:
        outside = [f"{text} (line {line})" for line, text, _, there in local if not opens <= f"{there:%H:%M}" <= closes]
        if outside:
            message = f"times lie outside the session {opens} to {closes} in {zone}"
            found.append(finding("session", "warning", series, message, outside))
    return found


def _stamp(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None
