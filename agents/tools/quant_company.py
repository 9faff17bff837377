"""The quant tools on companies, growth, and supply against demand."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from agents.errors import QuantError
from agents.quant import credit, growth
from agents.quant import supply_demand as balance
from agents.tool import tool


@tool("quant.merton")
def merton(
    equity_vol: float,
    T: float,
    spread: float | None = None,
    equity: float | None = None,
    debt: float | None = None,
    r: float = 0.0,
) -> credit.MertonResult:
    """Every firm with this spread (per 1.00) and equity volatility, or this equity and debt, in Merton's model."""
    return credit.merton(equity_vol=equity_vol, T=T, spread=spread, equity=equity, debt=debt, r=r)


@tool("quant.merton_band")
def merton_band(
    spread: float, T: float, low: float = 0.2, high: float = 1.0, equity_vol: float | None = None, points: int = 33
) -> credit.MertonBand:
    """The equity volatility that a spread (per 1.00) implies at each leverage, and where the market's lies in it."""
    return credit.equity_vol_band(spread, T, low, high, points, equity_vol)


@tool("quant.credit_curve")
def credit_curve(
    spread_bp: float | list[tuple[float, float]], recovery: float = 0.4, T: float = 5.0, r: float = 0.0, a_year: int = 4
) -> credit.CreditCurveResult:
    """Hazard rates, survival and par spreads behind one credit spread, or behind a term structure of [years, bp]."""
    return credit.credit_curve(spread_bp, recovery, T, r, a_year)


@tool("quant.runway")
def runway(capex: float, revenue: float, ebitda: float, cash: float) -> credit.RunwayResult:
    """How long a company's cash lasts, and what it must raise within twelve months."""
    return credit.runway(capex, revenue, ebitda, cash)


@tool("quant.growth_gap")
def growth_gap(
    target: float, factors: dict[str, float], missing_name: str = "", expected: list[str] | None = None
) -> growth.GrowthGapResult:  # fmt: skip
    """The factor missing between a claimed multiple and the factors that were named, of those ``expected``."""
    return growth.growth_gap(target, factors, missing_name, expected or ())


@tool("quant.deficit")
def deficit(demand_growth: float, supply_growth: float, years: float) -> growth.DeficitResult:
    """Demand growth in all (0.35 = +35 %) against supply growth a year: CAGR, and the gap in % of supply."""
    return growth.deficit(demand_growth, supply_growth, years)


class Adoption(BaseModel):
    """Logistic adoption behind gates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gates: list[balance.Gate]
    start: int = Field(description="first year")
    end: int = Field(description="last year")
    rate: float = Field(description="steepness of the curve, per year")
    half: float = Field(description="years from the opening of a gate to the middle of the curve")


class Balance(balance.SupplyDemandResult):
    """Growth paths with, where they were asked for, the stay in a band and the adoption behind gates."""

    stay: balance.BandStay | None = None
    adoption: balance.AdoptionResult | None = None


@tool("quant.supply_demand")
def supply_demand(
    utilisation: tuple[float, float], supply_growth: float, demand_growth: float, start: date, years: int = 10,
    levels: list[float] | None = None, shortage: tuple[float, float] | None = None, shortage_year: int | None = None,
    volatility: float = 0.1, paths: int = 1000, seed: int = 0, band: tuple[float, float] | None = None,
    phase: tuple[date, date] | None = None, adoption: Adoption | None = None,
) -> Balance:  # fmt: skip
    """Utilisation under two growth rates: path, seeded fan, crossing dates, the growth that a shortage needs.

    With ``band`` and ``phase`` (first and last day) it says when utilisation is inside the band and how long that overlaps the phase.
    """
    found = balance.supply_demand(
        utilisation=utilisation, supply_growth=supply_growth, demand_growth=demand_growth, start=start, years=years,
        levels=levels or (), shortage=shortage, shortage_year=shortage_year, volatility=volatility, paths=paths, seed=seed,
    )  # fmt: skip
    if (band is None) != (phase is None):
        raise QuantError("band and phase go together: the levels, and the first and last day of the other claim")
    stay = None
    if band is not None and phase is not None:
        stay = balance.stay_in_band(
            utilisation=utilisation, supply_growth=supply_growth, demand_growth=demand_growth, start=start, band=band, phase=phase
        )
    return Balance(**dict(found), stay=stay, adoption=_adopted(adoption, paths, seed) if adoption else None)


@tool("quant.adoption")
def adoption(
    gates: list[balance.Gate], start: int, end: int, rate: float, half: float, paths: int = 1000, seed: int = 0
) -> balance.AdoptionResult:
    """The share of a market that adopts, logistic in each part once its gate {name, share, first, last} opens."""
    return _adopted(Adoption(gates=gates, start=start, end=end, rate=rate, half=half), paths, seed)


def _adopted(given: Adoption, paths: int, seed: int) -> balance.AdoptionResult:
    return balance.gated_adoption(given.gates, start=given.start, end=given.end, rate=given.rate, half=given.half, paths=paths, seed=seed)
