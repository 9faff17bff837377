"""How conviction moves: in log-odds, by declared ratios, within bounds per source and per day."""

import math
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Impulse(_Frozen):
    """One rule's push: its log-likelihood ratio, whose news it is, and the evidence (record ids or series)."""

    name: str
    llr: float
    source: str
    evidence: tuple[str, ...] = ()


class Limits(_Frozen):
    """Bounds in log-odds. One source, however often it speaks, cannot carry a thesis; nor can one day."""

    per_source: float = Field(default=0.7, gt=0)
    per_day: float = Field(default=1.2, gt=0)
    floor: float = Field(default=0.02, gt=0, lt=0.5)
    ceiling: float = Field(default=0.98, gt=0.5, lt=1)


class Step(_Frozen):
    """What one impulse did."""

    name: str
    source: str
    declared: float
    applied: float
    before: float
    after: float
    reason: str = ""
    evidence: tuple[str, ...] = ()


class Move(_Frozen):
    """Conviction before and after, step by step."""

    before: float
    after: float
    steps: tuple[Step, ...]


def log_odds(probability: float) -> float:
    """``ln(p / (1 - p))``."""
    return math.log(probability / (1 - probability))


def probability_of(odds: float) -> float:
    """The inverse of ``log_odds``."""
    return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds))


def move(prior: float, impulses: Sequence[Impulse], limits: Limits | None = None, spent: Mapping[str, float] | None = None) -> Move:
    """Add up the impulses in log-odds (Good 1950, weight of evidence), within the limits.

    Args:
        prior: conviction before, a probability.
        impulses: taken in the order of their names, so that the order they come in does not matter.
        limits: the bounds; the default ones where none are given.
        spent: log-odds already applied today by source, signed; the bounds cover them too.
    """
    limits = limits or Limits()
    used = dict(spent or {})
    before = min(max(prior, limits.floor), limits.ceiling)
    odds = log_odds(before)
    lowest, highest = log_odds(limits.floor), log_odds(limits.ceiling)
    steps = []
    for impulse in sorted(impulses, key=lambda item: (item.name, item.source, item.llr)):
        wanted = impulse.llr
        by_source = _clip(used.get(impulse.source, 0.0) + wanted, limits.per_source) - used.get(impulse.source, 0.0)
        by_day = _clip(sum(used.values()) + by_source, limits.per_day) - sum(used.values())
        after = min(max(odds + by_day, lowest), highest)
        applied = after - odds
        reason = ""
        if not math.isclose(by_source, wanted, abs_tol=1e-12):
            reason = f"capped: {limits.per_source:g} a source and day"
        elif not math.isclose(by_day, by_source, abs_tol=1e-12):
            reason = f"capped: {limits.per_day:g} a day"
        elif not math.isclose(applied, by_day, abs_tol=1e-12):
            reason = f"capped: conviction stays within {limits.floor:g} and {limits.ceiling:g}"
        used[impulse.source] = used.get(impulse.source, 0.0) + applied
        steps.append(
            Step(
                name=impulse.name,
                source=impulse.source,
                declared=wanted,
                applied=round(applied, 6),
                before=round(probability_of(odds), 6),
                after=round(probability_of(after), 6),
                reason=reason,
                evidence=impulse.evidence,
            )
        )
        odds = after
    return Move(before=prior, after=round(probability_of(odds), 4), steps=tuple(steps))


def _clip(value: float, bound: float) -> float:
    return min(max(value, -bound), bound)
