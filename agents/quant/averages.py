"""Options on an average price: the geometric one in closed form, the arithmetic one by a recursion that is exact to its grid."""

import itertools
import math

from agents.quant.errors import QuantError
from agents.quant.options import Terms, price

MOST_FIXINGS = 1_000
_LEVELS = (8, 16, 32, 64)
"""Numbers of fixings from which an average over all moments is extrapolated."""
_NODES = 16
_WIDTH = 6
"""Points of the local polynomial between the grid's."""


def geometric(terms: Terms, fixings: int | None = None) -> float:
    """The geometric average of ``fixings`` equally spaced prices, the last at expiry, or of all moments (Kemna and Vorst 1990).

    The logarithm of the average is normal: with n fixings its mean is that of the logarithm at ``t (n + 1) / 2n`` and its
    variance ``sigma^2 t (n + 1)(2n + 1) / 6n^2``; in the limit ``t / 2`` and ``sigma^2 t / 3``.
    """
    _require(terms, fixings)
    n = fixings or 0
    late, spread = ((n + 1) / (2 * n), (n + 1) * (2 * n + 1) / (6 * n * n)) if n else (0.5, 1 / 3)
    sigma = terms.sigma * math.sqrt(spread)
    growth = (terms.rate - terms.dividend - 0.5 * terms.sigma**2) * late + 0.5 * sigma * sigma
    return price(Terms(terms.kind, terms.spot, terms.strike, terms.years, terms.rate, terms.rate - growth, sigma))


def arithmetic(terms: Terms, fixings: int | None = None) -> float:
    """The arithmetic average of ``fixings`` equally spaced prices, the last at expiry, or of all moments.

    Sums of prices are built from the last one backwards, ``A = e^Z (1 + A')``, so that one dimension is enough (Carverhill and
    Clewlow 1990). An average over all moments is extrapolated from 8, 16, 32 and 64 fixings, whose error is a series in ``1 / n``.
    """
    _require(terms, fixings)
    if fixings is not None:
        return _sampled(terms, fixings)
    row = [_sampled(terms, n) for n in _LEVELS]
    for order in range(1, len(_LEVELS)):
        row = [(2**order * fine - coarse) / (2**order - 1) for coarse, fine in itertools.pairwise(row)]
    return max(0.0, row[0])


def mean(terms: Terms, fixings: int | None = None) -> float:
    """The expected arithmetic average."""
    growth = (terms.rate - terms.dividend) * terms.years
    if fixings is None:
        return terms.spot * (math.expm1(growth) / growth if growth else 1.0)
    return terms.spot * math.fsum(math.exp(growth * i / fixings) for i in range(1, fixings + 1)) / fixings


def _require(terms: Terms, fixings: int | None) -> None:
    if terms.years <= 0 or terms.sigma <= 0:
        raise QuantError("an average needs time and volatility above zero")
    if fixings is not None and not 1 <= fixings <= MOST_FIXINGS:
        raise QuantError(f"fixings must be from 1 to {MOST_FIXINGS}; leave them out for an average over all moments")


def _sampled(terms: Terms, n: int) -> float:
    """A put by the recursion, whose payoff is bounded, and a call by parity."""
    import numpy as np

    from agents.quant.options import prices

    step = terms.years / n
    width = terms.sigma * math.sqrt(step)
    top = math.log(n) + abs(terms.rate - terms.dividend) * terms.years + 8 * terms.sigma * math.sqrt(terms.years)
    cells = int(min(max(400.0, math.ceil(1.2 * top / width)), 1_500.0))
    grid = np.linspace(0, top, cells + 1)
    # What the last period's price is worth for every sum of those after it: a Black-Scholes put, not yet discounted.
    value = prices("put", terms.spot * np.exp(grid) / n, terms.strike, step, terms.rate, terms.sigma, terms.dividend)
    value *= math.exp(terms.rate * step)
    drift = (terms.rate - terms.dividend - 0.5 * terms.sigma**2) * step
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    at = np.minimum(np.logaddexp(0, grid[:, None] + drift + width * nodes), top) / grid[1]
    left = np.clip(at.astype(int) - _WIDTH // 2 + 1, 0, cells + 1 - _WIDTH)
    moves = np.zeros((cells + 1, cells + 1))
    rows = np.broadcast_to(np.arange(cells + 1)[:, None], at.shape)
    for k in range(_WIDTH):
        share = np.prod([(at - left - m) / (k - m) for m in range(_WIDTH) if m != k], axis=0)
        np.add.at(moves, (rows, left + k), weights / weights.sum() * share)
    for _ in range(n - 1):
        value = moves @ value
    discount = math.exp(-terms.rate * terms.years)
    put = discount * float(value[0])
    return max(0.0, put) if terms.kind == "put" else max(0.0, put + discount * (mean(terms, n) - terms.strike))
