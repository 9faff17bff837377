"""The quant tools: names and fields are the contract."""

from datetime import date
from typing import Literal

from agents.errors import QuantError
from agents.quant import consistency as _consistency
from agents.quant import credit, curves, forecast_scores, growth
from agents.quant.options import ImpliedVolResult, OptionResult, OptionType, greeks, terms_of
from agents.quant.options import implied_vol as _implied_vol
from agents.quant.structures import Market, StructureResult, legs_of
from agents.quant.structures import structure as _structure
from agents.tool import tool
from agents.workbench import Workbench


def _european(style: str) -> None:
    if style != "european":
        raise QuantError(f"{style} options need a numerical engine that this version lacks: ask for style european")


@tool("quant.option")
def option(
    type: OptionType, K: float, t: float, r: float, sigma: float, S: float | None = None, F: float | None = None,
    q: float = 0.0, style: Literal["european", "american"] = "european",
) -> OptionResult:  # fmt: skip
    """Price and Greeks of an option on a spot S or a future F. Continuous rates, t in years, sigma per 1.00."""
    _european(style)
    return greeks(terms_of(type, K=K, t=t, r=r, sigma=sigma, q=q, S=S, F=F))


@tool("quant.implied_vol")
def implied_vol(
    type: OptionType, K: float, t: float, r: float, price: float, S: float | None = None, F: float | None = None,
    q: float = 0.0, style: Literal["european", "american"] = "european",
) -> ImpliedVolResult:  # fmt: skip
    """Every volatility at which the option costs ``price``, and the prices between which one exists."""
    _european(style)
    return _implied_vol(terms_of(type, K=K, t=t, r=r, sigma=0.2, q=q, S=S, F=F), price)


@tool("quant.structure")
def structure(
    legs: list[list[str | float | None]], cost: float | None = None, S: float | None = None, t: float | None = None,
    r: float = 0.0, q: float = 0.0, sigma: float | None = None, nav_pct: float | None = None,
) -> StructureResult:  # fmt: skip
    """Cost, payoff, break-evens and multiples of an option structure; legs are [type, quantity, K, premium or null, t?]."""
    return _structure(legs_of(legs), Market(S, t, r, q, sigma), cost, nav_pct)


@tool("quant.curve")
def curve(
    points: list[tuple[str, float]],
    spot: float | None = None,
    r: float | None = None,
    storage: float = 0.0,
    as_of: date | None = None,
) -> curves.CurveResult:
    """The shape of a futures curve, per tenor and overall, with carry, roll yield and spreads; points are [ISO date, price]."""
    return curves.curve(points, spot, r, storage, as_of)


@tool("quant.calendar_spread")
def calendar_spread(near: float, r: float, t: float, far: float | None = None, multiplier: float = 1.0) -> curves.CalendarSpreadResult:
    """Long near, short far: the spread, and where carry at r over t years would put it."""
    return curves.calendar_spread(near, far, r, t, multiplier)


@tool("quant.forward")
def forward(S: float, r: float, t: float, q: float = 0.0, storage: float = 0.0) -> curves.ForwardResult:
    """The forward price by cost of carry, continuous rates."""
    return curves.forward(S, r, t, q, storage)


@tool("quant.basis")
def basis(here: float, there: float, costs: dict[str, float | None]) -> curves.BasisResult:
    """A price difference between two venues, net of every cost; a cost of null is asked for, never invented."""
    return curves.basis(here, there, costs)


@tool("quant.merton")
def merton(
    equity_vol: float,
    T: float,
    spread: float | None = None,
    equity: float | None = None,
    debt: float | None = None,
    r: float = 0.0,
) -> credit.MertonResult:
    """Every firm that shows this spread (per 1.00) and equity volatility, or this equity and debt, in Merton's model."""
    if spread is not None:
        return credit.merton_from_spread(spread, equity_vol, T)
    if equity is None or debt is None:
        raise QuantError("give either spread and equity_vol, or equity, equity_vol and debt")
    return credit.merton_from_equity(equity, equity_vol, debt, r, T)


@tool("quant.merton_band")
def merton_band(spread: float, T: float, low: float = 0.2, high: float = 1.0) -> credit.MertonBand:
    """The equity volatility that a spread (per 1.00) implies at each leverage from low to high."""
    return credit.equity_vol_band(spread, T, low, high)


@tool("quant.credit_curve")
def credit_curve(spread_bp: float, recovery: float = 0.4, T: float = 5.0) -> credit.CreditCurveResult:
    """Flat hazard rate and survival probabilities behind a credit spread."""
    return credit.credit_curve(spread_bp, recovery, T)


@tool("quant.runway")
def runway(capex: float, revenue: float, ebitda: float, cash: float) -> credit.RunwayResult:
    """How long a company's cash lasts at this year's spending, and what it must raise."""
    return credit.runway(capex, revenue, ebitda, cash)


@tool("quant.growth_gap")
def growth_gap(target: float, factors: dict[str, float], missing_name: str = "") -> growth.GrowthGapResult:
    """The factor missing between a claimed multiple and the factors that were named."""
    return growth.growth_gap(target, factors, missing_name)


@tool("quant.deficit")
def deficit(demand_growth: float, supply_growth: float, years: float) -> growth.DeficitResult:
    """Demand growth in all (0.35 = +35 %) against supply growth a year: demand's CAGR and the gap in % of supply."""
    return growth.deficit(demand_growth, supply_growth, years)


@tool("quant.supply_demand")
def supply_demand(
    utilisation: tuple[float, float], supply_growth: float, demand_growth: float, start: date, years: int = 10,
    levels: list[float] | None = None, shortage: tuple[float, float] | None = None, shortage_year: int | None = None,
    volatility: float = 0.1, paths: int = 1000, seed: int = 0,
) -> growth.SupplyDemandResult:  # fmt: skip
    """Utilisation from a band of starts under two growth rates: path, seeded fan, crossing dates, growth that a shortage needs."""
    return growth.supply_demand(
        utilisation=utilisation, supply_growth=supply_growth, demand_growth=demand_growth, start=start, years=years,
        levels=levels or (), shortage=shortage, shortage_year=shortage_year, volatility=volatility, paths=paths, seed=seed,
    )  # fmt: skip


@tool("quant.score")
def score(forecasts: list[forecast_scores.Scored], seed: int = 0) -> forecast_scores.ScoreResult:
    """Brier, log score, skill, calibration and intervals of resolved forecasts; no percentage under ten."""
    return forecast_scores.score(forecasts, seed)


@tool("quant.consistency")
def consistency(workbench: Workbench, theses: list[str] | None = None) -> _consistency.ConsistencyResult:
    """Contradictions between the claims and positions of the book, and theses that are one bet."""
    return _consistency.consistency([entry.thesis for entry in workbench.theses(theses or ())])
