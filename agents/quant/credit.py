"""Credit: Merton's structural model from what the market shows, and hazard rates behind par spreads."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from agents.quant.errors import QuantError
from agents.quant.options import normal_cdf
from agents.quant.result import Result
from agents.quant.roots import all_roots, bracketed
from agents.quant.runway import RunwayResult, runway

__all__ = [
    "CreditCurveResult", "MertonBand", "MertonResult", "MertonRoot", "RunwayResult", "credit_curve", "equity_vol_band", "merton",
    "merton_from_equity", "merton_from_spread", "par_spread", "runway",
]  # fmt: skip
_UNITS = {
    "leverage": "present value of debt at the riskless rate / assets", "asset_vol": "per 1.00",
    "default_probability": "risk-neutral, to T", "spread_bp": "bp, continuous",
}  # fmt: skip
_NO_EQUITY, _NO_DEBT = -138.0, 27.6
"""Logarithms of equity over debt: equity from 1e-60 of the assets to all but 1e-12 of them."""
_NARROWEST, _WIDEST = 1e-12, 40.0
"""Volatilities over the whole horizon: none, and one at which debt is worthless to twelve digits at any leverage searched."""


class MertonRoot(Result):
    """One firm that fits: leverage is the debt's present value at the riskless rate over the assets."""

    leverage: float
    asset_vol: float
    asset_value: float
    default_probability: float
    spread_bp: float


class MertonResult(Result):
    """All firms that fit, lowest leverage first; two means that the inputs alone do not decide between them."""

    roots: list[MertonRoot]
    note: str = ""


class MertonBand(Result):
    """Equity volatility that a spread implies over a range of leverage, and where the market's lies in it.

    ``share_below`` is the part of the leverages whose equity volatility is under the market's; ``verdict`` says what that makes
    of options on the share against its credit.
    """

    leverage: list[float]
    equity_vol: list[float]
    lowest: float
    highest: float
    share_below: float | None = None
    verdict: str = ""


class CreditCurveResult(Result):
    """Piecewise flat hazard rates and what follows from them; ``hazard`` is the average to the last tenor."""

    hazard: float
    survival: list[tuple[float, float]]
    par_spread_bp: float
    forward_hazards: list[tuple[float, float]]
    par_spreads_bp: list[tuple[float, float]]


class _Firm(NamedTuple):
    """Assets of 1: leverage, the equity's share of the assets, and the assets' volatility over the whole horizon."""

    leverage: float
    equity: float
    spread: float

    @property
    def d1(self) -> float:
        return -math.log(self.leverage) / self.spread + 0.5 * self.spread

    def put_share(self) -> float:
        """The part of the debt's riskless value that default takes."""
        return normal_cdf(self.spread - self.d1) - normal_cdf(-self.d1) / self.leverage

    def call(self) -> float:
        """The model's value of the equity."""
        return normal_cdf(self.d1) - self.leverage * normal_cdf(self.d1 - self.spread)


def _solved(leverage: float, lost: float, equity: float) -> _Firm:
    """The firm whose debt loses ``lost`` of its riskless value; the loss rises with volatility, so there is one.

    The option that is out of the money is matched, the put or the equity itself, so that no digits cancel.
    """

    def short(spread: float) -> float:
        firm = _Firm(leverage, equity, spread)
        return firm.put_share() - lost if leverage <= 1 else firm.call() - equity

    return _Firm(leverage, equity, bracketed(short, _NARROWEST, _WIDEST, -lost if leverage <= 1 else -equity))


def _equity_vol(firm: _Firm, years: float) -> float:
    """``sigma_V N(d1) V / E``."""
    return firm.spread / math.sqrt(years) * normal_cdf(firm.d1) / firm.equity


def merton(
    *, equity_vol: float, T: float, spread: float | None = None, equity: float | None = None, debt: float | None = None, r: float = 0.0
) -> MertonResult:
    """Every firm of Merton's model that shows ``spread`` and ``equity_vol``, or ``equity``, ``equity_vol`` and ``debt``.

    Raises:
        QuantError: neither or both pairs are given, an input is out of range, or no firm fits.
    """
    if spread is not None and equity is None and debt is None:
        return merton_from_spread(spread, equity_vol, T)
    if spread is not None or equity is None or debt is None:
        raise QuantError("give either spread and equity_vol, or equity, equity_vol and debt")
    return merton_from_equity(equity, equity_vol, debt, r, T)


def merton_from_spread(spread: float, equity_vol: float, years: float) -> MertonResult:
    """Every (leverage, asset volatility) that shows both this spread and this equity volatility.

    With leverage L the present value of the debt's face at the riskless rate over the assets, Merton (1974) gives the
    spread as ``-ln(N(d2) + N(-d1) / L) / T``, so that equity is ``1 - L exp(-spread T)`` of the assets. Over all such
    firms equity volatility falls and rises again: there are two, one or none. L stays below ``exp(spread T)``, where
    nothing is left for equity; firms whose equity is under 1e-60 or over 1 - 1e-12 of the assets are not looked at.

    Args:
        spread: per 1.00, continuous, e.g. 0.07 for 700 bp.
        equity_vol: per 1.00.
        years: the debt's horizon.

    Raises:
        QuantError: no firm shows both; the message names the lowest equity volatility that the spread allows.
    """
    if not all(map(math.isfinite, (spread, equity_vol, years))) or min(spread, equity_vol, years) <= 0:
        raise QuantError("spread, equity_vol and T must be above zero: spread is per 1.00, e.g. 0.07 for 700 bp")

    def firm(logit: float) -> _Firm:
        return _firm_of_spread(spread, years, logit)

    def gap(logit: float) -> float:
        return _equity_vol(firm(logit), years) - equity_vol

    lowest = _lowest(gap, _NO_EQUITY, _NO_DEBT)
    if gap(lowest) > 1e-12:
        raise QuantError(
            f"no firm shows {spread * 1e4:.0f} bp and an equity volatility of {equity_vol:.0%} at {years:g} years: "
            f"the spread alone needs {gap(lowest) + equity_vol:.1%} or more"
        )
    halves = [all_roots(gap, *half, 60) for half in ((_NO_EQUITY, lowest), (lowest, _NO_DEBT))]
    logits = sorted({*halves[0], *halves[1]} or {lowest}, reverse=True)
    note = "two firms fit: leverage from the balance sheet decides" if len(logits) > 1 else ""
    return MertonResult(roots=[_root(firm(at), years, 1.0) for at in logits], note=note, units=_UNITS | {"asset_value": "assets = 1"})


def _firm_of_spread(spread: float, years: float, logit: float) -> _Firm:
    """The firm of this spread whose equity is to its debt as exp(logit) to 1."""
    equity = 1 / (1 + math.exp(-logit))
    leverage = math.exp(spread * years) / (1 + math.exp(logit))
    return _solved(leverage, -math.expm1(-spread * years), equity)


def _lowest(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley is lowest: the best of a grid, then golden-section search."""
    step = (high - low) / 80
    best = min((low + step * i for i in range(81)), key=function)
    a, b, ratio = max(low, best - step), min(high, best + step), 0.5 * (math.sqrt(5) - 1)
    for _ in range(40):
        left, right = b - ratio * (b - a), a + ratio * (b - a)
        a, b = (a, right) if function(left) < function(right) else (left, b)
    return 0.5 * (a + b)


def merton_from_equity(equity: float, equity_vol: float, debt: float, rate: float, years: float) -> MertonResult:
    """Asset value and volatility behind a share: solves E = call(V) and sigma_E E = sigma_V N(d1) V (Hull, chapter 24).

    The asset volatility lies between ``sigma_E E / (E + debt)`` and ``sigma_E``, since equity's leverage does between
    its book value and 1; the whole of that is searched.

    Args:
        equity: market value of the shares.
        equity_vol: per 1.00.
        debt: face value due at ``years``, in the currency of ``equity``.
        rate: continuous per year.
        years: the debt's horizon.

    Raises:
        QuantError: an input is out of range.
    """
    if not all(map(math.isfinite, (equity, equity_vol, debt, rate, years))) or min(equity, equity_vol, debt, years) <= 0:
        raise QuantError("equity, equity_vol, debt and T must be above zero")
    present = debt * math.exp(-rate * years)

    def firm(log_vol: float) -> _Firm:
        spread = math.exp(log_vol) * math.sqrt(years)
        low, high = 0.0, present
        for _ in range(80):  # what the debt is worth: the more, the larger the assets and the call on them
            middle = 0.5 * (low + high)
            assets = equity + middle
            low, high = (middle, high) if assets * _Firm(present / assets, 0.0, spread).call() < equity else (low, middle)
        assets = equity + 0.5 * (low + high)
        return _Firm(present / assets, equity / assets, spread)

    def gap(log_vol: float) -> float:
        return _equity_vol(firm(log_vol), years) - equity_vol

    lowest = math.log(equity_vol * equity / (equity + present))
    found = [firm(at) for at in all_roots(gap, lowest - 1e-6, math.log(equity_vol) + 1e-6, 200)]
    if not found:
        raise QuantError("no asset volatility fits this equity and debt: check their units")
    roots = [_root(one, years, equity / one.equity) for one in found]
    return MertonResult(roots=sorted(roots, key=lambda root: root.leverage), units=_UNITS | {"asset_value": "currency of equity and debt"})


def _root(firm: _Firm, years: float, asset_value: float) -> MertonRoot:
    return MertonRoot(
        leverage=firm.leverage, asset_vol=firm.spread / math.sqrt(years), asset_value=asset_value,
        default_probability=normal_cdf(firm.spread - firm.d1), spread_bp=-math.log1p(-firm.put_share()) / years * 1e4,
    )  # fmt: skip


def equity_vol_band(
    spread: float, years: float, low: float, high: float, points: int = 33, market: float | None = None
) -> MertonBand:  # fmt: skip
    """The equity volatility that the spread implies at each leverage from ``low`` to ``high``, and where the ``market``'s lies.

    Raises:
        QuantError: a leverage at which not even worthless equity gives this spread, or a range that is none.
    """
    top = math.exp(spread * years)
    if min(spread, years, low) <= 0 or points < 2 or high <= low or (market is not None and market <= 0):
        raise QuantError("spread, T, low and equity_vol must be above zero, high above low, and points at least two")
    if high >= top:
        raise QuantError(f"at leverage {top:.4g} and over no equity is left under this spread: ask for a high below it")
    levels = [low + (high - low) * i / (points - 1) for i in range(points)]
    found = [_equity_vol(_firm_of_spread(spread, years, math.log(top / level - 1)), years) for level in levels]
    below = None if market is None else sum(vol < market for vol in found) / points
    return MertonBand(
        leverage=levels, equity_vol=found, lowest=min(found), highest=max(found), share_below=below, verdict=_verdict(below),
        units={
            "leverage": _UNITS["leverage"], "equity_vol": "per 1.00", "lowest": "per 1.00", "highest": "per 1.00",
            "share_below": "of the leverages, per 1.00",
        },
    )  # fmt: skip


def _verdict(below: float | None) -> str:
    if below is None or below in {0.0, 1.0}:
        return "" if below is None else "cheap at every leverage" if below == 0 else "rich at every leverage"
    return "fair to rich" if below > 0.5 else "fair to cheap"


def par_spread(hazards: Sequence[tuple[float, float]], recovery: float, years: float, rate: float = 0.0, a_year: int = 4) -> float:
    """The par spread per 1.00 of a credit default swap (Hull, chapter 25): protection paid / risky annuity.

    Premiums are due at the end of each period; a default comes in the middle of one, with half a period's premium accrued.

    Args:
        hazards: (to this year, hazard a year), rising in years; the last one holds beyond its year.
        recovery: part of the face that a default leaves.
        years: the swap's life, a whole number of periods.
        rate: continuous, to discount.
        a_year: premiums a year.
    """
    periods = round(years * a_year)
    annuity = protection = 0.0
    for i in range(periods):
        start, end = i / a_year, (i + 1) / a_year
        alive, default = _survival(hazards, end), _survival(hazards, start) - _survival(hazards, end)
        middle = math.exp(-rate * 0.5 * (start + end))
        annuity += (alive * math.exp(-rate * end) + 0.5 * default * middle) / a_year
        protection += (1 - recovery) * default * middle
    return protection / annuity


def _survival(hazards: Sequence[tuple[float, float]], years: float) -> float:
    total = last = 0.0
    for i, (until, hazard) in enumerate(hazards):
        end = years if i == len(hazards) - 1 else min(years, until)
        total += hazard * max(0.0, end - last)
        last = max(last, until)
    return math.exp(-total)


def credit_curve(
    spread_bp: float | Sequence[tuple[float, float]], recovery: float, years: float, rate: float = 0.0, a_year: int = 4
) -> CreditCurveResult:
    """Hazard rates and survival behind credit spreads.

    One spread is read as continuous premiums at a flat hazard: the credit triangle ``h = s / (1 - R)``, exact at any
    riskless rate. Several spreads, (years, bp), are par spreads as in ``par_spread``, and the hazards between
    their tenors are found one after the other.

    Raises:
        QuantError: an input is out of range, a tenor is no whole number of periods, or a spread falls so steeply that
            its hazard would be negative (named).
    """
    if not 0 <= recovery < 1 or years <= 0:
        raise QuantError("recovery must be from 0 up to, not with, 1, and T above zero")
    if isinstance(spread_bp, int | float):
        if not (math.isfinite(spread_bp) and spread_bp >= 0):
            raise QuantError("the spread must be a number of basis points, not negative")
        hazards = [(years, spread_bp / 1e4 / (1 - recovery))]
        quoted = [(years, float(spread_bp))]
    else:
        quoted = sorted(spread_bp)
        hazards = _bootstrapped(quoted, recovery, rate, a_year)
    years_out = sorted({float(year) for year in range(1, math.floor(years) + 1)} | {years})
    last = quoted[-1][0]
    return CreditCurveResult(
        hazard=-math.log(_survival(hazards, last)) / last, survival=[(year, _survival(hazards, year)) for year in years_out],
        par_spread_bp=quoted[-1][1], forward_hazards=hazards, par_spreads_bp=quoted,
        units={
            "hazard": "per year, average", "survival": "(years, probability)", "par_spread_bp": "bp, of the last tenor",
            "forward_hazards": "(to year, per year)", "par_spreads_bp": "(years, bp)",
        },
    )  # fmt: skip


def _bootstrapped(quoted: Sequence[tuple[float, float]], recovery: float, rate: float, a_year: int) -> list[tuple[float, float]]:
    tenors = [tenor for tenor, _ in quoted]
    whole = all(tenor > 0 and abs(tenor * a_year - round(tenor * a_year)) < 1e-9 for tenor in tenors)
    if not tenors or not whole or any(a == b for a, b in itertools.pairwise(tenors)) or min(bp for _, bp in quoted) <= 0:
        raise QuantError("spreads are (years, bp) above zero, each tenor once and a whole number of premium periods")
    found: list[tuple[float, float]] = []
    for tenor, bp in quoted:

        def gap(hazard: float, tenor: float = tenor, bp: float = bp) -> float:
            return par_spread([*found, (tenor, hazard)], recovery, tenor, rate, a_year) - bp / 1e4

        roots = all_roots(gap, 0.0, 20.0, 40)
        if not roots:
            raise QuantError(f"the spread of {bp:g} bp at {tenor:g} years needs a negative hazard: the curve falls too steeply")
        found.append((tenor, roots[0]))
    return found
