"""Credit: Merton's structural model from what the market shows, hazard rates, and a company's cash runway."""

import math

from agents.errors import QuantError
from agents.quant.options import normal_cdf
from agents.quant.result import Result
from agents.quant.roots import all_roots


class MertonRoot(Result):
    """One firm that fits: leverage is the debt's present value over the assets."""

    leverage: float
    asset_vol: float
    asset_value: float
    default_probability: float
    spread_bp: float


class MertonResult(Result):
    """All firms that fit; two means that the inputs alone do not decide between them."""

    roots: list[MertonRoot]
    note: str = ""


class MertonBand(Result):
    """Equity volatility that a spread implies over a range of leverage."""

    leverage: list[float]
    equity_vol: list[float]


class CreditCurveResult(Result):
    """Flat hazard rate and what follows from it, a row a year."""

    hazard: float
    survival: list[tuple[float, float]]
    par_spread_bp: float


class RunwayResult(Result):
    """A company's year of cash, in the unit of the inputs."""

    free_cash_flow: float
    runway_years: float | None
    runway_days: float | None
    external_need_12m: float
    funding_gap: float
    note: str = ""


_UNITS = {"leverage": "PV of debt / assets", "asset_vol": "per 1.00", "default_probability": "risk-neutral, to T",
          "spread_bp": "bp, continuous"}  # fmt: skip


def _d1(leverage: float, asset_vol: float, years: float) -> float:
    spread = asset_vol * math.sqrt(years)
    return -math.log(leverage) / spread + 0.5 * spread


def spread_of(leverage: float, asset_vol: float, years: float) -> float:
    """Credit spread per 1.00 (Merton 1974): ``-ln(N(d2) + N(-d1) / L) / T`` with L the present value of debt over assets."""
    d1 = _d1(leverage, asset_vol, years)
    d2 = d1 - asset_vol * math.sqrt(years)
    return -math.log(normal_cdf(d2) + normal_cdf(-d1) / leverage) / years


def equity_vol_of(leverage: float, asset_vol: float, years: float) -> float:
    """Equity volatility: ``sigma_V N(d1) V / E``."""
    d1 = _d1(leverage, asset_vol, years)
    equity = normal_cdf(d1) - leverage * normal_cdf(d1 - asset_vol * math.sqrt(years))
    return asset_vol * normal_cdf(d1) / equity


def _asset_vol(leverage: float, spread: float, years: float) -> float | None:
    """The asset volatility at which debt of this leverage pays this spread; the spread rises with it."""
    found = all_roots(lambda vol: spread_of(leverage, vol, years) - spread, 0.005, 4.0, 400)
    return found[0] if found else None


def merton_from_spread(spread: float, equity_vol: float, years: float) -> MertonResult:
    """Every (leverage, asset volatility) that shows both this spread and this equity volatility.

    Args:
        spread: per 1.00, continuous, e.g. 0.07 for 700 bp.
        equity_vol: per 1.00.
        years: the debt's horizon.

    Raises:
        QuantError: no firm shows both.
    """
    if min(spread, equity_vol, years) <= 0:
        raise QuantError("spread, equity_vol and T must be above zero: spread is per 1.00, e.g. 0.07 for 700 bp")

    def gap(leverage: float) -> float:
        asset_vol = _asset_vol(leverage, spread, years)
        return equity_vol_of(leverage, asset_vol, years) - equity_vol if asset_vol else -equity_vol

    # Above ln L = spread * T even a riskless firm pays more than the spread: no root lies there.
    roots = all_roots(gap, 0.02, math.exp(spread * years) * 0.999, 120)
    found = []
    for leverage in roots:
        asset_vol = _asset_vol(leverage, spread, years)
        if asset_vol:
            found.append(_root(leverage, asset_vol, years, 1.0))
    if not found:
        raise QuantError(f"no firm shows {spread * 1e4:.0f} bp and an equity volatility of {equity_vol:.0%} at {years:g} years")
    note = "two firms fit: leverage from the balance sheet decides" if len(found) > 1 else ""
    return MertonResult(roots=found, note=note, units=_UNITS | {"asset_value": "assets = 1"})


def merton_from_equity(equity: float, equity_vol: float, debt: float, rate: float, years: float) -> MertonResult:
    """Asset value and volatility behind a share: solves E = call(V) and sigma_E E = sigma_V N(d1) V."""
    if min(equity, equity_vol, debt, years) <= 0:
        raise QuantError("equity, equity_vol, debt and T must be above zero")
    present = debt * math.exp(-rate * years)

    def assets(vol: float) -> float:
        low, high = equity, equity + debt + present
        for _ in range(200):
            middle = 0.5 * (low + high)
            d1 = _d1(present / middle, vol, years)
            worth = middle * normal_cdf(d1) - present * normal_cdf(d1 - vol * math.sqrt(years))
            low, high = (middle, high) if worth < equity else (low, middle)
        return 0.5 * (low + high)

    roots = all_roots(lambda vol: equity_vol_of(present / assets(vol), vol, years) - equity_vol, 0.005, max(equity_vol, 0.01), 200)
    if not roots:
        raise QuantError("no asset volatility fits this equity and debt: check their units")
    found = [_root(present / assets(vol), vol, years, assets(vol)) for vol in roots]
    return MertonResult(roots=found, units=_UNITS | {"asset_value": "currency of equity and debt"})


def _root(leverage: float, asset_vol: float, years: float, asset_value: float) -> MertonRoot:
    d2 = _d1(leverage, asset_vol, years) - asset_vol * math.sqrt(years)
    return MertonRoot(
        leverage=leverage, asset_vol=asset_vol, asset_value=asset_value, default_probability=normal_cdf(-d2),
        spread_bp=spread_of(leverage, asset_vol, years) * 1e4,
    )  # fmt: skip


def equity_vol_band(spread: float, years: float, low: float, high: float, points: int = 9) -> MertonBand:
    """The equity volatility that the spread implies at each leverage from ``low`` to ``high``."""
    levels = [low + (high - low) * i / (points - 1) for i in range(points)]
    pairs = [(level, vol) for level in levels if (vol := _asset_vol(level, spread, years))]
    return MertonBand(
        leverage=[level for level, _ in pairs], equity_vol=[equity_vol_of(level, vol, years) for level, vol in pairs],
        units={"leverage": "PV of debt / assets", "equity_vol": "per 1.00"},
    )  # fmt: skip


def credit_curve(spread_bp: float, recovery: float, years: float) -> CreditCurveResult:
    """A flat hazard by the credit triangle, ``h = s / (1 - R)`` (Hull, chapter 24), and survival by year."""
    if not 0 <= recovery < 1:
        raise QuantError("recovery must be from 0 up to, not with, 1")
    hazard = spread_bp / 1e4 / (1 - recovery)
    years_out = [float(year) for year in range(1, math.floor(years) + 1)] or [years]
    return CreditCurveResult(
        hazard=hazard, survival=[(year, math.exp(-hazard * year)) for year in years_out], par_spread_bp=spread_bp,
        units={"hazard": "per year", "survival": "(years, probability)", "par_spread_bp": "bp"},
    )  # fmt: skip


def runway(capex: float, revenue: float, ebitda: float, cash: float) -> RunwayResult:
    """How long cash lasts at this year's pace: free cash flow is EBITDA less capital spending, before interest and tax."""
    flow = ebitda - capex
    if ebitda > revenue:
        raise QuantError("EBITDA cannot exceed revenue: check the order of the inputs")
    years = None if flow >= 0 else cash / -flow
    need = max(0.0, -flow - cash)
    return RunwayResult(
        free_cash_flow=flow, runway_years=years, runway_days=None if years is None else years * 365, external_need_12m=need,
        funding_gap=need, note="no burn: cash grows" if years is None else "before interest and tax",
        units={"free_cash_flow": "per year", "runway_days": "days of 365 a year", "external_need_12m": "unit of the inputs"},
    )  # fmt: skip
