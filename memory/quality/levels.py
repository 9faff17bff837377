"""Checks on what the numbers say: their sign, their scale, their unit, their currency, and which way a pair is quoted."""

import math
import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from memory.errors import InputError
from memory.observation import SeriesInfo
from memory.quality.entries import PRICES
from memory.quality.finding import Finding, Row, finding, known

_BREAK = 100.0
_PER = re.compile(r"^\s*([A-Z]{3})\s*(?:per|/)\s*([A-Z]{3})\s*$")
_SIGNS: Final = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}

ANCHORS: Final[dict[str, tuple[tuple[str, float], ...]]] = {
    "EUR": (("2000-10", 0.853), ("2008-07", 1.577), ("2025-02", 1.041)),
    "GBP": (("1985-03", 1.125), ("2007-11", 2.071), ("2025-02", 1.254)),
    "AUD": (("2001-04", 0.501), ("1974-06", 1.488), ("2025-02", 0.630)),
    "NZD": (("2000-10", 0.402), ("1973-10", 1.480), ("2025-02", 0.568)),
    "IEP": (("1985-03", 0.946), ("1972-06", 2.569)),
}
"""Dollars for one unit, monthly averages of the Federal Reserve's H.10, rounded: the currencies that markets quote that way."""
PEOPLE: Final = {
    "euro": "EUR", "euro_area": "EUR", "eurozone": "EUR", "united_kingdom": "GBP", "uk": "GBP", "britain": "GBP", "sterling": "GBP",
    "australia": "AUD", "new_zealand": "NZD", "ireland": "IEP",
}  # fmt: skip
_NAMED = re.compile(r"(?:^|[._])(?:(EUR|GBP|AUD|NZD|IEP)USD|USD(EUR|GBP|AUD|NZD|IEP))(?:$|[._])", re.IGNORECASE)


def negative(series: str, rows: Sequence[Row], kind: str = "close", unit: str = "") -> list[Finding]:
    """Prices below nought: real for oil on 2020-04-20, and fatal for a logarithm. Rates and changes may be negative."""
    numbers = known(rows)
    below = [item.row for item in numbers if item.value < 0]
    if not below or kind not in PRICES or unit == "%" or len(below) > 0.05 * len(numbers):
        return []
    message = f"{len(below)} prices are negative: a log return does not exist there; use differences, or leave the days out by name"
    return [finding("negative", "warning", series, message, below)]


def log_returns(rows: Sequence[Row]) -> list[tuple[date, float]]:
    """ln(v[i] / v[i-1]) by day.

    Raises:
        InputError: a value is not above nought: the day is named, nothing is dropped in silence.
    """
    numbers = known(rows)
    bad = next((item for item in numbers if item.value <= 0), None)
    if bad is not None:
        raise InputError(f"a log return needs prices above nought, and {bad.day} has {bad.value:g}: use differences, or name the day")
    return [(b.day, math.log(b.value / a.value)) for a, b in pairwise(numbers)]


def unit_breaks(series: str, rows: Sequence[Row]) -> list[Finding]:
    """Steps of a hundred times and more from one value to the next: another unit, another currency, or new money."""
    numbers = [item for item in known(rows) if item.value > 0]
    found = []
    for before, item in pairwise(numbers):
        factor = item.value / before.value
        if not 1 / _BREAK < factor < _BREAK:
            times = f"{factor:,.0f} times" if factor > 1 else f"one part in {1 / factor:,.0f} of"
            found.append(f"{item.day} {item.value:g} is {times} the value of {before.day}")
    if not found:
        return []
    return [finding("unit", "error", series, f"{len(found)} steps are too large for one unit: convert the parts to one", found)]


def described(info: SeriesInfo) -> list[Finding]:
    """A description that leaves out the unit, or whose currency and unit name different money."""
    found = []
    if not info.unit:
        found.append(finding("unit", "note", info.series, "it states no unit: name it in data/series.yaml"))
    sign = info.unit.split("/")[0].strip()
    money = _SIGNS.get(sign, sign if re.fullmatch(r"[A-Z]{3}", sign) else "")
    if money and info.currency and money != info.currency and not _PER.match(info.unit):
        message = f"its unit {info.unit} is in {money} and its currency says {info.currency}: correct one of them"
        found.append(finding("currency", "error", info.series, message))
    return found


class Direction(NamedTuple):
    """Which way a pair is quoted: dollars for one unit of ``money``, or the other way round; at which month it shows."""

    money: str
    dollars_per_unit: bool
    month: str
    value: float


def direction(money: str, rows: Sequence[Row]) -> Direction | None:
    """How the values stand to dated anchors; None when no anchor month is in the series or they do not tell."""
    for month, dollars in ANCHORS.get(money, ()):
        values = [item.value for item in known(rows) if f"{item.day:%Y-%m}" == month and item.value > 0]
        if not values:
            continue
        value = median(values)
        straight, turned = abs(math.log(value / dollars)), abs(math.log(value * dollars))
        if min(straight, turned) < 0.05 < abs(straight - turned):
            return Direction(money, straight < turned, month, value)
    return None


def quote_direction(info: SeriesInfo, rows: Sequence[Row]) -> list[Finding]:
    """A dollar pair quoted the other way round than its name or unit says, or than markets quote it where neither says."""
    named = _NAMED.search(info.series)
    unit = _PER.match(info.unit)
    tail = info.series.rpartition(".")[2]
    money = ((named[1] or named[2]).upper() if named else "") or PEOPLE.get(tail, "") or _pair_money(unit)
    seen = direction(money, rows) if money else None
    if seen is None:
        return []
    said, by = (bool(named[1]), "its name") if named else (unit[1] == "USD", "its unit") if unit else (True, "")
    if seen.dollars_per_unit == said:
        return []
    is_now = f"USD per {money}" if seen.dollars_per_unit else f"{money} per USD"
    wanted = f"USD per {money}" if said else f"{money} per USD"
    place = [f"{seen.month}: {seen.value:g} is {is_now}"]
    if by:
        return [finding("quote direction", "error", info.series, f"{by} says {wanted}, its values are {is_now}: turn one round", place)]
    message = f"its values are {is_now}, markets quote {wanted}: state the unit, or take one over each value"
    return [finding("quote direction", "warning", info.series, message, place)]


def _pair_money(unit: "re.Match[str] | None") -> str:
    if unit is None or "USD" not in unit.groups():
        return ""
    return next((money for money in unit.groups() if money != "USD"), "")


def turned_round(series: str, rows: Sequence[Row], kind: str = "close") -> list[Finding]:
    """A series that changes its quote direction on the way: for a while before, and for a while after, one over it."""
    numbers = known(rows)
    if kind not in PRICES or any(item.value <= 0 for item in numbers):
        return []
    logs = [math.log(item.value) for item in numbers]
    found = []
    for i in range(3, len(logs) - 2):
        before, after = median(logs[i - 3 : i]), median(logs[i : i + 3])
        if (
            abs(logs[i] - logs[i - 1]) > 0.1
            and abs(after - before) > 0.1
            and abs(before + after) < 0.05
            and abs(logs[i] + logs[i - 1]) < 0.05
        ):
            found.append(f"{numbers[i].day}: {numbers[i].value:g} after {numbers[i - 1].value:g}")
    if not found:
        return []
    message = "its quote direction changes on the way: each value is about one over the one before; turn one part round"
    return [finding("quote direction", "error", series, message, found)]
