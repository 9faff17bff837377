"""Options on an average price: the geometric one in closed form, the arithmetic one by a recursion that is exact to its grid."""

import itertools
import math
from typing import TYPE_CHECKING

from agents.quant.errors import QuantError
from agents.quant.options import Terms, price

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_FIXINGS = 1_000
_LEVELS = (8, 16, 32, 64)
"""Numbers of fixings from which an average over all moments is extrapolated."""
_NODES = 16
_WIDTH = 6
"""Points of the local polynomial between the grid's."""
_CELLS = 6
"""Cells of the grid a deviation of one period."""
_REACH = 8.0


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
    Clewlow 1990). The price is a series in ``1 / n``: for more than 64 fixings, and for all moments, it follows from those at
    8, 16, 32 and 64.
    """
    _require(terms, fixings)
    if fixings is not None and fixings <= _LEVELS[-1]:
        return _sampled(terms, fixings)
    at = 1 / fixings if fixings else 0.0
    nodes = [1 / n for n in _LEVELS]
    shares = [math.prod((at - other) / (node - other) for other in nodes if other != node) for node in nodes]
    return max(0.0, math.fsum(share * _sampled(terms, n) for share, n in zip(shares, _LEVELS, strict=True)))


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
    """A put by the recursion, whose payoff is bounded, and a call by parity.

    The state is the logarithm x of 1 plus the sum of the prices after the one at hand, over that one. Its grid moves along with its
    path without chance, eight deviations to each side.
    """
    import numpy as np

    from agents.quant.options import prices

    step = terms.years / n
    width, reach = terms.sigma * math.sqrt(step), _REACH * terms.sigma * math.sqrt(terms.years)
    drift = (terms.rate - terms.dividend - 0.5 * terms.sigma**2) * step
    centres = [0.0]
    for _ in range(n - 1):
        centres.append(float(np.logaddexp(0, centres[-1] + drift)))
    offsets = np.linspace(-reach, reach, 2 * math.ceil(_CELLS * reach / width) + 1)  # the path itself is in the middle
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights /= weights.sum()
    # What the first price is worth for every sum of those after it: a Black-Scholes put, not yet discounted.
    spots = terms.spot * np.exp(offsets + centres[-1]) / n
    value = prices("put", spots, terms.strike, step, terms.rate, terms.sigma, terms.dividend) * math.exp(terms.rate * step)
    for new, old in itertools.pairwise(reversed(centres)):
        moved = np.logaddexp(0, offsets[:, None] + old + drift + width * nodes) - new
        value = _interpolated(value, (moved + reach) / (offsets[1] - offsets[0])) @ weights
    discount = math.exp(-terms.rate * terms.years)
    put = discount * float(value[len(value) // 2])
    return max(0.0, put) if terms.kind == "put" else max(0.0, put + discount * (mean(terms, n) - terms.strike))


def _interpolated(value: "NDArray[np.float64]", at: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Values between the points of a grid by local polynomials; beyond its ends the end's."""
    import numpy as np

    at = np.clip(at, 0, len(value) - 1)
    left = np.clip(at.astype(int) - _WIDTH // 2 + 1, 0, len(value) - _WIDTH)
    powers = np.linalg.inv(np.vander(np.arange(_WIDTH), increasing=True))
    polynomials = powers @ np.lib.stride_tricks.sliding_window_view(value, _WIDTH).T
    at -= left
    found = polynomials[-1][left]
    for coefficients in polynomials[-2::-1]:
        found *= at
        found += coefficients[left]
    return np.asarray(found)
