"""Values that do not move when they should: stale runs, coarser data spread over finer dates, data that stopped."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from memory.cadence import STEPS, infer_frequency, period_end, period_index
from memory.quality.finding import Finding, Known, Row, finding, known

_HARD = {"daily": 10, "weekly": 8, "monthly": 12, "quarterly": 8, "annual": 4}
_CHANCE = 1e-4
_COARSER = {"daily": (("monthly", 15),), "weekly": (("monthly", 4), ("quarterly", 12)), "monthly": (("annual", 12), ("quarterly", 3))}


class Block(NamedTuple):
    """A stretch of rows."""

    start: int
    stop: int


def frequency(series: str, rows: Sequence[Row], declared: str) -> list[Finding]:
    """A stated frequency that the dates contradict."""
    days = [item.day for item in known(rows)]
    seen = infer_frequency(days)
    if not declared or not seen or declared == seen:
        return []
    message = f"it is described as {declared}, but its dates are {seen}: correct the description"
    return [finding("frequency", "error", series, message, [f"{days[0]} to {days[-1]}"])]


def repeated(series: str, rows: Sequence[Row]) -> list[Finding]:
    """Coarser values repeated on finer dates: whole years of equal months, say, that change only at New Year."""
    numbers = known(rows)
    seen = infer_frequency([item.day for item in numbers])
    for coarse, size in _COARSER.get(seen, ()):
        blocks = repeated_blocks(numbers, coarse, size)
        if blocks:
            count = sum(block.stop - block.start for block in blocks)
            shown = [f"{numbers[block.start].day} to {numbers[block.stop - 1].day}" for block in blocks]
            message = f"{count} {seen} rows repeat {coarse} values: their changes and volatility mean nothing; use them as {coarse}"
            return [finding("repeated", "error", series, message, shown)]
    return []


def repeated_blocks(numbers: Sequence[Known], coarse: str, size: int) -> list[Block]:
    """Three and more whole coarse periods in a row, each of one value, with three and more different values among them."""
    groups: list[tuple[int, Block, bool]] = []
    start = 0
    for index, members in groupby(numbers, key=lambda item: period_index(item.day, coarse)):
        values = [item.value for item in members]
        groups.append((index, Block(start, start + len(values)), len(values) >= size and len(set(values)) == 1))
        start += len(values)
    found: list[Block] = []
    run: list[tuple[int, Block]] = []
    for index, block, flat in [*groups, (0, Block(0, 0), False)]:
        if flat and (not run or index == run[-1][0] + 1):
            run.append((index, block))
            continue
        values = [numbers[part.start].value for _, part in run]
        changes = sum(a != b for a, b in pairwise(values))
        if len(run) >= 3 and len(set(values)) >= 3 and changes >= 0.3 * (len(values) - 1):
            found.append(Block(run[0][1].start, run[-1][1].stop))
        run = [(index, block)] if flat else []
    return found


def stale(series: str, rows: Sequence[Row]) -> list[Finding]:
    """Runs of one value that chance does not give, or that are simply long (ten days, a year of months).

    The chance is N * p ** (n - 1), where p is how often the rest of the series stands still. Rows that repeat a coarser
    value are the business of ``repeated``.
    """
    numbers = known(rows)
    seen = infer_frequency([item.day for item in numbers])
    inside = {
        place for coarse, size in _COARSER.get(seen, ()) for block in repeated_blocks(numbers, coarse, size) for place in range(*block)
    }
    runs = _still(numbers)
    standing = sum(run.stop - run.start - 1 for run in runs)
    found = []
    for run in runs:
        n = run.stop - run.start
        if n < 3 or all(place in inside for place in range(*run)):
            continue
        rest = max(1, len(numbers) - n)
        usual = (standing - (n - 1)) / rest
        if n >= _HARD.get(seen, 10) or (n >= 5 and len(numbers) * usual ** (n - 1) < _CHANCE):
            found.append(f"{numbers[run.start].day} to {numbers[run.stop - 1].day}: {numbers[run.start].value:g} ({n} times)")
    if not found:
        return []
    message = f"{len(found)} runs of one value are longer than chance gives: a peg, a posted price, or a source that stopped"
    return [finding("stale", "warning", series, message, found)]


def _still(numbers: Sequence[Known]) -> list[Block]:
    runs = []
    start = 0
    for place in range(1, len(numbers) + 1):
        if place == len(numbers) or numbers[place].value != numbers[start].value:
            runs.append(Block(start, place))
            start = place
    return [run for run in runs if run.stop - run.start > 1]


def freshness(series: str, rows: Sequence[Row], now: datetime, lag_days: int = 0) -> list[Finding]:
    """A newest value older than three of its periods (two years for annual data) and its release lag allow."""
    numbers = known(rows)
    seen = infer_frequency([item.day for item in numbers])
    if not seen:
        return []
    last: date = numbers[-1].day
    slack = max((2 if seen == "annual" else 3) * STEPS[seen], 7) + max(lag_days - (period_end(last, seen) - last).days, 0)
    due = period_end(last, seen) + timedelta(days=slack)
    if now.date() <= due:
        return []
    late = (now.date() - period_end(last, seen)).days
    message = f"its newest value is for {last}, {late} days before {now.date()}: pull it again, or call the series ended"
    return [finding("freshness", "warning", series, message, [numbers[-1].row])]
