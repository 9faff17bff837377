"""Growth: factors that must multiply to a target, demand against supply, and utilisation when capacity outgrows use."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from agents.errors import QuantError
from agents.quant.result import Result


class GrowthGapResult(Result):
    """What the named factors multiply to, and the factor that nobody named."""

    target: float
    product: float
    missing_factor: float
    missing_name: str
    consistent: bool


class DeficitResult(Result):
    """Demand growth over a period against a yearly supply growth."""

    demand_cagr: float
    supply_growth: float
    deficit_pct_of_supply: float


class Crossing(Result):
    """When utilisation reaches a level; the date for the low and the high start."""

    level: float
    earliest: date | None
    latest: date | None


class SupplyDemandResult(Result):
    """Utilisation year by year from a starting band, and the shortage that a target year would need."""

    years: list[float]
    low: list[float]
    high: list[float]
    fan: dict[str, list[float]]
    crossings: list[Crossing]
    needed_growth: list[tuple[float, float]]
    seed: int


def cagr(total_growth: float, years: float) -> float:
    """Yearly growth that compounds to ``total_growth`` (0.35 for +35 %)."""
    if years <= 0 or total_growth <= -1:
        raise QuantError("years must be above zero and growth above -100 %")
    return float((1 + total_growth) ** (1 / years) - 1)


def deficit(demand_growth: float, supply_growth: float, years: float) -> DeficitResult:
    """Demand up ``demand_growth`` in all, supply up ``supply_growth`` a year: the gap at the end, as % of supply then."""
    supplied = (1 + supply_growth) ** years
    return DeficitResult(
        demand_cagr=cagr(demand_growth, years) * 100, supply_growth=supply_growth * 100,
        deficit_pct_of_supply=((1 + demand_growth) / supplied - 1) * 100,
        units={"demand_cagr": "% a year", "supply_growth": "% a year", "deficit_pct_of_supply": "% of supply in the last year"},
    )  # fmt: skip


def growth_gap(target: float, factors: Mapping[str, float], missing_name: str = "") -> GrowthGapResult:
    """The factor that is missing between a claimed multiple and the factors that were named."""
    product = math.prod(factors.values())
    if target <= 0 or product <= 0:
        raise QuantError("the target and every factor must be multiples above zero")
    missing = target / product
    return GrowthGapResult(
        target=target, product=product, missing_factor=missing, missing_name=missing_name or "a factor nobody named",
        consistent=math.isclose(missing, 1.0, rel_tol=0.05), units={"target": "x", "product": "x", "missing_factor": "x"},
    )  # fmt: skip


def supply_demand(
    *,
    utilisation: tuple[float, float],
    supply_growth: float,
    demand_growth: float,
    start: date,
    years: int,
    levels: Sequence[float] = (),
    shortage: tuple[float, float] | None = None,
    shortage_year: int | None = None,
    volatility: float = 0.1,
    paths: int = 1000,
    seed: int = 0,
) -> SupplyDemandResult:
    """Utilisation ``u ((1 + demand) / (1 + supply))^n`` from a band of starts, with a seeded fan around its middle.

    Args:
        utilisation: today's band, per 1.00.
        supply_growth: per year, 0.5 for +50 %.
        demand_growth: per year.
        start: the day the band holds.
        years: how far the path and the fan go.
        levels: utilisations whose crossing dates are wanted.
        shortage: a claimed shortage, e.g. (8, 50) times, for which the demand growth it needs is solved.
        shortage_year: the year of the claimed shortage.
        volatility: of the yearly log growth of demand relative to supply, for the fan.
        paths: Monte Carlo paths.
        seed: of the generator; the same seed gives the same fan.
    """
    import numpy as np

    ratio = (1 + demand_growth) / (1 + supply_growth)
    if not 0 < utilisation[0] <= utilisation[1] or ratio <= 0:
        raise QuantError("utilisation must be a band (low, high) above zero, growth above -100 %")
    steps = np.arange(years + 1)
    middle = 0.5 * sum(utilisation)
    shocks = np.random.default_rng(seed).normal(math.log(ratio), volatility, size=(paths, years))
    logs = np.concatenate([np.zeros((paths, 1)), np.cumsum(shocks, axis=1)], axis=1)
    quantiles = np.quantile(middle * np.exp(logs), [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    needed = []
    if shortage and shortage_year:
        span = shortage_year - start.year
        # A shortage of k times means that demand is k times supply: utilisation k, were it not capped at one.
        needed = [
            (k, ((k / u) ** (1 / span) * (1 + supply_growth) - 1) * 100)
            for k, u in zip(shortage, sorted(utilisation, reverse=True), strict=True)
        ]
    return SupplyDemandResult(
        years=[start.year + float(n) for n in steps], low=[utilisation[0] * ratio**n for n in range(years + 1)],
        high=[utilisation[1] * ratio**n for n in range(years + 1)],
        fan={name: [float(x) for x in row] for name, row in zip(("p05", "p25", "p50", "p75", "p95"), quantiles, strict=True)},
        crossings=[_crossing(level, utilisation, ratio, start) for level in levels], needed_growth=needed, seed=seed,
        units={"low": "per 1.00", "high": "per 1.00", "fan": "per 1.00", "needed_growth": "(shortage x, % a year)"},
    )  # fmt: skip


def _crossing(level: float, band: tuple[float, float], ratio: float, start: date) -> Crossing:
    days = []
    for u in band:
        n = math.log(level / u) / math.log(ratio) if ratio != 1 else math.inf
        days.append(start + timedelta(days=n * 365.25) if 0 <= n < 100 else None)
    known = [day for day in days if day]
    return Crossing(level=level, earliest=min(known, default=None), latest=max(known, default=None), units={"level": "per 1.00"})
