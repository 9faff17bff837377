"""Implied volatility of any contract: every root, and the prices between which one exists."""

import itertools
import math
from collections.abc import Callable

from agents.quant import options
from agents.quant.averages import mean
from agents.quant.contracts import Contract, engine_of, net, value
from agents.quant.errors import QuantError
from agents.quant.numerical import american_bounds
from agents.quant.options import HIGHEST_VOL, ImpliedVolResult
from agents.quant.roots import crossing

_UNITS = {"sigmas": "per 1.00", "bounds": "price"}
_RISING = [1e-3, 5e-3, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, HIGHEST_VOL]
"""Volatilities between which the one root of a price that rises is looked for."""
_LOWEST, _SCAN_TO, _CELLS = 0.01, 5.0, 120


def implied_vol(contract: Contract, target: float) -> ImpliedVolResult:
    """Every volatility at which the contract costs ``target``; the volatility in its terms is not read.

    European and American options and arithmetic averages have one in [0, 10], as their price rises with volatility. With a
    barrier or a geometric average there can be several: [0.01, 5] is searched, and ``bounds`` are the lowest and highest price there.

    Raises:
        QuantError: the price is outside its bounds (named), or the option has no time left.
    """
    if contract.terms.years <= 0 or not math.isfinite(target):
        raise QuantError("an implied volatility needs time to expiry above zero and a finite price")
    if contract.barrier is not None and contract.barrier.touched(contract.terms.spot):
        raise QuantError("the barrier is touched already: ask for the option without it")
    if contract.average is not None and contract.average.kind == "arithmetic":
        return _arithmetic(contract, target)
    if contract.barrier is not None or contract.average is not None:
        return _scanned(contract, target)
    return _american(contract, target) if contract.style == "american" else options.implied_vol(net(contract), target)


def _priced(contract: Contract) -> Callable[[float], float]:
    def at(sigma: float) -> float:
        moved = contract._replace(terms=contract.terms._replace(sigma=sigma))
        return value(moved, engine_of(moved))

    return at


def _american(contract: Contract, target: float) -> ImpliedVolResult:
    low, high = american_bounds(contract.terms, contract.dividends)
    return _rising(contract, target, (low, high), "exercise at the best moment")


def _arithmetic(contract: Contract, target: float) -> ImpliedVolResult:
    terms, average = contract.terms, contract.average
    discount = math.exp(-terms.rate * terms.years)
    expected = mean(terms, average.fixings if average else None)
    sign = 1 if terms.kind == "call" else -1
    low = discount * max(0.0, sign * (expected - terms.strike))
    return _rising(contract, target, (low, discount * (expected if sign > 0 else terms.strike)), "the expected average against the strike")


def _rising(contract: Contract, target: float, bounds: tuple[float, float], meaning: str) -> ImpliedVolResult:
    """The one root of a price that rises with volatility from the lower bound to the upper one."""
    low, high = bounds
    slack = 1e-9 * contract.terms.strike
    if target < low - slack:
        raise QuantError(f"the price {target:g} is under the lower bound {low:.6g}, {meaning}: no volatility gives it")
    if target >= high:
        raise QuantError(f"the price {target:g} is at or over the upper bound {high:.6g}: no volatility gives it")
    if target <= low + slack:
        note = f"the price is the lower bound {low:.6g}: it does not tell low volatilities apart"
        return ImpliedVolResult(sigmas=[0.0], bounds=bounds, note=note, units=_UNITS)
    priced = _priced(contract)
    before = (0.0, low - target)
    for sigma in _steps(contract, target):
        here = (sigma, priced(sigma) - target)
        if here[1] >= 0:
            found = crossing(lambda at: priced(at) - target, before, here, 1e-8)
            return ImpliedVolResult(sigmas=[found], bounds=bounds, units=_UNITS)
        before = here
    raise QuantError(f"the price {target:g} needs a volatility over {HIGHEST_VOL:.0%}: check its unit and the time to expiry")


def _steps(contract: Contract, target: float) -> list[float]:
    """Where to look: from just under the European option's volatility, which is the higher one, else everywhere."""
    if contract.average is None:
        try:
            (guess,) = options.implied_vol(net(contract), target).sigmas
        except QuantError:
            return _RISING
        if guess > 0:
            return [at * guess for at in (0.5, 0.9, 0.99, 1.0001)] + [at for at in _RISING if at > guess]
    return _RISING if contract.average is None else _RISING[2:]


def _scanned(contract: Contract, target: float) -> ImpliedVolResult:
    priced = _priced(contract)
    sigmas = [_LOWEST * (_SCAN_TO / _LOWEST) ** (i / _CELLS) for i in range(_CELLS + 1)]
    gaps = [priced(sigma) - target for sigma in sigmas]
    bounds = (min(gaps) + target, max(gaps) + target)
    if not bounds[0] <= target <= bounds[1]:
        side = "under the lowest" if target < bounds[0] else "over the highest"
        bound = bounds[0] if target < bounds[0] else bounds[1]
        raise QuantError(f"the price {target:g} is {side} price {bound:.6g} of volatilities from 1 % to 500 %: none of them gives it")
    found = [sigma for sigma, gap in zip(sigmas, gaps, strict=True) if gap == 0]
    for a, b in itertools.pairwise(zip(sigmas, gaps, strict=True)):
        if a[1] * b[1] < 0:
            found.append(crossing(lambda sigma: priced(sigma) - target, a, b))
    note = f"{len(found)} volatilities give this price: the market's view decides" if len(found) > 1 else ""
    return ImpliedVolResult(sigmas=sorted(found), bounds=bounds, note=note, units=_UNITS)
