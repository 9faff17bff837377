"""The legs of a structure: how they are written, and what they pay at expiry."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from agents.quant.errors import QuantError

LegType = Literal["call", "put", "spot", "future"]
LegRow: TypeAlias = list[str | float | None]


class Leg(NamedTuple):
    """A signed quantity of one instrument; a spot's or future's strike is its entry price."""

    kind: LegType
    quantity: float
    strike: float
    premium: float | None
    years: float | None


def legs_of(rows: Sequence[LegRow]) -> list[Leg]:
    """Legs from ``[type, quantity, K, premium or null, t?]`` rows.

    Raises:
        QuantError: names the row that is wrong.
    """
    if not rows:
        raise QuantError("a structure needs at least one leg: [type, quantity, K, premium or null, t?]")
    return [_leg(number, row) for number, row in enumerate(rows, 1)]


def _leg(number: int, row: LegRow) -> Leg:
    form = f"leg {number} must be [call|put|spot|future, quantity not 0, strike above 0, premium or null, t?]"
    if not 3 <= len(row) <= 5 or row[0] not in {"call", "put", "spot", "future"}:
        raise QuantError(form)
    numbers = [_number(value, form) for value in row[1:]] + [None, None]
    quantity, strike, premium, years = numbers[:4]
    if not quantity or strike is None or strike <= 0:
        raise QuantError(form)
    if (premium is not None and premium < 0) or (years is not None and years < 0):
        raise QuantError(f"{form}; premium and t are not negative, and a sold leg has a negative quantity")
    return Leg(row[0], quantity, strike, premium, years)  # type: ignore[arg-type]


def _number(value: str | float | None, form: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, str | bool) or not math.isfinite(value):
        raise QuantError(form)
    return float(value)


def payoff_at(legs: Sequence[Leg], spot: float) -> float:
    """What the legs are worth at expiry with the underlying at ``spot``; premiums not counted."""
    return sum(leg.quantity * _intrinsic(leg, spot) for leg in legs)


def _intrinsic(leg: Leg, spot: float) -> float:
    if leg.kind == "call":
        return max(0.0, spot - leg.strike)
    return max(0.0, leg.strike - spot) if leg.kind == "put" else spot - leg.strike


def intrinsic_slope(leg: Leg, spot: float) -> float:
    """Change of what the leg pays at expiry per 1.00 of the spot; at the strike that of neither side."""
    if leg.kind == "call":
        return float(spot > leg.strike)
    return -float(spot < leg.strike) if leg.kind == "put" else 1.0
