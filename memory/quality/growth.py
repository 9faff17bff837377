"""Growth: columns that hold a later period, changes across a missing period, and years counted by rows."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from statistics import median
from typing import Final, NamedTuple

from memory.cadence import infer_frequency, period_index, period_name
from memory.quality.finding import Finding, Row, finding, known

_YEAR: Final = {"monthly": 12, "quarterly": 4, "annual": 1}


def _simple(new: float, old: float, per_year: int) -> float:
    del per_year
    return 100 * (new / old - 1)


def _annualised(new: float, old: float, per_year: int) -> float:
    return 100 * ((new / old) ** per_year - 1)


METHODS: Final[Mapping[str, Callable[[float, float, int], float]]] = {"change on the period before": _simple, "annualised": _annualised}


class Match(NamedTuple):
    """How a growth column follows from a level: which way of counting, how many periods late (negative: ahead of its time)."""

    level: str
    method: str
    lead: int
    span: int
    error: float
    share: float


def explain(growth: Sequence[Row], level: Sequence[Row], name: str) -> Match | None:
    """The way of counting that gives the growth column from the level best; None when none gives it.

    ``lead`` 0 is the row's own period, 1 the period after it. Errors are in percentage points; half the rows must lie within 0.15.
    """
    numbers = {item.day: item.value for item in known(level)}
    seen = infer_frequency(list(numbers))
    if seen not in _YEAR or any(value <= 0 for value in numbers.values()):
        return None
    by_period = {period_index(day, seen): value for day, value in numbers.items()}
    found: list[Match] = []
    for method, function in METHODS.items():
        for span in {1, _YEAR[seen]} if function is _simple else {1}:
            for lead in (0, 1, -1):
                errors = []
                for item in known(growth):
                    at = period_index(item.day, seen) + lead
                    if at in by_period and at - span in by_period:
                        errors.append(abs(function(by_period[at], by_period[at - span], _YEAR[seen]) - item.value))
                if len(errors) >= 4:
                    share = sum(error <= 0.15 for error in errors) / len(errors)
                    found.append(Match(name, method, lead, span, median(errors), share))
    best = min(found, key=lambda match: (match.error, abs(match.lead)), default=None)
    return best if best and best.share >= 0.5 and best.error < 0.15 else None


def look_ahead(series: str, growth: Sequence[Row], levels: Mapping[str, Sequence[Row]]) -> list[Finding]:
    """A growth column whose rows hold the growth of the next period: whoever uses it at its date knows the future."""
    match = best_level(growth, levels)
    if match is None or match.lead <= 0:
        return []
    rows = [item.row for item in known(growth)][-5:]
    message = (
        f"each row holds the growth of the period after it ({match.method}, from {match.level}; median error {match.error:.2f} "
        f"points; its own period's growth does not fit): move it {match.lead} period later before use"
    )
    return [finding("look-ahead", "error", series, message, rows)]


def best_level(growth: Sequence[Row], levels: Mapping[str, Sequence[Row]]) -> Match | None:
    """The level that a growth column comes from."""
    matches = [match for name, level in levels.items() if (match := explain(growth, level, name))]
    return min(matches, key=lambda match: match.error, default=None)


def across_gaps(series: str, growth: Sequence[Row], levels: Mapping[str, Sequence[Row]]) -> list[Finding]:
    """Changes on "the period before" whose period before is missing: they span two and more periods."""
    match = best_level(growth, levels)
    if match is None or match.span != 1 or match.lead != 0:
        return []
    numbers = known(levels[match.level])
    seen = infer_frequency([item.day for item in numbers])
    have = {period_index(item.day, seen) for item in numbers}
    wide = [
        item.row for item in known(growth)
        if period_index(item.day, seen) in have and period_index(item.day, seen) - 1 not in have and item.day != numbers[0].day
    ]  # fmt: skip
    if not wide:
        return []
    message = f"{len(wide)} changes reach back over a missing period: they are no {seen} change"
    return [finding("growth over a gap", "error", series, message, wide)]


class YearChange(NamedTuple):
    """A change on the same period a year before, in per cent; None where that period is missing."""

    day: date
    value: float | None
    base: str


def year_on_year(rows: Sequence[Row]) -> list[YearChange]:
    """The change on the year before, by the calendar: a missing month gives none, never the neighbour's."""
    numbers = known(rows)
    seen = infer_frequency([item.day for item in numbers])
    if seen not in _YEAR:
        return []
    values = {period_index(item.day, seen): item.value for item in numbers}
    found = []
    for item in numbers:
        base = period_index(item.day, seen) - _YEAR[seen]
        before = values.get(base)
        change = 100 * (item.value / before - 1) if before else None
        found.append(YearChange(item.day, change, period_name(base, seen)))
    return found


def years_by_row(series: str, rows: Sequence[Row]) -> list[Finding]:
    """Rows for which twelve rows back is not the same month a year before."""
    numbers = known(rows)
    seen = infer_frequency([item.day for item in numbers])
    if seen not in {"monthly", "quarterly"}:
        return []
    back = _YEAR[seen]
    index = [period_index(item.day, seen) for item in numbers]
    wrong = [
        f"{numbers[i].day}: {back} rows back is {period_name(index[i - back], seen)}"
        for i in range(back, len(numbers))
        if index[i - back] != index[i] - back
    ]
    if not wrong:
        return []
    message = f"for {len(wrong)} rows a shift by {back} rows is not a year: take the same period of the year before"
    return [finding("year by row", "warning", series, message, wrong)]
