"""Two sources of one quantity held against each other; licences and origins."""

import math
import re
from collections.abc import Sequence
from datetime import date
from statistics import median
from typing import Final, NamedTuple

from memory.cadence import infer_frequency, period_index, period_name
from memory.observation import SeriesInfo
from memory.quality.finding import Finding, Row, finding, known

FACTORS: Final[dict[float, str]] = {
    100.0: "per cent against fractions, or cents against dollars",
    1000.0: "thousands",
    1e6: "millions",
    31.1034768: "grams against ounces (troy)",
    32.1507466: "kilograms against ounces (troy)",
    2204.62262: "tonnes against pounds",
    42.0: "barrels against gallons",
    7.33: "tonnes against barrels of oil",
}
_DOUBT = re.compile(r"believe|unconfirmed|unclear|unknown|probably|\?", re.IGNORECASE)
_BOUND = re.compile(r"non-?commercial|no redistribution|personal use|internal use", re.IGNORECASE)


class Shared(NamedTuple):
    """Two values of one period."""

    period: str
    a: float
    b: float


def shared(a: Sequence[Row], b: Sequence[Row], shift: int = 0) -> list[Shared]:
    """The periods that two series have in common, ``b`` read ``shift`` periods later; empty for different frequencies."""
    left, right = known(a), known(b)
    seen = infer_frequency([item.day for item in left])
    if not seen or seen != infer_frequency([item.day for item in right]):
        return []
    values = {period_index(item.day, seen): item.value for item in right}
    found = []
    for item in left:
        index = period_index(item.day, seen)
        if index + shift in values:
            found.append(Shared(period_name(index, seen), item.value, values[index + shift]))
    return found


def reconcile(series: str, other: str, a: Sequence[Row], b: Sequence[Row], tolerance: float = 0.01) -> list[Finding]:
    """Where two sources of one quantity differ by more than ``tolerance`` (relative), and whether unit, direction or date explains it."""
    pairs = shared(a, b)
    if len(pairs) < 3:
        return [finding("reconciliation", "note", series, f"it shares fewer than three periods with {other}: nothing was compared")]
    apart = [pair for pair in pairs if not math.isclose(pair.a, pair.b, rel_tol=tolerance, abs_tol=1e-12)]
    if not apart:
        return []
    reason = _systematic(pairs, a, b, tolerance) if len(apart) > 0.5 * len(pairs) else ""
    apart.sort(key=lambda pair: -abs(pair.a - pair.b) / max(abs(pair.a), abs(pair.b), 1e-12))
    shown = [f"{pair.period}: {pair.a:g} against {pair.b:g}" for pair in apart]
    severity: Final = "error" if len(apart) > 0.05 * len(pairs) else "warning"
    message = f"{len(apart)} of {len(pairs)} periods differ from {other} by more than {tolerance:.1%}"
    return [finding("reconciliation", severity, series, f"{message}: {reason or 'ask both sources which one is right'}", shown)]


def _systematic(pairs: Sequence[Shared], a: Sequence[Row], b: Sequence[Row], tolerance: float) -> str:
    positive = [pair for pair in pairs if pair.a > 0 and pair.b > 0]
    if not positive:
        return ""
    ratio = median(pair.a / pair.b for pair in positive)
    for factor, meaning in FACTORS.items():
        if math.isclose(ratio, factor, rel_tol=0.02) or math.isclose(ratio, 1 / factor, rel_tol=0.02):
            return f"their ratio is {ratio:.4g}: {meaning}"
    if median(abs(math.log(pair.a * pair.b)) for pair in positive) < tolerance:
        return "one is one over the other: they are quoted in opposite directions"
    for shift in (1, -1):
        moved = shared(a, b, shift)
        close = sum(math.isclose(pair.a, pair.b, rel_tol=tolerance) for pair in moved)
        if moved and close > 0.9 * len(moved):
            return f"they agree when one is moved by {abs(shift)} period: their dates mean different things"
    return ""


def copied(series: str, other: str, a: Sequence[Row], b: Sequence[Row]) -> list[Finding]:
    """Two series that are one for years: one stands in for the other, so that their spread there is no observation."""
    pairs = shared(a, b)
    run = best = 0
    end = 0
    for place, pair in enumerate(pairs):
        run = run + 1 if pair.a == pair.b else 0
        if run > best:
            best, end = run, place
    distinct = len({pair.a for pair in pairs[end - best + 1 : end + 1]}) if best else 0
    if best < 36 or distinct < 6:
        return []
    message = f"it equals {other} in {best} periods in a row: one stands in for the other there, so their difference means nothing"
    return [finding("copied", "warning", series, message, [f"{pairs[end - best + 1].period} to {pairs[end].period}"])]


def licence(info: SeriesInfo) -> list[Finding]:
    """A licence that is not stated, not sure, or that binds whoever passes the numbers on."""
    text = info.licence.strip()
    if info.synthetic:
        return []  # made by the desk's own script
    if not text:
        return [finding("licence", "warning", info.series, "no licence is stated: name it before a number leaves the desk")]
    if _DOUBT.search(text):
        return [finding("licence", "warning", info.series, f"its licence is not confirmed ({text}): read the source's terms")]
    if _BOUND.search(text):
        return [finding("licence", "note", info.series, f"its licence binds: {text}")]
    return []


def origin(info: SeriesInfo, first: date | None = None) -> list[Finding]:
    """A series that does not say where it comes from, or that a script made."""
    if info.synthetic:
        return [finding("origin", "note", info.series, "it is synthetic: a chart of it says so, and no real question is settled by it")]
    if not info.source and not info.formula:
        since = f" since {first}" if first else ""
        return [finding("origin", "warning", info.series, f"it names no source{since}: where does it come from?")]
    return []
