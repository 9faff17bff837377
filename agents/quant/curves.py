"""Futures curves: shape, carry, rolls, what a spread should cost, and what a venue's premium leaves after costs."""

import itertools
import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from pydantic import Field

from agents.quant.errors import QuantError
from agents.quant.result import Result

Shape = Literal["contango", "backwardation", "flat", "humped", "mixed"]
FLAT = 0.0005
"""Tenors whose prices differ by less than this fraction are flat."""
DAYS_A_YEAR = 365
UNITS = {
    "g": ("mass", 1.0), "kg": ("mass", 1e3), "t": ("mass", 1e6), "oz": ("mass", 31.1034768), "lb": ("mass", 453.59237),
    "bbl": ("volume", 42.0), "gal": ("volume", 1.0), "l": ("volume", 1 / 3.785411784), "m3": ("volume", 1e3 / 3.785411784),
    "MMBtu": ("energy", 1.0), "MWh": ("energy", 3.412141633), "GJ": ("energy", 0.9478171203),
}  # fmt: skip
"""What is measured and how much of the base unit one is: oz is the troy ounce (31.1034768 g), gal and bbl are US, t is metric."""


class CurveResult(Result):
    """Shape per tenor and overall; carry and yields annualised and continuous.

    ``shape`` is humped when the curve rises to one peak and falls after it, mixed when it turns in another way.
    ``humps`` are the expiries that stand above both neighbours, and ``description`` is the shape as a sentence.
    """

    shape: Shape
    tenors: list[tuple[str, str, Shape]]
    annualised_carry: list[float]
    implied_yield: list[float] | None
    roll_yield: list[float]
    spreads: list[float]
    fair_spread: list[float] | None
    convenience_yield: list[float] | None = None
    humps: list[str] = Field(default_factory=list)
    description: str = ""
    note: str = ""


class CalendarSpreadResult(Result):
    """Long near, short far: where it stands and where carry alone would put it."""

    spread: float | None
    fair_far: float
    fair_spread: float
    implied_rate: float | None
    value_per_point: float
    excess: float | None = None
    excess_value: float | None = None
    note: str = ""


class ForwardResult(Result):
    """Cost of carry."""

    forward: float
    carry: float


class Venue(NamedTuple):
    """A price at a place.

    ``fx`` is how many units of the other venue's currency one unit of ``currency`` buys; ``tax`` is the rate of a tax
    that the price includes and a foreign seller does not keep, 0.13 for 13 %.
    """

    price: float
    unit: str = ""
    currency: str = ""
    fx: float | None = None
    tax: float = 0.0


class BasisResult(Result):
    """What is left of a price difference after it is shipped, refined, financed and taxed."""

    gross: float
    net: float
    costs: dict[str, float]
    here: float
    there: float


class _Expiry(NamedTuple):
    label: str
    years: float


def forward(spot: float, rate: float, years: float, dividend: float = 0.0, storage: float = 0.0) -> ForwardResult:
    """``S exp((r - q + storage) t)``, all continuous per year (Hull, chapter 5)."""
    if not all(map(math.isfinite, (spot, rate, years, dividend, storage))) or spot <= 0 or years < 0:
        raise QuantError("S must be above zero and t not negative, and all of them finite")
    carry = rate - dividend + storage
    return ForwardResult(forward=spot * math.exp(carry * years), carry=carry, units={"forward": "price", "carry": "per year"})


def calendar_spread(
    near: float, far: float | None, rate: float, years: float, multiplier: float = 1.0, storage: float = 0.0
) -> CalendarSpreadResult:
    """The fair far price is the near one carried at ``rate`` and ``storage`` for ``years``; spread = near - far.

    Args:
        near: price of the near month.
        far: price of the far month, if there is one.
        rate: continuous per year, between the two months.
        years: between the two months; a quarter is 0.25.
        multiplier: units in a contract, e.g. 5,000 oz, so that a spread gains that much per 1.00.
        storage: continuous per year.

    Raises:
        QuantError: a price is not above zero, or the months are not apart.
    """
    if not all(map(math.isfinite, (near, rate, years, multiplier, storage, far or 1.0))) or near <= 0 or years <= 0:
        raise QuantError("near must be a price above zero and the time between the months above zero")
    if far is not None and far <= 0:
        raise QuantError("a far price at or under zero has no implied rate: leave far out for the fair spread alone")
    fair = near * math.exp((rate + storage) * years)
    excess = None if far is None else fair - far
    return CalendarSpreadResult(
        spread=None if far is None else near - far, fair_far=fair, fair_spread=near - fair,
        implied_rate=None if far is None else math.log(far / near) / years, value_per_point=multiplier,
        excess=excess, excess_value=None if excess is None else excess * multiplier,
        units={
            "spread": "price", "fair_far": "price", "fair_spread": "price", "implied_rate": "per year, continuous",
            "value_per_point": "currency per 1.00 and spread", "excess": "price, spread less fair spread",
            "excess_value": "currency per spread",
        },
    )  # fmt: skip


def basis(
    here: float | Venue, there: float | Venue, costs: Mapping[str, float | None], *, rate: float | None = None, years: float | None = None
) -> BasisResult:
    """The price there less the price here, net of every cost: buy here, move it, sell there.

    Args:
        here: where it is bought; a bare number is in the unit and currency of the result.
        there: where it is sold; converted to the unit and currency of ``here``, its included tax taken off.
        costs: by name (freight, refining, insurance…), in the unit and currency of ``here``; None for one not known.
        rate: continuous per year, to finance the goods while they move; adds the cost ``finance``.
        years: how long that takes.

    Raises:
        QuantError: a cost, a unit or a rate of exchange is missing; the message asks for it instead of inventing it.
    """
    missing = sorted(name for name, value in costs.items() if value is None)
    if missing:
        raise QuantError(f"the basis needs {', '.join(missing)}: ask the broker or the refiner, no public series gives them")
    if (rate is None) != (years is None):
        raise QuantError("finance needs both a rate and the years that the goods are on their way")
    near, far = (venue if isinstance(venue, Venue) else Venue(venue) for venue in (here, there))
    bought, sold = near.price, _converted(far, near)
    known = {name: float(value or 0.0) for name, value in costs.items()}
    if rate is not None and years is not None:
        if "finance" in known:
            raise QuantError("finance is given twice: as a cost, and by rate and years")
        known["finance"] = bought * math.expm1(rate * years)
    if not all(map(math.isfinite, (bought, sold, *known.values()))):
        raise QuantError("prices and costs must be finite numbers")
    money = "/".join(part for part in (near.currency, near.unit) if part) or "price"
    return BasisResult(
        gross=sold - bought, net=sold - bought - sum(known.values()), costs=known, here=bought, there=sold,
        units=dict.fromkeys(("gross", "net", "costs", "here", "there"), money),
    )  # fmt: skip


def _converted(far: Venue, near: Venue) -> float:
    """The far price without its tax, in the unit and currency of the near one."""
    if far.tax < 0 or near.tax:
        raise QuantError("tax is the rate included in the price there: not negative, and none here, where it is a cost")
    if far.currency != near.currency and far.fx is None:
        raise QuantError(
            f"the price in {far.currency or 'no currency'} needs fx, how many {near.currency or 'of the other'} one of it buys"
        )
    if far.fx is not None and not (math.isfinite(far.fx) and far.fx > 0):
        raise QuantError("fx must be above zero")
    return far.price / (1 + far.tax) * (1.0 if far.fx is None else far.fx) * _units_in(far.unit, near.unit)


def _units_in(far: str, near: str) -> float:
    """What a price per ``far`` is multiplied by to be one per ``near``."""
    if far == near:
        return 1.0
    unknown = [unit for unit in (far, near) if unit not in UNITS]
    if unknown or UNITS[far][0] != UNITS[near][0]:
        raise QuantError(
            f"a price per {far or 'no unit'} is not one per {near or 'no unit'}: units are {', '.join(UNITS)}, each within its kind"
        )
    return UNITS[near][1] / UNITS[far][1]


def curve(
    points: Sequence[tuple[str | float, float]], spot: float | None = None, rate: float | None = None, storage: float = 0.0,
    as_of: date | None = None,
) -> CurveResult:  # fmt: skip
    """The shape of a curve of at least two prices.

    Args:
        points: (expiry, price), in any order; an expiry is an ISO date, a month (2026-03, its first day) or years from now.
        spot: today's price, for the implied yield ``ln(F / S) / t`` of each expiry.
        rate: continuous per year, for the fair spread and the convenience yield ``rate + storage - carry`` of each tenor.
        storage: continuous per year.
        as_of: today, which ``spot`` needs beside dated expiries.

    Raises:
        QuantError: fewer than two expiries, an expiry twice or unreadable, one not after ``as_of``, or prices at or under zero.
    """
    given = [value for value in (spot, rate, storage, *(value for _, value in points)) if value is not None]
    if not all(map(math.isfinite, given)):
        raise QuantError("prices and rates must be finite numbers: leave out an expiry without a price")
    rows = sorted(((_expiry(expiry), value) for expiry, value in points), key=lambda row: row[0].years)
    if len(rows) < 2 or len({expiry.years for expiry, _ in rows}) < len(rows) or len({_dated(expiry) for expiry, _ in points}) > 1:
        raise QuantError("a curve needs at least two expiries, each once, all of them dates or all of them years")
    if min(value for _, value in rows) <= 0 or (spot is not None and spot <= 0):
        raise QuantError("a price at or under zero has no carry: leave that expiry out and name it")
    pairs = list(itertools.pairwise(rows))
    carry = [math.log(b[1] / a[1]) / (b[0].years - a[0].years) for a, b in pairs]
    shapes: list[Shape] = [_tenor(a[1], b[1]) for a, b in pairs]
    grown = [] if rate is None else [a[1] * math.expm1((rate + storage) * (b[0].years - a[0].years)) for a, b in pairs]
    implied, note = _implied(rows, spot, as_of, _dated(points[0][0]))
    return CurveResult(
        shape=_overall(shapes), tenors=[(a[0].label, b[0].label, s) for (a, b), s in zip(pairs, shapes, strict=True)],
        annualised_carry=carry, implied_yield=implied, roll_yield=[-value for value in carry],
        spreads=[a[1] - b[1] for a, b in pairs], fair_spread=None if rate is None else [-growth for growth in grown],
        convenience_yield=None if rate is None else [rate + storage - value for value in carry],
        humps=_humps(rows, shapes), description=_described(rows, shapes), note=note,
        units={
            "annualised_carry": "per year, continuous", "implied_yield": "per year, continuous, from spot to each expiry",
            "roll_yield": "per year, to a long", "spreads": "price, near less far", "fair_spread": "price, near less far",
            "convenience_yield": "per year, continuous, of each tenor",
        },
    )  # fmt: skip


def _dated(expiry: str | float) -> bool:
    return isinstance(expiry, str)


def _expiry(expiry: str | float) -> _Expiry:
    """A date's years are counted from year 1, so that only differences mean something."""
    if not isinstance(expiry, str):
        if not math.isfinite(expiry):
            raise QuantError("an expiry in years must be a finite number")
        return _Expiry(f"{expiry:g}", expiry)
    try:
        day = date.fromisoformat(f"{expiry}-01" if len(expiry) == 7 and expiry[4] == "-" else expiry)
    except ValueError as error:
        raise QuantError(f"{expiry!r} is no expiry: give an ISO date (2026-03-27) or a month (2026-03)") from error
    return _Expiry(day.isoformat(), day.toordinal() / DAYS_A_YEAR)


def _implied(rows: Sequence[tuple[_Expiry, float]], spot: float | None, as_of: date | None, dated: bool) -> tuple[list[float] | None, str]:
    if spot is None:
        return None, ""
    if dated and as_of is None:
        return None, "no implied yield: a spot price beside dates needs as_of"
    today = as_of.toordinal() / DAYS_A_YEAR if dated and as_of else 0.0
    if rows[0][0].years <= today:
        raise QuantError(f"the expiry {rows[0][0].label} is not after today: leave it out")
    return [math.log(value / spot) / (expiry.years - today) for expiry, value in rows], ""


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


def _humps(rows: Sequence[tuple[_Expiry, float]], shapes: Sequence[Shape]) -> list[str]:
    """Where the curve turns from rising to falling; of a flat top the highest expiry."""
    found: list[str] = []
    rising: int | None = None
    for i, shape in enumerate(shapes):
        if shape == "contango":
            rising = i + 1
        elif shape == "backwardation" and rising is not None:
            found.append(max(rows[rising : i + 1], key=lambda row: row[1])[0].label)
            rising = None
    return found


def _described(rows: Sequence[tuple[_Expiry, float]], shapes: Sequence[Shape]) -> str:
    """Stretches of one shape: "backwardation to 2026-12-01, then flat to 2027-06-01"."""
    ends: list[tuple[Shape, str]] = []
    for shape, (expiry, _) in zip(shapes, rows[1:], strict=True):
        if ends and ends[-1][0] == shape:
            ends.pop()
        ends.append((shape, expiry.label))
    return ", then ".join(f"{shape} to {label}" for shape, label in ends)
