"""Futures curves: shape, carry, rolls, and what a spread should cost."""

import itertools
import math
from collections.abc import Sequence
from datetime import date
from typing import Literal

from agents.errors import QuantError
from agents.quant.result import Result

Shape = Literal["contango", "backwardation", "flat", "humped", "mixed"]
FLAT = 0.0005
"""Tenors whose prices differ by less than this fraction are flat."""


class CurveResult(Result):
    """Shape per tenor and overall; carry and yields annualised and continuous."""

    shape: Shape
    tenors: list[tuple[str, str, Shape]]
    annualised_carry: list[float]
    implied_yield: list[float] | None
    roll_yield: list[float]
    spreads: list[float]
    fair_spread: list[float] | None


class CalendarSpreadResult(Result):
    """Long near, short far: where it stands and where carry alone would put it."""

    spread: float | None
    fair_far: float
    fair_spread: float
    implied_rate: float | None
    value_per_point: float


class ForwardResult(Result):
    """Cost of carry."""

    forward: float
    carry: float


class BasisResult(Result):
    """What is left of a price difference after it is shipped, refined, financed and taxed."""

    gross: float
    net: float
    costs: dict[str, float]


def forward(spot: float, rate: float, years: float, dividend: float = 0.0, storage: float = 0.0) -> ForwardResult:
    """``S exp((r - q + storage) t)``, all continuous per year (Hull, chapter 5)."""
    if spot <= 0 or years < 0:
        raise QuantError("S must be above zero and t not negative")
    carry = rate - dividend + storage
    return ForwardResult(forward=spot * math.exp(carry * years), carry=carry, units={"forward": "price", "carry": "per year"})


def calendar_spread(near: float, far: float | None, rate: float, years: float, multiplier: float = 1.0) -> CalendarSpreadResult:
    """The fair far price is the near one carried at ``rate`` for ``years``; spread = near - far."""
    if near <= 0 or years <= 0:
        raise QuantError("near must be a price above zero and the time between the months above zero")
    fair = near * math.exp(rate * years)
    return CalendarSpreadResult(
        spread=None if far is None else near - far, fair_far=fair, fair_spread=near - fair,
        implied_rate=None if far is None or far <= 0 else math.log(far / near) / years, value_per_point=multiplier,
        units={"spread": "price", "fair_far": "price", "implied_rate": "per year", "value_per_point": "currency per 1.00 and spread"},
    )  # fmt: skip


def basis(here: float, there: float, costs: dict[str, float | None]) -> BasisResult:
    """The price there less the price here, net of every cost.

    Raises:
        QuantError: a cost is missing; the message asks for it instead of inventing it.
    """
    missing = sorted(name for name, value in costs.items() if value is None)
    if missing:
        raise QuantError(f"the basis needs {', '.join(missing)}: ask the broker or the refiner, no public series gives them")
    known = {name: float(value or 0.0) for name, value in costs.items()}
    return BasisResult(gross=there - here, net=there - here - sum(known.values()), costs=known, units={"net": "price"})


def curve(
    points: Sequence[tuple[str, float]], spot: float | None = None, rate: float | None = None, storage: float = 0.0,
    as_of: date | None = None,
) -> CurveResult:  # fmt: skip
    """The shape of a curve of at least two dated prices.

    Args:
        points: (expiry as ISO date, price), in any order.
        spot: today's price, for the implied yield of each expiry.
        rate: continuous per year, for the fair spread of each tenor.
        storage: continuous per year.
        as_of: today, needed with ``spot``.

    Raises:
        QuantError: fewer than two expiries, an expiry twice, or prices at or under zero.
    """
    rows = sorted((date.fromisoformat(expiry), value) for expiry, value in points)
    if len(rows) < 2 or len({day for day, _ in rows}) < len(rows):
        raise QuantError("a curve needs at least two expiries, each once")
    if min(value for _, value in rows) <= 0:
        raise QuantError("a price at or under zero has no carry: leave that expiry out and name it")
    pairs = list(itertools.pairwise(rows))
    years = [(b[0] - a[0]).days / 365 for a, b in pairs]
    carry = [math.log(b[1] / a[1]) / t for (a, b), t in zip(pairs, years, strict=True)]
    shapes: list[Shape] = [_tenor(a[1], b[1]) for a, b in pairs]
    implied = None
    if spot and as_of:
        implied = [math.log(value / spot) / max((day - as_of).days / 365, 1 / 365) for day, value in rows]
    fair = None
    if rate is not None:
        fair = [a[1] - a[1] * math.exp((rate + storage) * t) for (a, _), t in zip(pairs, years, strict=True)]
    return CurveResult(
        shape=_overall(shapes), tenors=[(a[0].isoformat(), b[0].isoformat(), s) for (a, b), s in zip(pairs, shapes, strict=True)],
        annualised_carry=carry, implied_yield=implied, roll_yield=[-value for value in carry],
        spreads=[a[1] - b[1] for a, b in pairs], fair_spread=fair,
        units={"annualised_carry": "per year, continuous", "spreads": "price, near less far", "roll_yield": "per year, to a long"},
    )  # fmt: skip


def _tenor(near: float, far: float) -> Shape:
    if abs(far / near - 1) < FLAT:
        return "flat"
    return "contango" if far > near else "backwardation"


def _overall(shapes: Sequence[Shape]) -> Shape:
    kinds = [shape for shape in shapes if shape != "flat"]
    if not kinds:
        return "flat"
    if len(set(kinds)) == 1:
        return kinds[0]
    turns = sum(a != b for a, b in itertools.pairwise(kinds))
    return "humped" if turns == 1 and kinds[0] == "contango" else "mixed"
