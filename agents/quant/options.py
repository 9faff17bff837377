"""European options in closed form: Black and Scholes (1973) with Merton's yield, and Black (1976) on a future."""

import math
from typing import Literal, NamedTuple

from agents.errors import QuantError
from agents.quant.result import Result
from agents.quant.roots import all_roots

OptionType = Literal["call", "put"]
_UNITS = {
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


def normal_cdf(x: float) -> float:
    """The standard normal distribution function, exact to the double's last digits."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def normal_pdf(x: float) -> float:
    """The standard normal density."""
    return math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def price(terms: Terms) -> float:
    """The Black-Scholes-Merton price; at no time or no volatility, the discounted intrinsic value."""
    sign = 1.0 if terms.kind == "call" else -1.0
    forward = terms.spot * math.exp((terms.rate - terms.dividend) * terms.years)
    discount = math.exp(-terms.rate * terms.years)
    spread = terms.sigma * math.sqrt(terms.years)
    if spread <= 0:
        return discount * max(0.0, sign * (forward - terms.strike))
    d1 = math.log(forward / terms.strike) / spread + 0.5 * spread
    return discount * sign * (forward * normal_cdf(sign * d1) - terms.strike * normal_cdf(sign * (d1 - spread)))


def greeks(terms: Terms) -> OptionResult:
    """Price and sensitivities (Hull, Options, Futures, and Other Derivatives, chapter 19)."""
    if terms.years <= 0 or terms.sigma <= 0:
        raise QuantError("sensitivities need time and volatility above zero: ask for the price at expiry by quant.structure")
    sign = 1.0 if terms.kind == "call" else -1.0
    root = math.sqrt(terms.years)
    carried = math.exp(-terms.dividend * terms.years)
    discount = math.exp(-terms.rate * terms.years)
    d1 = (math.log(terms.spot / terms.strike) + (terms.rate - terms.dividend + 0.5 * terms.sigma**2) * terms.years) / (terms.sigma * root)
    d2 = d1 - terms.sigma * root
    vega = terms.spot * carried * normal_pdf(d1) * root
    theta = (
        -terms.spot * carried * normal_pdf(d1) * terms.sigma / (2 * root)
        - sign * terms.rate * terms.strike * discount * normal_cdf(sign * d2)
        + sign * terms.dividend * terms.spot * carried * normal_cdf(sign * d1)
    )
    rho = sign * terms.strike * terms.years * discount * normal_cdf(sign * d2)
    return OptionResult(
        price=price(terms), delta=sign * carried * normal_cdf(sign * d1),
        gamma=carried * normal_pdf(d1) / (terms.spot * terms.sigma * root), vega=vega, vega_per_pct=vega / 100,
        theta=theta, theta_per_day=theta / 365, rho=rho, rho_per_pct=rho / 100, units=_UNITS,
    )  # fmt: skip


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
) -> Terms:
    """The terms of an option on a spot ``S`` or a future ``F`` (which carries at the rate, so that q = r).

    Raises:
        QuantError: an input is out of range, or neither or both of S and F are given.
    """
    if (S is None) == (F is None):
        raise QuantError("give either the spot S or the future F")
    spot = S if S is not None else F
    for name, value in (("S or F", spot), ("K", K)):
        if value is None or not math.isfinite(value) or value <= 0:
            raise QuantError(f"{name} must be a price above zero; a negative price needs another model than Black-Scholes")
    if t < 0 or sigma < 0 or not all(map(math.isfinite, (t, r, q, sigma))):
        raise QuantError("t and sigma must be finite and not negative, r and q finite")
    return Terms(kind, float(spot or 0), K, t, r, q if F is None else r, sigma)


def implied_vol(terms: Terms, target: float) -> ImpliedVolResult:
    """Every volatility in (0, 10] at which the option costs ``target``; one, as a vanilla's price rises with it.

    Raises:
        QuantError: the price is below intrinsic value or above the bound; the message names the bound.
    """
    low = price(terms._replace(sigma=0.0))
    discount, carried = math.exp(-terms.rate * terms.years), math.exp(-terms.dividend * terms.years)
    high = terms.spot * carried if terms.kind == "call" else terms.strike * discount
    if target < low:
        raise QuantError(f"the price {target:g} is under the intrinsic value {low:.6g}: no volatility gives it")
    if target >= high:
        raise QuantError(f"the price {target:g} is at or over the upper bound {high:.6g}: no volatility gives it")
    found = all_roots(lambda sigma: price(terms._replace(sigma=sigma)) - target, 1e-6, 10.0, 1000)
    return ImpliedVolResult(sigmas=found, bounds=(low, high), units={"sigmas": "per 1.00", "bounds": "price"})
