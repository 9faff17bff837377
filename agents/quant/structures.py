"""Option structures: what they cost, pay, and where they break even."""

import itertools
import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from agents.errors import QuantError
from agents.quant.options import OptionResult, Terms, greeks, normal_cdf, price
from agents.quant.result import Result
from agents.quant.roots import all_roots

LegType = Literal["call", "put", "spot", "future"]
LegRow: TypeAlias = list[str | float | None]


class Leg(NamedTuple):
    """A signed quantity of one instrument; a spot's or future's strike is its entry price."""

    kind: LegType
    quantity: float
    strike: float
    premium: float | None
    years: float | None


class Market(NamedTuple):
    """What prices a structure before expiry; continuous rates, flat volatility per 1.00."""

    spot: float | None = None
    years: float | None = None
    rate: float = 0.0
    dividend: float = 0.0
    sigma: float | None = None


class StructureResult(Result):
    """Per one unit of the structure, in the price of the underlying; multiples are of the cost."""

    cost: float | None
    max_profit: float | None
    max_profit_unlimited: bool
    max_loss: float | None
    max_loss_unlimited: bool
    breakevens: list[float]
    gross_multiple: float | None
    net_multiple: float | None
    payoff: list[tuple[float, float]]
    value_now: float | None = None
    greeks: dict[str, float] | None = None
    probability_of_profit: float | None = None
    flat_vols_that_match_cost: list[float] | None = None
    nav_profit_pct: float | None = None
    nav_loss_pct: float | None = None
    note: str = ""


def legs_of(rows: Sequence[LegRow]) -> list[Leg]:
    """Legs from ``[type, quantity, K, premium or null, t?]`` rows.

    Raises:
        QuantError: names the row that is wrong.
    """
    if not rows:
        raise QuantError("a structure needs at least one leg: [type, quantity, K, premium or null, t?]")
    legs = []
    for number, row in enumerate(rows, 1):
        kind = str(row[0]) if row else ""
        numbers = [float(value) if isinstance(value, int | float) else None for value in [*row[1:5], None, None, None, None]]
        if kind not in {"call", "put", "spot", "future"} or not numbers[0] or numbers[1] is None or numbers[1] <= 0:
            raise QuantError(f"leg {number} must be [call|put|spot|future, quantity not 0, strike above 0, premium or null, t?]")
        legs.append(Leg(kind, numbers[0], numbers[1], numbers[2], numbers[3]))  # type: ignore[arg-type]
    return legs


def payoff_at(legs: Sequence[Leg], spot: float) -> float:
    """What the legs are worth at expiry with the underlying at ``spot``; premiums not counted."""
    return sum(leg.quantity * _intrinsic(leg, spot) for leg in legs)


def _intrinsic(leg: Leg, spot: float) -> float:
    if leg.kind == "call":
        return max(0.0, spot - leg.strike)
    return max(0.0, leg.strike - spot) if leg.kind == "put" else spot - leg.strike


def structure(legs: Sequence[Leg], market: Market, cost: float | None = None, nav_pct: float | None = None) -> StructureResult:
    """Everything about a structure whose legs expire together.

    Args:
        legs: the instruments.
        market: what values it before expiry; parts may be missing.
        cost: what was paid; else the sum of the premiums, else the model value.
        nav_pct: the size, in % of NAV spent on the cost.

    Raises:
        QuantError: legs expire apart and nothing says what volatility values the later one.
    """
    expiries = {leg.years for leg in legs if leg.years is not None}
    if len(expiries) > 1:
        return _calendar(legs, market, cost, min(expiries))
    if expiries:
        market = market._replace(years=expiries.pop())
    value = _value(legs, market) if _priced(market) else None
    paid = _paid(legs, cost, value)
    strikes = sorted({leg.strike for leg in legs})
    edges = [0.0, *strikes, 2 * strikes[-1]]
    gross = [(spot, payoff_at(legs, spot)) for spot in edges]
    slope = sum(leg.quantity for leg in legs if leg.kind != "put")
    best, worst = max(p for _, p in gross), min(p for _, p in gross)
    net_best = None if slope > 0 or paid is None else best - paid
    net_worst = None if slope < 0 or paid is None else paid - worst
    return StructureResult(
        cost=paid, max_profit=net_best, max_profit_unlimited=slope > 0, max_loss=net_worst, max_loss_unlimited=slope < 0,
        breakevens=_breakevens(legs, paid, strikes, slope) if paid is not None else [],
        gross_multiple=best / paid if paid and paid > 0 and slope <= 0 else None,
        net_multiple=(best - paid) / paid if paid and paid > 0 and slope <= 0 else None,
        payoff=[(spot, round(p, 10)) for spot, p in gross], value_now=value,
        greeks=_total_greeks(legs, market) if _priced(market) else None,
        probability_of_profit=_probability(legs, market, paid, strikes, slope),
        flat_vols_that_match_cost=_flat_vols(legs, market, paid),
        nav_profit_pct=nav_pct * net_best / paid if nav_pct and paid and paid > 0 and net_best is not None else None,
        nav_loss_pct=nav_pct * net_worst / paid if nav_pct and paid and paid > 0 and net_worst is not None else None,
        units={"cost": "price", "payoff": "price at expiry, premiums not counted", "nav_profit_pct": "% of NAV"},
    )  # fmt: skip


def _priced(market: Market) -> bool:
    return None not in (market.spot, market.years, market.sigma)


def _paid(legs: Sequence[Leg], cost: float | None, value: float | None) -> float | None:
    if cost is not None:
        return cost
    premiums = [leg.premium for leg in legs if leg.kind in {"call", "put"}]
    if premiums and all(premium is not None for premium in premiums):
        return sum(leg.quantity * (leg.premium or 0.0) for leg in legs if leg.kind in {"call", "put"})
    return value


def _value(legs: Sequence[Leg], market: Market) -> float:
    return sum(leg.quantity * _leg_value(leg, market) for leg in legs)


def _leg_value(leg: Leg, market: Market) -> float:
    if leg.kind not in {"call", "put"}:
        return (market.spot or 0.0) - leg.strike
    return price(_terms(leg, market))


def _terms(leg: Leg, market: Market) -> Terms:
    kind: Literal["call", "put"] = "call" if leg.kind == "call" else "put"
    return Terms(kind, market.spot or 0.0, leg.strike, market.years or 0.0, market.rate, market.dividend, market.sigma or 0.0)


def _total_greeks(legs: Sequence[Leg], market: Market) -> dict[str, float] | None:
    if not (market.years and market.sigma):
        return None
    names = [name for name in OptionResult.model_fields if name not in {"units", "price"}]
    totals = dict.fromkeys(names, 0.0)
    for leg in legs:
        if leg.kind in {"call", "put"}:
            one = greeks(_terms(leg, market))
            totals = {name: totals[name] + leg.quantity * getattr(one, name) for name in names}
        else:
            totals["delta"] += leg.quantity
    return totals


def _breakevens(legs: Sequence[Leg], paid: float, strikes: Sequence[float], slope: float) -> list[float]:
    """Exact zeros of a piecewise linear profit: one a piece at most."""
    found = []
    edges = [0.0, *strikes]
    for low, high in itertools.pairwise(edges):
        a, b = payoff_at(legs, low) - paid, payoff_at(legs, high) - paid
        if a * b < 0:
            found.append(low - a * (high - low) / (b - a))
        elif b == 0 and a != 0:
            found.append(high)
    last = payoff_at(legs, strikes[-1]) - paid
    if slope and last * slope < 0:
        found.append(strikes[-1] - last / slope)
    return found


def _probability(legs: Sequence[Leg], market: Market, paid: float | None, strikes: Sequence[float], slope: float) -> float | None:
    """Risk-neutral probability that the payoff at expiry exceeds the cost, under the flat volatility."""
    if paid is None or not _priced(market) or not (market.years and market.sigma and market.spot):
        return None
    cuts = [0.0, *_breakevens(legs, paid, strikes, slope), math.inf]
    total = 0.0
    for low, high in itertools.pairwise(cuts):
        middle = 0.5 * (low + high) if math.isfinite(high) else max(2 * low, 2 * strikes[-1])
        if payoff_at(legs, middle) > paid:
            total += _below(high, market) - _below(low, market)
    return total


def _below(level: float, market: Market) -> float:
    if level <= 0:
        return 0.0
    if math.isinf(level):
        return 1.0
    sigma, years, spot = market.sigma or 0.0, market.years or 0.0, market.spot or 1.0
    drift = (market.rate - market.dividend - 0.5 * sigma * sigma) * years
    return normal_cdf((math.log(level / spot) - drift) / (sigma * math.sqrt(years)))


def _flat_vols(legs: Sequence[Leg], market: Market, paid: float | None) -> list[float] | None:
    """Every flat volatility in (0.01, 5] at which the model value is the cost; a butterfly can have two."""
    if paid is None or market.spot is None or not market.years:
        return None
    return all_roots(lambda sigma: _value(legs, market._replace(sigma=sigma)) - paid, 0.01, 5.0, 500)


def _calendar(legs: Sequence[Leg], market: Market, cost: float | None, first: float) -> StructureResult:
    """Legs that expire apart: valued when the first one expires, at the flat volatility."""
    if market.sigma is None:
        raise QuantError("legs that expire apart need sigma: the later leg still has time value when the first expires")

    def at(spot: float) -> float:
        total = 0.0
        for leg in legs:
            left = max(0.0, (leg.years if leg.years is not None else first) - first)
            then = market._replace(spot=spot, years=left)
            total += leg.quantity * (_leg_value(leg, then) if left else _intrinsic(leg, spot))
        return total

    value = None
    if market.spot is not None:
        value = sum(leg.quantity * _leg_value(leg, market._replace(years=leg.years or first)) for leg in legs)
    paid = _paid(legs, cost, value)
    top = 2 * max(leg.strike for leg in legs)
    grid = [top * i / 200 for i in range(1, 201)]
    payoff = [(spot, at(spot)) for spot in grid]
    profits = [p - (paid or 0.0) for _, p in payoff]
    return StructureResult(
        cost=paid, max_profit=max(profits) if paid is not None else None, max_profit_unlimited=False,
        max_loss=-min(profits) if paid is not None else None, max_loss_unlimited=False,
        breakevens=all_roots(lambda spot: at(spot) - (paid or 0.0), grid[0], top, 400) if paid is not None else [],
        gross_multiple=max(p for _, p in payoff) / paid if paid and paid > 0 else None,
        net_multiple=max(profits) / paid if paid and paid > 0 else None, payoff=payoff[::10], value_now=value,
        note=f"valued at the first expiry (t = {first:g}) on a grid up to {top:g}",
        units={"cost": "price", "payoff": "value at the first expiry"},
    )  # fmt: skip
