"""How good the forecasts were: proper scores, calibration, and intervals that do not flatter a small record."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agents.quant.errors import QuantError
from agents.quant.result import Result

ENOUGH = 10
"""Below this many resolved forecasts no percentage is given."""
FEW_CLUSTERS = 5
"""An interval drawn from fewer theses than this is rough, and says so."""
EPSILON = 1e-6
"""Probabilities are clipped to this far from 0 and 1 in the log score."""
BINS = 10
_UNITS = {
    "brier": "0 best, 1 worst", "log_score": f"nats, 0 best, probabilities clipped by {EPSILON:g}", "hit_rate": "per 1.00",
    "skill_vs_base_rate": "share of the reference's Brier removed", "skill_vs_market": "share of the reference's Brier removed",
    "murphy": "parts of the Brier score", "clusters": "theses",
}  # fmt: skip

Interval = tuple[float, float]
Pair = tuple[float, bool]


class Scored(BaseModel):
    """One binary forecast and what came of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = ""
    thesis: str = ""
    agent: str = ""
    horizon: str = ""
    probability: float = Field(ge=0, le=1)
    outcome: Literal["yes", "no", "ambiguous", "annulled", "open"] = "open"
    base_rate: float | None = Field(default=None, ge=0, le=1)
    market: float | None = Field(default=None, ge=0, le=1)
    due: date | None = None


class CalibrationBin(Result):
    """Forecasts of about one probability and how many came true; the share, with Wilson's interval, only from ten on."""

    low: float
    high: float
    n: int
    yes: int
    forecast: float
    frequency: float | None
    interval: Interval | None


class ScoreResult(Result):
    """The record. Every share is None, with the reason in ``note``, under ten resolved forecasts that it is taken of.

    Intervals are at 95 %. Those of the Brier score and the skills draw whole theses, and need two of them.
    """

    n: int
    open: int
    overdue: int
    ambiguous: int
    annulled: int
    brier: float | None
    brier_interval: Interval | None
    log_score: float | None
    skill_vs_base_rate: float | None
    skill_vs_base_rate_interval: Interval | None
    n_base_rate: int
    skill_vs_market: float | None
    skill_vs_market_interval: Interval | None
    n_market: int
    hit_rate: float | None
    hit_rate_interval: Interval | None
    murphy: dict[str, float] | None
    calibration: list[CalibrationBin]
    clusters: int
    note: str


class _Skill(NamedTuple):
    value: float | None
    interval: Interval | None
    n: int


def brier(probability: float, happened: bool) -> float:
    """(p - o)^2 (Brier 1950)."""
    return (probability - float(happened)) ** 2


def log_score(probability: float, happened: bool) -> float:
    """-ln of the probability given to what happened (Good 1952), in nats, clipped at ``EPSILON``."""
    given = probability if happened else 1 - probability
    return -math.log(min(max(given, EPSILON), 1 - EPSILON))


def ranked_probability_score(cumulative: Sequence[float], outcome: int) -> float:
    """Sum over categories of (F_k - O_k)^2 / (K - 1) (Epstein 1969); 0 is perfect, 1 the worst.

    Args:
        cumulative: probability of category k or a lower one, for each k in order; the last is 1.
        outcome: index of the category that came.

    Raises:
        QuantError: fewer than two categories, not a cumulative distribution, or no such category.
    """
    falls = any(b < a - 1e-9 for a, b in pairwise([0.0, *cumulative]))
    if len(cumulative) < 2 or falls or not math.isclose(cumulative[-1], 1, abs_tol=1e-6) or not 0 <= outcome < len(cumulative):
        raise QuantError("give at least two cumulative probabilities that rise to 1, and an outcome among them, counted from 0")
    return math.fsum((f - float(outcome <= k)) ** 2 for k, f in enumerate(cumulative[:-1])) / (len(cumulative) - 1)


def quantile_score(quantiles: Mapping[str, float], value: float) -> float:
    """Twice the mean pinball loss of a quantile forecast, in the unit of the value; 0 is perfect.

    With many levels it is the continuous ranked probability score (Gneiting and Raftery 2007).

    Args:
        quantiles: level to value; a level is written ``p05``, ``p5`` or ``0.05``.
        value: what came.

    Raises:
        QuantError: a level cannot be read or comes twice, or values fall as levels rise.
    """
    points = sorted((_level(name), at) for name, at in quantiles.items())
    if not points or len({level for level, _ in points}) < len(points) or any(b[1] < a[1] for a, b in pairwise(points)):
        raise QuantError("give each level once, and values that do not fall as the level rises, e.g. p05, p50, p95")
    return 2 * math.fsum((level - float(value < at)) * (value - at) for level, at in points) / len(points)


def wilson(successes: int, n: int, z: float = 1.959964) -> Interval:
    """Wilson's (1927) interval of a proportion."""
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def murphy(pairs: Sequence[Pair]) -> dict[str, float]:
    """Murphy's (1973) split by distinct probability: brier = reliability - resolution + uncertainty."""
    return _split([(probability, probability, happened) for probability, happened in pairs])


def binned_murphy(pairs: Sequence[Pair], bins: int = BINS) -> dict[str, float]:
    """Murphy's split with each forecast replaced by the mean of its bin, so that a bin has enough of them to compare.

    ``reliability - resolution + uncertainty = binned_brier``; ``within_bins`` is what the bins leave out: the Brier score
    of the forecasts as they were made, less ``binned_brier`` (Stephenson, Coelho and Jolliffe 2008).
    """
    members: dict[int, list[float]] = {}
    for probability, _ in pairs:
        members.setdefault(_bin(probability, bins), []).append(probability)
    means = {key: math.fsum(group) / len(group) for key, group in members.items()}
    placed = [(_bin(probability, bins), means[_bin(probability, bins)], happened) for probability, happened in pairs]
    binned = math.fsum(brier(p, o) for _, p, o in placed) / len(placed) if placed else 0.0
    whole = math.fsum(brier(p, o) for p, o in pairs) / len(pairs) if pairs else 0.0
    return _split(placed) | {"binned_brier": binned, "within_bins": whole - binned}


def score(forecasts: Sequence[Scored], seed: int = 0, as_of: date | None = None) -> ScoreResult:
    """The scores of a set of forecasts; open and unclear ones are counted, not hidden.

    Args:
        forecasts: any outcome; only yes and no are scored.
        seed: of the bootstrap.
        as_of: open forecasts due before this day are counted as overdue.

    Raises:
        QuantError: one id twice: the same forecast would count double.
    """
    _require_each_once(forecasts)
    resolved = [item for item in forecasts if item.outcome in {"yes", "no"}]
    pairs = [(item.probability, item.outcome == "yes") for item in resolved]
    n, enough = len(pairs), len(pairs) >= ENOUGH
    decided = [(p > 0.5) == o for p, o in pairs if p != 0.5]
    hits = sum(decided) if len(decided) >= ENOUGH else None
    clusters = len({_cluster(i, item) for i, item in enumerate(resolved)})
    base, market = (_skill(resolved, reference, seed) for reference in (lambda item: item.base_rate, lambda item: item.market))
    waiting = [item for item in forecasts if item.outcome == "open"]
    own = [(_cluster(i, item), brier(p, o), 1.0) for i, (item, (p, o)) in enumerate(zip(resolved, pairs, strict=True))]
    return ScoreResult(
        n=n, open=len(waiting), overdue=sum(bool(as_of and item.due and item.due < as_of) for item in waiting),
        ambiguous=sum(item.outcome == "ambiguous" for item in forecasts),
        annulled=sum(item.outcome == "annulled" for item in forecasts),
        brier=_mean([brier(p, o) for p, o in pairs]), brier_interval=_bootstrap(own, seed) if enough else None,
        log_score=_mean([log_score(p, o) for p, o in pairs]),
        skill_vs_base_rate=base.value, skill_vs_base_rate_interval=base.interval, n_base_rate=base.n,
        skill_vs_market=market.value, skill_vs_market_interval=market.interval, n_market=market.n,
        hit_rate=None if hits is None else hits / len(decided), hit_rate_interval=None if hits is None else wilson(hits, len(decided)),
        murphy=binned_murphy(pairs) if enough else None, calibration=_calibration(pairs) if enough else [],
        clusters=clusters, note=_note(n, clusters), units=_UNITS,
    )  # fmt: skip


def score_by(forecasts: Sequence[Scored], key: Literal["thesis", "agent", "horizon"], seed: int = 0) -> dict[str, ScoreResult]:
    """The record of each thesis, agent or horizon, in the order of their names."""
    groups: dict[str, list[Scored]] = {}
    for item in forecasts:
        groups.setdefault(str(getattr(item, key)), []).append(item)
    return {name: score(group, seed) for name, group in sorted(groups.items())}


def _split(rows: Sequence[tuple[Hashable, float, bool]]) -> dict[str, float]:
    """Murphy's parts of (group, probability, outcome) rows; one probability a group."""
    if not rows:
        raise QuantError("no forecast is resolved: there is nothing to split")
    n = len(rows)
    rate = sum(happened for _, _, happened in rows) / n
    groups: dict[Hashable, tuple[float, list[bool]]] = {}
    for key, probability, happened in rows:
        groups.setdefault(key, (probability, []))[1].append(happened)
    reliability = math.fsum(len(g) * (p - sum(g) / len(g)) ** 2 for p, g in groups.values()) / n
    resolution = math.fsum(len(g) * (sum(g) / len(g) - rate) ** 2 for _, g in groups.values()) / n
    return {"reliability": reliability, "resolution": resolution, "uncertainty": rate * (1 - rate)}


def _level(name: str) -> float:
    text = name.strip().lower()
    try:
        level = float(text[1:]) / 100 if text.startswith("p") else float(text)
    except ValueError:
        level = math.nan
    if not 0 < level < 1:
        raise QuantError(f"{name!r} is no quantile level: write p05 or 0.05")
    return level


def _require_each_once(forecasts: Sequence[Scored]) -> None:
    ids = [item.id for item in forecasts if item.id]
    if len(set(ids)) < len(ids):
        doubled = min(name for name in ids if ids.count(name) > 1)
        raise QuantError(f"forecast {doubled} is given more than once: leave the copies out, or they count double")


def _note(n: int, clusters: int) -> str:
    if n < ENOUGH:
        return f"too few to say (n < {ENOUGH})"
    if clusters < FEW_CLUSTERS:
        return f"intervals are rough: the forecasts belong to {clusters} {'thesis' if clusters == 1 else 'theses'}"
    return ""


def _cluster(number: int, item: Scored) -> str:
    """A thesis; a forecast of none is its own."""
    return item.thesis or f"#{item.id or number}"


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _skill(items: Sequence[Scored], reference: Callable[[Scored], float | None], seed: int) -> _Skill:
    """1 - own Brier / the reference's, over the forecasts that have a reference; None where it is never wrong."""
    rows = [
        (_cluster(i, item), brier(item.probability, item.outcome == "yes"), brier(other, item.outcome == "yes"))
        for i, item in enumerate(items)
        if (other := reference(item)) is not None
    ]
    ours, theirs = math.fsum(row[1] for row in rows), math.fsum(row[2] for row in rows)
    if len(rows) < ENOUGH or theirs == 0:
        return _Skill(None, None, len(rows))
    ratio = _bootstrap(rows, seed)
    return _Skill(1 - ours / theirs, (1 - ratio[1], 1 - ratio[0]) if ratio else None, len(rows))


def _bootstrap(rows: Sequence[tuple[str, float, float]], seed: int, draws: int = 1000) -> Interval | None:
    """95 % interval of sum(second) / sum(third), whole clusters (first) drawn: forecasts of one thesis stand or fall together.

    None for fewer than two clusters, which do not vary, and where a draw has nothing to divide by.
    """
    import numpy as np

    groups: dict[str, list[float]] = {}
    for cluster, above, below in rows:
        sums = groups.setdefault(cluster, [0.0, 0.0])
        sums[0] += above
        sums[1] += below
    table = np.array([groups[name] for name in sorted(groups)])
    drawn = table[np.random.default_rng(seed).integers(0, len(table), size=(draws, len(table)))].sum(axis=1)
    if len(table) < 2 or not drawn[:, 1].all():
        return None
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return float(low), float(high)


def _bin(probability: float, bins: int) -> int:
    return min(int(probability * bins + 1e-9), bins - 1)


def _calibration(pairs: Sequence[Pair]) -> list[CalibrationBin]:
    found = []
    for i in range(BINS):
        inside = [(p, o) for p, o in pairs if _bin(p, BINS) == i]
        if not inside:
            continue
        yes, enough = sum(o for _, o in inside), len(inside) >= ENOUGH
        found.append(
            CalibrationBin(
                low=i / BINS, high=(i + 1) / BINS, n=len(inside), yes=yes, forecast=math.fsum(p for p, _ in inside) / len(inside),
                frequency=yes / len(inside) if enough else None, interval=wilson(yes, len(inside)) if enough else None,
                units={"forecast": "mean probability", "frequency": "per 1.00"},
            )
        )  # fmt: skip
    return found
