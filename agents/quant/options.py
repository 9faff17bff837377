"""European options in closed form: Black and Scholes (1973) with Merton's yield, and Black (1976) on a future."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from agents.quant.errors import QuantError
from agents.quant.result import Result
from agents.quant.roots import all_roots

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

OptionType = Literal["call", "put"]
HIGHEST_VOL = 10.0
OPTION_UNITS = {
    "price": "price of the underlying", "delta": "per 1.00 of the underlying", "gamma": "per 1.00 squared",
    "vega": "per 1.00 of volatility", "vega_per_pct": "per volatility point", "theta": "per year",
    "theta_per_day": "per calendar day", "rho": "per 1.00 of the rate", "rho_per_pct": "per percentage point",
}  # fmt: skip


class Terms(NamedTuple):
    """A European option: spot, strike, years, continuous rate and yield, volatility per 1.00."""

    kind: OptionType
    spot: float
    strike: float
    years: float
    rate: float
    dividend: float
    sigma: float


class FutureTerms(Terms):
    """A European option on a future: the ``spot`` is the future's price, which does not move with the rate."""

    __slots__ = ()


class OptionResult(Result):
    """Price and sensitivities; vega and rho per 1.00, theta per year, ``_per_`` fields in traders' units."""

    price: float
    delta: float
    gamma: float
    vega: float
    vega_per_pct: float
    theta: float
    theta_per_day: float
    rho: float
    rho_per_pct: float


class ImpliedVolResult(Result):
    """Every volatility that gives the price, and the prices between which there is one."""

    sigmas: list[float]
    bounds: tuple[float, float]
    note: str = ""


class _Parts(NamedTuple):
    """What price and sensitivities share: the present values of the underlying and the strike, and d1 and d2."""

    sign: float
    asset: float
    bond: float
    spread: float
    d1: float
    d2: float


def normal_cdf(x: float) -> float:
    """The standard normal distribution function, exact to the double's last digits."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def normal_pdf(x: float) -> float:
    """The standard normal density."""
    return math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def terms_of(
    kind: OptionType,
    *,
    K: float,
    t: float,
    r: float,
    sigma: float,
    q: float = 0.0,
    S: float | None = None,
    F: float | None = None,
    dividends: Sequence[tuple[float, float]] = (),
) -> Terms:
    """The terms of an option on a spot ``S`` or a future ``F`` (which carries at the rate, so that q = r).

    Args:
        kind: call or put.
        K: strike.
        t: years to expiry.
        r: continuous rate per year.
        sigma: volatility per 1.00.
        q: continuous yield of the spot; a future has none of its own.
        S: spot price.
        F: futures price.
        dividends: known cash dividends of the spot as (years from now, amount), whose present value is taken off the
            spot (Hull, chapter 15.12); those after expiry do not count.

    Raises:
        QuantError: an input is out of range, or neither or both of S and F are given.
    """
    if (S is None) == (F is None):
        raise QuantError("give either the spot S or the future F")
    spot = S if S is not None else F
    for name, value in (("S or F", spot), ("K", K)):
        if value is None or not math.isfinite(value) or value <= 0:
            raise QuantError(f"{name} must be a price above zero; a negative price needs another model than Black-Scholes")
    if not all(map(math.isfinite, (t, r, q, sigma))) or t < 0 or sigma < 0:
        raise QuantError("t and sigma must be finite and not negative, r and q finite")
    if F is not None and (dividends or q not in {0.0, r}):
        raise QuantError("a future pays no dividend: leave q and dividends out, its price already reflects them")
    if F is not None:
        return FutureTerms(kind, float(F), K, t, r, r, sigma)
    stock = float(S or 0) - sum(present for _, present in _dividends(dividends, t, r))
    if stock <= 0:
        raise QuantError("the dividends are worth more than the spot: check their amounts")
    return Terms(kind, stock, K, t, r, q, sigma)


def _dividends(dividends: Sequence[tuple[float, float]], years: float, rate: float) -> list[tuple[float, float]]:
    """Years and present value of each dividend until expiry."""
    if not all(math.isfinite(amount) and when >= 0 and amount >= 0 for when, amount in dividends):
        raise QuantError("a dividend is [years from now, amount], neither of them negative")
    return [(when, amount * math.exp(-rate * when)) for when, amount in dividends if when <= years]


def _parts(terms: Terms) -> _Parts:
    spread = terms.sigma * math.sqrt(terms.years)
    moneyness = math.log(terms.spot / terms.strike) + (terms.rate - terms.dividend) * terms.years
    # With no uncertainty left the option is a forward or nothing; at the strike either formula gives zero.
    d1 = moneyness / spread + 0.5 * spread if spread > 0 else moneyness * math.inf if moneyness else 0.0
    asset, bond = terms.spot * math.exp(-terms.dividend * terms.years), terms.strike * math.exp(-terms.rate * terms.years)
    return _Parts(1.0 if terms.kind == "call" else -1.0, asset, bond, spread, d1, d1 - spread)


def price(terms: Terms) -> float:
    """The Black-Scholes-Merton price; at no time or no volatility, the discounted intrinsic value."""
    p = _parts(terms)
    return max(0.0, p.sign * (p.asset * normal_cdf(p.sign * p.d1) - p.bond * normal_cdf(p.sign * p.d2)))


def delta(terms: Terms) -> float:
    """Change of the price per 1.00 of the spot or future."""
    p = _parts(terms)
    return p.sign * p.asset / terms.spot * normal_cdf(p.sign * p.d1)


def vega(terms: Terms) -> float:
    """Change of the price per 1.00 of volatility."""
    p = _parts(terms)
    return p.asset * normal_pdf(p.d1) * math.sqrt(terms.years)


def vegas(terms: Terms, sigmas: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """``vega`` at many volatilities above zero."""
    import numpy as np

    if terms.years <= 0:
        return np.zeros_like(sigmas)
    p = _parts(terms._replace(sigma=1.0))
    spread = sigmas * math.sqrt(terms.years)
    d1 = math.log(p.asset / p.bond) / spread + 0.5 * spread
    return np.asarray(p.asset * math.sqrt(terms.years / (2 * math.pi)) * np.exp(-0.5 * d1 * d1))


def deltas(terms: Terms, spots: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """``delta`` at many spots above zero."""
    import numpy as np

    sign, spread = (1.0 if terms.kind == "call" else -1.0), max(terms.sigma * math.sqrt(terms.years), 1e-290)
    with np.errstate(over="ignore"):
        d1 = (np.log(spots / terms.strike) + (terms.rate - terms.dividend) * terms.years) / spread + 0.5 * spread
    return np.asarray(sign * math.exp(-terms.dividend * terms.years) * normal_cdfs(sign * d1))


def greeks(terms: Terms) -> OptionResult:
    """Price and sensitivities (Hull, Options, Futures, and Other Derivatives, chapters 18 and 19).

    Rho holds the spot and the yield, or on a future the future's price; theta holds the spot or the future.

    Raises:
        QuantError: there is no time or no volatility left, so that delta jumps at the strike.
    """
    if terms.years <= 0 or terms.sigma <= 0:
        raise QuantError("sensitivities need time and volatility above zero: ask for the price at expiry by quant.structure")
    p = _parts(terms)
    value, change, volatility = price(terms), delta(terms), vega(terms)
    bond = p.bond * normal_cdf(p.sign * p.d2)
    theta = -volatility * terms.sigma / (2 * terms.years) - p.sign * terms.rate * bond + terms.dividend * terms.spot * change
    rho = -terms.years * value if isinstance(terms, FutureTerms) else p.sign * terms.years * bond
    gamma = p.asset * normal_pdf(p.d1) / (terms.spot**2 * p.spread)
    return OptionResult(
        price=value, delta=change, gamma=gamma, vega=volatility, vega_per_pct=volatility / 100, theta=theta,
        theta_per_day=theta / 365, rho=rho, rho_per_pct=rho / 100, units=OPTION_UNITS,
    )  # fmt: skip


def implied_vol(terms: Terms, target: float) -> ImpliedVolResult:
    """Every volatility in [0, 10] at which the option costs ``target``: one, as a vanilla's price rises with it.

    A price at the lower bound gives 0.0 and a note, since low volatilities then cannot be told apart.

    Args:
        terms: the option; its ``sigma`` is not read.
        target: the price, from intrinsic value up to, not with, the upper bound.

    Raises:
        QuantError: the price is below intrinsic value or above the bound (named), or the option has no time left.
    """
    p = _parts(terms)
    low = price(terms._replace(sigma=0.0))
    high = p.asset if terms.kind == "call" else p.bond
    rounding = 1e-14 * max(p.asset, p.bond)
    if terms.years <= 0 or not math.isfinite(target):
        raise QuantError("an implied volatility needs time to expiry above zero and a finite price")
    if target < low - rounding:
        raise QuantError(f"the price {target:g} is under the intrinsic value {low:.6g}: no volatility gives it")
    if target >= high:
        raise QuantError(f"the price {target:g} is at or over the upper bound {high:.6g}: no volatility gives it")
    # By parity the option that is out of the money has the same volatility and no intrinsic value to lose digits to.
    out: OptionType = "put" if p.asset > p.bond else "call"
    time_value, units = target - low, {"sigmas": "per 1.00", "bounds": "price"}
    if time_value <= (rounding if low else 0.0):
        note = f"the price is the lower bound {low:.6g}: it does not tell low volatilities apart"
        return ImpliedVolResult(sigmas=[0.0], bounds=(low, high), note=note, units=units)
    found = all_roots(lambda sigma: price(terms._replace(kind=out, sigma=sigma)) - time_value, 0.0, HIGHEST_VOL, 1)
    if not found:
        raise QuantError(f"the price {target:g} needs a volatility over {HIGHEST_VOL:.0%}: check its unit and the time to expiry")
    return ImpliedVolResult(sigmas=found, bounds=(low, high), units=units)


# Hart et al. (1968), Computer Approximations, no. 5666, as given by G. West (2005), Better approximations to cumulative
# normal functions, Wilmott Magazine 9, 70-76: highest power first.
_HART_ABOVE = (3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
               221.213596169931, 220.206867912376)  # fmt: skip
_HART_BELOW = (8.83883476483184e-02, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
               637.333633378831, 793.826512519948, 440.413735824752)  # fmt: skip
_TAIL = 7.07106781186547
_ZERO = 38.0
_BLOCK = 32_768
"""Elements at a time: the temporaries of a block stay in the processor's cache, which saves a third of the time."""


def normal_cdfs(x: "ArrayLike") -> "NDArray[np.float64]":
    """The standard normal distribution function of an array, to 1e-14 absolute and 1e-9 relative in the lower tail."""
    import numpy as np

    given = np.asarray(x, dtype=np.float64)
    return _cdfs(given, _kernel(np.minimum(np.abs(given), _ZERO)))


def _kernel(size: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """exp(-x^2 / 2)."""
    import numpy as np

    density = size * size
    density *= -0.5
    return np.exp(density, out=density)


def _cdfs(given: "NDArray[np.float64]", density: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The distribution function, with exp(-x^2 / 2) known; ``density`` is used up."""
    import numpy as np

    size = np.abs(given)
    np.minimum(size, _ZERO, out=size)
    far = size > _TAIL
    if far.any():
        y = size[far]
        fraction = y + 1 / (y + 2 / (y + 3 / (y + 4 / (y + 0.65))))
        beyond = density[far] / (fraction * math.sqrt(2 * math.pi))
    lower = density
    lower *= _horner(_HART_ABOVE, size)
    lower /= _horner(_HART_BELOW, size)
    if far.any():
        lower[far] = beyond
    # 1 - lower above zero, without a branch; below zero nothing is added, so that no digit of the tail is lost.
    above = ~np.signbit(given)
    np.copysign(lower, -given, out=lower)
    lower += above
    return lower


def _horner(coefficients: Sequence[float], x: "NDArray[np.float64]") -> "NDArray[np.float64]":
    total = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        total += coefficient
        total *= x
    total += coefficients[-1]
    return total


def prices(
    kind: OptionType,
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    rate: "ArrayLike",
    sigma: "ArrayLike",
    dividend: "ArrayLike" = 0.0,
) -> "NDArray[np.float64]":
    """Black-Scholes-Merton prices of arrays that broadcast; for options on a future give the future and dividend = rate.

    Agrees with ``price`` to 1e-13 of the larger of spot and strike.

    Raises:
        QuantError: an element is out of range or not a number.
    """
    import os
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    given = [np.asarray(value, dtype=np.float64) for value in (spot, strike, years, rate, sigma, dividend)]
    _require_in_range(given)
    shape = np.broadcast_shapes(*(value.shape for value in given))
    flat = [value.reshape(-1) if value.size == 1 else np.broadcast_to(value, shape).reshape(-1) for value in given]
    found = np.empty(math.prod(shape))

    def fill(start: int) -> None:
        block = slice(start, start + _BLOCK)
        found[block] = _block_prices(kind, [value if value.size == 1 else value[block] for value in flat])

    starts = range(0, found.size, _BLOCK)
    if len(starts) < 4:
        for start in starts:
            fill(start)
    else:  # numpy lets go of the interpreter while it computes
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            list(pool.map(fill, starts))
    return found.reshape(shape)


def _require_in_range(given: "Sequence[NDArray[np.float64]]") -> None:
    for name, value, above in zip(("spot", "strike", "years", "rate", "sigma", "dividend"), given, (0, 0, -1, None, -1, None), strict=True):
        if not value.size:
            raise QuantError(f"{name} is empty: give at least one number")
        low, high = float(value.min()), float(value.max())
        if not (math.isfinite(low) and math.isfinite(high)) or (above == 0 and low <= 0) or (above == -1 and low < 0):
            raise QuantError(f"{name} must be finite" + {0: " and above zero", -1: " and not negative", None: ""}[above])


def _block_prices(kind: OptionType, given: "Sequence[NDArray[np.float64]]") -> "NDArray[np.float64]":
    import numpy as np

    spot, strike, years, rate, sigma, dividend = given
    sign = 1.0 if kind == "call" else -1.0
    # The smallest double stands for no uncertainty: d1 is then plus or minus infinity for every practical purpose.
    spread = np.maximum(sigma * np.sqrt(years), 1e-290)
    asset, bond = _discounted(spot, dividend, years), _discounted(strike, rate, years)
    ratio = asset / bond
    with np.errstate(over="ignore"):
        d1 = np.log(ratio)
        d1 /= spread
    d1 += 0.5 * spread
    d2 = d1 - spread
    d1 *= sign
    d2 *= sign
    density = _kernel(np.minimum(np.abs(d1), _ZERO))
    ratio *= density  # asset n(d1) = bond n(d2) saves an exponential
    found = _cdfs(d1, density)
    found *= asset
    found -= bond * _cdfs(d2, ratio)
    found *= sign
    return np.maximum(found, 0.0, out=found)


def _discounted(price: "NDArray[np.float64]", rate: "NDArray[np.float64]", years: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np

    if rate.size == 1 and not rate.any():
        return price
    factor = rate * -years
    return price * np.exp(factor, out=factor)
