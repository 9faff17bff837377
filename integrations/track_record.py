"""The track record: forecasts registered before the fact, scored by thesis, agent and horizon, nothing left out of sight."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from agents.quant.forecast_scores import ENOUGH, Scored, ScoreResult, score, score_by
from memory.forecasts import Registered

HORIZONS = ((31, "a month or less"), (92, "a quarter or less"), (366, "a year or less"))
LONGER = "more than a year"


class Record(NamedTuple):
    """The scores of the whole and of its parts, and how many independent forecasts the whole is worth."""

    whole: ScoreResult
    by_thesis: dict[str, ScoreResult]
    by_agent: dict[str, ScoreResult]
    by_horizon: dict[str, ScoreResult]
    effective_n: float
    too_few: bool


def horizon(item: Registered) -> str:
    """How far ahead a forecast looked when it was registered."""
    days = (item.draft.resolve_by - item.registered_at.date()).days
    return next((name for most, name in HORIZONS if days <= most), LONGER)


def scored(items: Sequence[Registered]) -> list[Scored]:
    """Forecasts with a probability, as the scores take them."""
    return [
        Scored(
            id=item.id, thesis=item.thesis, agent=item.draft.agent or "person", horizon=horizon(item),
            probability=item.draft.probability, outcome=item.outcome or "open", base_rate=item.draft.base_rate,
            market=item.draft.market, due=item.draft.resolve_by,
        )
        for item in items if item.draft.probability is not None
    ]  # fmt: skip


def track_record(items: Sequence[Registered], as_of: datetime, seed: int = 0) -> Record:
    """The record of a set of forecasts at an instant."""
    rows = scored(items)
    whole = score(rows, seed, as_of.date())
    return Record(
        whole, score_by(rows, "thesis", seed), score_by(rows, "agent", seed), score_by(rows, "horizon", seed),
        effective_n(rows), whole.n < ENOUGH,
    )  # fmt: skip


def effective_n(rows: Sequence[Scored]) -> float:
    """How many independent forecasts the resolved ones are worth when those of one thesis stand or fall together.

    ``(sum of n_c)^2 / sum of n_c^2`` over theses c, the effective sample size of Kish (1965): the number of theses when each
    has as many, fewer when one of them has most.
    """
    counts = Counter(row.thesis or row.id for row in rows if row.outcome in {"yes", "no"})
    squares = sum(n * n for n in counts.values())
    return sum(counts.values()) ** 2 / squares if squares else 0.0


def as_document(record: Record) -> dict[str, Any]:
    """The record as plain values."""
    parts = {name: {key: item.model_dump(mode="json") for key, item in getattr(record, name).items()}
             for name in ("by_thesis", "by_agent", "by_horizon")}  # fmt: skip
    return {"score": record.whole.model_dump(mode="json"), "effective_n": round(record.effective_n, 2), "too_few": record.too_few, **parts}
