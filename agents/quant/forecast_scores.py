"""How good the forecasts were: proper scores, calibration, and intervals that do not flatter a small record."""

import math
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.quant.result import Result

ENOUGH = 10
"""Below this many resolved forecasts no percentage is given."""
EPSILON = 1e-6
"""Probabilities are clipped to this far from 0 and 1 in the log score."""


class Scored(BaseModel):
    """One binary forecast and what came of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = ""
    thesis: str = ""
    agent: str = ""
    probability: float = Field(ge=0, le=1)
    outcome: Literal["yes", "no", "ambiguous", "annulled", "open"] = "open"
    base_rate: float | None = Field(default=None, ge=0, le=1)
    market: float | None = Field(default=None, ge=0, le=1)


class CalibrationBin(Result):
    """Forecasts of about one probability, and how often they came true, with Wilson's 95 % interval."""

    low: float
    high: float
    n: int
    forecast: float
    frequency: float
    interval: tuple[float, float]


class ScoreResult(Result):
    """The record. Skill and hit rate are None, with the reason in ``note``, under ten resolved forecasts."""

    n: int
    open: int
    ambiguous: int
    annulled: int
    brier: float | None
    brier_interval: tuple[float, float] | None
    log_score: float | None
    skill_vs_base_rate: float | None
    skill_vs_market: float | None
    hit_rate: float | None
    hit_rate_interval: tuple[float, float] | None
    murphy: dict[str, float] | None
    calibration: list[CalibrationBin]
    clusters: int
    note: str


def brier(probability: float, happened: bool) -> float:
    """(p - o)^2 (Brier 1950)."""
    return (probability - float(happened)) ** 2


def log_score(probability: float, happened: bool) -> float:
    """-ln of the probability given to what happened (Good 1952), clipped at ``EPSILON``."""
    given = probability if happened else 1 - probability
    return -math.log(min(max(given, EPSILON), 1 - EPSILON))


def ranked_probability_score(cumulative: Sequence[float], outcome: int) -> float:
    """Sum over categories of (F_k - O_k)^2 / (K - 1) (Epstein 1969); 0 is perfect."""
    steps = [(f - float(outcome <= k)) ** 2 for k, f in enumerate(cumulative[:-1])]
    return sum(steps) / max(1, len(cumulative) - 1)


def wilson(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's (1927) interval of a proportion."""
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def murphy(pairs: Sequence[tuple[float, bool]]) -> dict[str, float]:
    """Murphy's (1973) split by distinct probability: brier = reliability - resolution + uncertainty."""
    n = len(pairs)
    rate = sum(happened for _, happened in pairs) / n
    groups: dict[float, list[bool]] = {}
    for probability, happened in pairs:
        groups.setdefault(probability, []).append(happened)
    reliability = sum(len(g) * (p - sum(g) / len(g)) ** 2 for p, g in groups.items()) / n
    resolution = sum(len(g) * (sum(g) / len(g) - rate) ** 2 for g in groups.values()) / n
    return {"reliability": reliability, "resolution": resolution, "uncertainty": rate * (1 - rate)}


def score(forecasts: Sequence[Scored], seed: int = 0) -> ScoreResult:
    """The scores of a set of forecasts; open and unclear ones are counted, not hidden."""
    resolved = [item for item in forecasts if item.outcome in {"yes", "no"}]
    pairs = [(item.probability, item.outcome == "yes") for item in resolved]
    n = len(pairs)
    enough = n >= ENOUGH
    mean = _mean([brier(p, o) for p, o in pairs])
    hits = sum((p > 0.5) == o for p, o in pairs if p != 0.5)
    decided = sum(p != 0.5 for p, _ in pairs)
    clusters = len({item.thesis or item.id for item in resolved})
    return ScoreResult(
        n=n, open=sum(item.outcome == "open" for item in forecasts),
        ambiguous=sum(item.outcome == "ambiguous" for item in forecasts),
        annulled=sum(item.outcome == "annulled" for item in forecasts),
        brier=mean, brier_interval=_bootstrap(resolved, seed) if enough else None,
        log_score=_mean([log_score(p, o) for p, o in pairs]),
        skill_vs_base_rate=_skill(resolved, lambda item: item.base_rate) if enough else None,
        skill_vs_market=_skill(resolved, lambda item: item.market) if enough else None,
        hit_rate=hits / decided if enough and decided else None,
        hit_rate_interval=wilson(hits, decided) if enough and decided else None,
        murphy=murphy(pairs) if enough else None, calibration=_calibration(pairs) if enough else [], clusters=clusters,
        note="" if enough else f"too few to say (n = {n} < {ENOUGH})",
        units={"brier": "0 best, 1 worst", "skill_vs_base_rate": "share of the reference's Brier removed", "log_score": "nats"},
    )  # fmt: skip


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _skill(items: Sequence[Scored], reference: Callable[[Scored], float | None]) -> float | None:
    known = [(item, other) for item in items if (other := reference(item)) is not None]
    theirs = sum(brier(other, item.outcome == "yes") for item, other in known)
    ours = sum(brier(item.probability, item.outcome == "yes") for item, _ in known)
    return 1 - ours / theirs if theirs else None


def _bootstrap(items: Sequence[Scored], seed: int, draws: int = 1000) -> tuple[float, float]:
    """95 % interval of the mean Brier, whole theses drawn: forecasts of one thesis stand or fall together."""
    import numpy as np

    groups: dict[str, list[float]] = {}
    for item in items:
        groups.setdefault(item.thesis or item.id, []).append(brier(item.probability, item.outcome == "yes"))
    sums = np.array([sum(group) for group in groups.values()])
    sizes = np.array([len(group) for group in groups.values()])
    picks = np.random.default_rng(seed).integers(0, len(sums), size=(draws, len(sums)))
    means = sums[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def _calibration(pairs: Sequence[tuple[float, bool]]) -> list[CalibrationBin]:
    found = []
    for i in range(10):
        inside = [(p, o) for p, o in pairs if i / 10 <= p < (i + 1) / 10 or (i == 9 and p == 1)]
        if inside:
            yes = sum(o for _, o in inside)
            found.append(
                CalibrationBin(
                    low=i / 10,
                    high=(i + 1) / 10,
                    n=len(inside),
                    forecast=sum(p for p, _ in inside) / len(inside),
                    frequency=yes / len(inside),
                    interval=wilson(yes, len(inside)),
                )
            )
    return found
