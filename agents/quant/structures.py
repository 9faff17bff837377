"""Option structures: what they cost, pay, and where they break even."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from agents.quant.errors import QuantError
from agents.quant.legs import Leg, intrinsic_slope, payoff_at
from agents.quant.options import OptionResult, Terms, delta, deltas, greeks, normal_cdf, price, vega, vegas
from agents.quant.result import Result
from agents.quant.roots import all_roots, sign_changes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOWEST_VOL, HIGHEST_VOL = 1e-4, 5.0
_UNITS = {
    "cost": "price", "max_profit": "price, per unit", "max_loss": "price, per unit", "breakevens": "price of the underlying",
    "gross_multiple": "payoff / cost", "net_multiple": "profit / cost", "payoff": "[price at expiry, value, premiums not counted]",
    "value_now": "price", "probability_of_profit": "risk-neutral", "flat_vols_that_match_cost": "per 1.00",
    "nav_profit_pct": "% of NAV", "nav_loss_pct": "% of NAV",
}  # fmt: skip


class Market(NamedTuple):
    """What prices a structure before expiry; continuous rates, flat volatility per 1.00; on futures dividend = rate."""

    spot: float | None = None
    years: float | None = None
    rate: float = 0.0
    dividend: float = 0.0
    sigma: float | None = None


class StructureResult(Result):
    """Per one unit of the structure, in the price of the underlying; multiples are of the cost.

    ``max_profit`` and ``max_loss`` are None when they are unlimited, which the flags say, or when nothing gives a cost.
    """

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


class Profile(NamedTuple):
    """The value at the first expiry as a function of the spot.

    Between neighbouring ``nodes`` (which start at 0) it is monotone; beyond the last one it follows the line
    ``slope * spot + intercept``, to the last digits if not exactly.
    """

    value: Callable[[float], float]
    nodes: list[float]
    slope: float
    intercept: float

    def extremes(self) -> tuple[float, float]:
        """Lowest and highest value; infinite where the line beyond the last node runs away."""
        values = [self.value(node) for node in self.nodes] + [self.intercept if not self.slope else self.slope * math.inf]
        return min(values), max(values)

    def zeros(self, paid: float) -> list[float]:
        """Spots above zero at which the value is ``paid``; of a whole interval of them its ends."""
        found: list[float] = []
        for low, high in itertools.pairwise(self.nodes):
            a, b = self._gap(low, paid), self._gap(high, paid)
            if a * b < 0:
                found += self._between(low, high, paid)
            found += [node for node, own, other in ((low, a, b), (high, b, a)) if own == 0 != other and node > 0]
        last = self.nodes[-1]
        end = self._gap(last, paid)
        if self.slope and end * self.slope < 0:
            found.append((paid - self.intercept) / self.slope)
        elif self.slope and end == 0:
            found.append(last)
        return sorted(set(found))

    def _gap(self, spot: float, paid: float) -> float:
        gap = self.value(spot) - paid
        return 0.0 if abs(gap) < 1e-12 * max(1.0, self.nodes[-1]) else gap

    def _between(self, low: float, high: float, paid: float) -> list[float]:
        a, b = self.value(low) - paid, self.value(high) - paid
        exact = low - a * (high - low) / (b - a)
        if abs(self.value(exact) - paid) <= 1e-12 * max(1.0, high):
            return [exact]  # the piece is straight, up to the last digits
        return all_roots(lambda spot: self.value(spot) - paid, low, high, 1)


def structure(
    legs: Sequence[Leg], market: Market, cost: float | None = None, nav_pct: float | None = None, at: Sequence[float] = ()
) -> StructureResult:
    """Everything about a structure; legs that expire later than the first are valued at the first expiry.

    Args:
        legs: the instruments.
        market: what values it before expiry; parts may be missing.
        cost: what was paid; else the premiums, a missing one being the model's value.
        nav_pct: the size, in % of NAV spent on the cost.
        at: further spots that the payoff shows.

    Raises:
        QuantError: an input is out of range, or legs expire apart and nothing says what volatility values the later one.
    """
    _require_in_range(market, cost, nav_pct, at)
    legs, first = _timed(legs, market)
    market = market._replace(years=first)
    value = sum(leg.quantity * _leg_value(leg, market) for leg in legs) if _priced(legs, market) else None
    paid = _paid(legs, market, cost)
    profile = _profile(legs, market)
    low, high = profile.extremes()
    vols, notes = _flat_vols(legs, market, paid), []
    if vols == []:
        notes.append(f"no flat volatility from {LOWEST_VOL:g} to {HIGHEST_VOL:g} gives the cost {paid:g}")
    if paid is None:
        notes.append("nothing gives a cost: add cost, or each leg's premium, or S, t and sigma")
    if len({leg.years for leg in legs}) > 1:
        notes.append(f"valued at the first expiry (t = {first:g}) with a flat volatility of {market.sigma:g}")
    net_high = None if paid is None or math.isinf(high) else high - paid
    net_low = None if paid is None or math.isinf(low) else paid - low
    costs = paid is not None and paid > 0
    if nav_pct is not None and not costs:
        notes.append("the size in % of NAV needs a cost above zero")
    share = nav_pct / paid if nav_pct is not None and paid is not None and costs else None
    return StructureResult(
        cost=paid, max_profit=net_high, max_profit_unlimited=math.isinf(high), max_loss=net_low, max_loss_unlimited=math.isinf(low),
        breakevens=[] if paid is None else profile.zeros(paid),
        gross_multiple=high / paid if paid and costs and net_high is not None else None,
        net_multiple=net_high / paid if paid and costs and net_high is not None else None,
        payoff=_drawn(profile, legs, at), value_now=value, greeks=_total_greeks(legs, market),
        probability_of_profit=_probability(profile, market, paid), flat_vols_that_match_cost=vols,
        nav_profit_pct=None if share is None or net_high is None else share * net_high,
        nav_loss_pct=None if share is None or net_low is None else share * net_low, note="; ".join(notes), units=_UNITS,
    )  # fmt: skip


def _require_in_range(market: Market, cost: float | None, nav_pct: float | None, at: Sequence[float]) -> None:
    given = [value for value in (*market, cost, nav_pct, *at) if value is not None]
    if not all(map(math.isfinite, given)):
        raise QuantError("S, t, r, q, sigma, cost, nav_pct and at must be finite numbers")
    if (market.spot is not None and market.spot <= 0) or min(market.years or 0, market.sigma or 0, nav_pct or 0, *at) < 0:
        raise QuantError("S must be above zero, and t, sigma, nav_pct and at not negative")


def _timed(legs: Sequence[Leg], market: Market) -> tuple[list[Leg], float | None]:
    """The legs with their time to expiry, and the first expiry; a leg without its own t takes the structure's."""
    own = {leg.years for leg in legs if leg.years is not None}
    shared = market.years if market.years is not None else next(iter(own)) if len(own) == 1 else None
    if len(own) > 1 and shared is None and any(leg.years is None for leg in legs):
        raise QuantError("legs expire apart and one has no t: give each leg its t")
    timed = [leg if leg.years is not None else leg._replace(years=shared) for leg in legs]
    return timed, min((leg.years for leg in timed if leg.years is not None), default=None)


def _priced(legs: Sequence[Leg], market: Market) -> bool:
    return market.spot is not None and market.sigma is not None and all(leg.years is not None for leg in legs)


def _paid(legs: Sequence[Leg], market: Market, cost: float | None) -> float | None:
    """The cost as given, else premiums, of which the model fills in the missing ones; a spot or future costs nothing."""
    if cost is not None:
        return cost
    options = [leg for leg in legs if leg.kind in {"call", "put"}]
    missing = [leg for leg in options if leg.premium is None]
    if missing and not _priced(legs, market):
        if len(missing) < len(options):
            raise QuantError("some legs have a premium and some none: give every premium, or cost, or S, t and sigma")
        return None
    return sum(leg.quantity * (_leg_value(leg, market) if leg.premium is None else leg.premium) for leg in options)


def _leg_value(leg: Leg, market: Market, sigma: float | None = None) -> float:
    """The model's value; of a spot the profit since its entry, of a future the forward less its entry."""
    if leg.kind in {"call", "put"}:
        return price(_terms(leg, market, sigma))
    spot, years = market.spot or 0.0, leg.years or 0.0
    carried = spot * math.exp((market.rate - market.dividend) * years) if leg.kind == "future" else spot
    return carried - leg.strike


def _terms(leg: Leg, market: Market, sigma: float | None = None) -> Terms:
    kind: Literal["call", "put"] = "call" if leg.kind == "call" else "put"
    flat = sigma if sigma is not None else market.sigma
    return Terms(kind, market.spot or 0.0, leg.strike, leg.years or 0.0, market.rate, market.dividend, flat or 0.0)


def _leg_delta(leg: Leg, market: Market) -> float:
    if leg.kind in {"call", "put"}:
        return delta(_terms(leg, market))
    return math.exp((market.rate - market.dividend) * (leg.years or 0.0)) if leg.kind == "future" else 1.0


def _leg_deltas(leg: Leg, market: Market, spots: "NDArray[np.float64]") -> "NDArray[np.float64]":
    if leg.kind in {"call", "put"}:
        return deltas(_terms(leg, market), spots)
    return spots * 0 + _leg_delta(leg, market)


def _total_greeks(legs: Sequence[Leg], market: Market) -> dict[str, float] | None:
    if not (_priced(legs, market) and market.years and market.sigma):
        return None
    names = [name for name in OptionResult.model_fields if name not in {"units", "price"}]
    totals = dict.fromkeys(names, 0.0)
    for leg in legs:
        if leg.kind in {"call", "put"}:
            one = greeks(_terms(leg, market))
            totals = {name: totals[name] + leg.quantity * getattr(one, name) for name in names}
        else:
            totals["delta"] += leg.quantity * _leg_delta(leg, market)
    return totals


def _profile(legs: Sequence[Leg], market: Market) -> Profile:
    """The value at the first expiry: straight between strikes, and curved where a leg lives on."""
    first = market.years or 0.0
    due = [leg for leg in legs if (leg.years or 0.0) <= first]
    later = [leg._replace(years=(leg.years or 0.0) - first) for leg in legs if (leg.years or 0.0) > first]
    kinks = [0.0, *sorted({leg.strike for leg in due})]
    if not later:
        slope = sum(leg.quantity for leg in due if leg.kind != "put")
        return Profile(lambda spot: payoff_at(due, spot), kinks, slope, payoff_at(due, kinks[-1]) - slope * kinks[-1])
    if market.sigma is None:
        raise QuantError("legs that expire apart need sigma: the later leg still has time value when the first expires")

    def value(spot: float) -> float:
        # At a spot of zero a put is worth its discounted strike; the logarithm needs a spot that is only nearly so.
        at = market._replace(spot=max(spot, 1e-200))
        return payoff_at(due, spot) + sum(leg.quantity * _leg_value(leg, at) for leg in later)

    def slope_at(spot: float) -> float:
        at = market._replace(spot=spot)
        jumps = sum(leg.quantity * intrinsic_slope(leg, spot) for leg in due)
        return jumps + sum(leg.quantity * _leg_delta(leg, at) for leg in later)

    def slopes_at(spots: "NDArray[np.float64]") -> "NDArray[np.float64]":
        jumps = sum(leg.quantity * intrinsic_slope(leg, float(spots[1])) for leg in due)  # the same between two kinks
        return spots * 0 + jumps + sum(leg.quantity * _leg_deltas(leg, market, spots) for leg in later)

    strikes = [leg.strike for leg in legs]
    width = max(_reach(leg, market) for leg in later)
    edges = [min(strikes) / width, *kinks[1:], max(strikes) * width]
    turns = [spot for low, high in itertools.pairwise(edges) for spot in _turns(slope_at, slopes_at, low, high)]
    slope = sum(leg.quantity for leg in due if leg.kind != "put") + sum(leg.quantity * _far_slope(leg, market) for leg in later)
    slope = 0.0 if abs(slope) < 1e-12 else slope
    return Profile(value, sorted({*kinks, *edges, *turns}), slope, value(edges[-1]) - slope * edges[-1])


def _reach(leg: Leg, market: Market) -> float:
    """A factor of the strike beyond which a later leg is its asymptote to about 1e-12: eight standard deviations."""
    years = leg.years or 0.0
    spread = (market.sigma or 0.0) * math.sqrt(years)
    return math.exp(max(0.5, 8 * spread + 0.5 * spread * spread + abs(market.rate - market.dividend) * years))


def _turns(
    slope_at: Callable[[float], float], slopes_at: "Callable[[NDArray[np.float64]], NDArray[np.float64]]", low: float, high: float
) -> list[float]:
    """Where a smooth value turns between two kinks, on a logarithmic grid; the kinks themselves are left out."""
    import numpy as np

    inset = 1e-9
    log_low, log_high = math.log(low) + inset, math.log(high) - inset
    if log_high <= log_low:
        return []
    grid = np.linspace(log_low, log_high, 201)
    return [math.exp(at) for at in sign_changes(lambda at: slope_at(math.exp(at)), grid, slopes_at(np.exp(grid)))]


def _far_slope(leg: Leg, market: Market) -> float:
    years = leg.years or 0.0
    match leg.kind:
        case "put":
            return 0.0
        case "call":
            return math.exp(-market.dividend * years)
        case "future":
            return math.exp((market.rate - market.dividend) * years)
        case "spot":
            return 1.0


def _drawn(profile: Profile, legs: Sequence[Leg], at: Sequence[float]) -> list[tuple[float, float]]:
    """Points to draw: every kink and turn, from zero to twice the highest strike; more where the value is curved."""
    top = 2 * max(leg.strike for leg in legs)
    curved = len({leg.years for leg in legs}) > 1
    spots = {*(node for node in profile.nodes if node < top), *(leg.strike for leg in legs), top, *at}
    if curved:
        spots |= {top * step / 40 for step in range(41)}
    return [(spot, round(profile.value(spot), 10)) for spot in sorted(spots)]


def _probability(profile: Profile, market: Market, paid: float | None) -> float | None:
    """Risk-neutral probability that the value at the first expiry exceeds the cost, under the flat volatility."""
    if paid is None or not (market.years and market.sigma and market.spot):
        return None
    cuts = [0.0, *profile.zeros(paid), math.inf]
    total = 0.0
    for low, high in itertools.pairwise(cuts):
        middle = 0.5 * (low + high) if math.isfinite(high) else 2 * max(low, profile.nodes[-1])
        if profile.value(middle) > paid:
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
    """Every flat volatility in [1e-4, 5] at which the model's value is the cost; a butterfly can have two.

    The value is monotone between the zeros of its vega, so that each piece holds one root at most. A cost that is the
    value of a whole band of volatilities, to 1e-12 of the highest strike, gives the band's inner end, or both ends of the search.
    """
    options = [leg for leg in legs if leg.kind in {"call", "put"}]
    if paid is None or market.spot is None or not market.years or not options:
        return None
    import numpy as np

    scale = 1e-12 * max(leg.strike for leg in legs)

    def gap(at: float) -> float:
        found = sum(leg.quantity * _leg_value(leg, market, math.exp(at)) for leg in legs) - paid
        return 0.0 if abs(found) < scale else found

    def slope(at: float) -> float:
        return sum(leg.quantity * vega(_terms(leg, market, math.exp(at))) for leg in options)

    low, high = math.log(LOWEST_VOL), math.log(HIGHEST_VOL)
    grid = np.linspace(low, high, 801)
    slopes = sum((leg.quantity * vegas(_terms(leg, market, 1.0), np.exp(grid)) for leg in options), grid * 0)
    cuts = sorted({low, *sign_changes(slope, grid, slopes), high})
    found: list[float] = []
    start = low if gap(low) == 0 else None
    for a, b in itertools.pairwise(cuts):
        if gap(a) * gap(b) < 0:
            found += all_roots(gap, a, b, 1)
        elif (gap(a) == 0) != (gap(b) == 0):
            (edge,) = all_roots(lambda at: 1.0 if gap(at) else -1.0, a, b, 1)
            if start is not None:  # a band ends; one that touches neither end of the search is a root that only touches zero
                found.append(edge if start == low else 0.5 * (start + edge))
            start = edge if gap(b) == 0 else None
    if start is not None:
        found += [low, high] if start == low else [start]
    return [math.exp(at) for at in found]
