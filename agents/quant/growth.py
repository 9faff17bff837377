"""Growth: factors that must multiply to a target, and demand that outgrows supply."""

import math
from collections.abc import Iterable, Mapping

from agents.quant.errors import QuantError
from agents.quant.result import Result
from agents.quant.supply_demand import Crossing, SupplyDemandResult, supply_demand

__all__ = [
    "Crossing", "DeficitResult", "GrowthGapResult", "SupplyDemandResult", "cagr", "deficit", "growth_gap", "supply_demand",
]  # fmt: skip

ROUNDING = 0.05
"""Claims such as 12x are rounded: factors that reach the target to within this fraction reach it."""
UNNAMED = "a factor nobody named"


class GrowthGapResult(Result):
    """What the named factors multiply to, and the factor that is missing; 1 when none is."""

    target: float
    product: float
    missing_factor: float
    missing_name: str
    missing_names: list[str]
    consistent: bool


class DeficitResult(Result):
    """Demand growth over a period against a yearly supply growth."""

    demand_cagr: float
    supply_growth: float
    deficit_pct_of_supply: float


def cagr(total_growth: float, years: float) -> float:
    """Yearly growth that compounds to ``total_growth`` (0.35 for +35 %): ``(1 + g)^(1 / years) - 1``, per 1.00.

    Raises:
        QuantError: no time passes, or nothing is left.
    """
    if not (math.isfinite(total_growth) and math.isfinite(years)) or years <= 0 or total_growth <= -1:
        raise QuantError("years must be above zero and growth above -100 %: write +35 % as 0.35")
    return float((1 + total_growth) ** (1 / years) - 1)


def deficit(demand_growth: float, supply_growth: float, years: float) -> DeficitResult:
    """The gap at the end of ``years`` between demand and supply that are in balance today, in % of supply then.

    ``(1 + demand_growth) / (1 + supply_growth)^years - 1``: copper demand of +35 to +40 % over 5 years is 6.2 to 7.0 % a
    year, against supply at 3 % it ends 1.35 / 1.03^5 - 1 = 16.5 % to 1.40 / 1.03^5 - 1 = 20.8 % short. A surplus is negative.

    Args:
        demand_growth: in all, over the whole period, 0.35 for +35 %.
        supply_growth: per year, 0.03 for 3 %.
        years: length of the period.

    Raises:
        QuantError: no time passes, or growth is -100 % or less.
    """
    yearly = cagr(demand_growth, years)
    if not math.isfinite(supply_growth) or supply_growth <= -1:
        raise QuantError("supply growth must be above -100 % a year: write 3 % as 0.03")
    return DeficitResult(
        demand_cagr=yearly * 100, supply_growth=supply_growth * 100,
        deficit_pct_of_supply=((1 + demand_growth) / (1 + supply_growth) ** years - 1) * 100,
        units={"demand_cagr": "% a year", "supply_growth": "% a year", "deficit_pct_of_supply": "% of supply in the last year"},
    )  # fmt: skip


def growth_gap(target: float, factors: Mapping[str, float], missing_name: str = "", expected: Iterable[str] = ()) -> GrowthGapResult:
    """The factor that is missing between a claimed multiple and the product of the factors that were named.

    Args:
        target: the claimed multiple, 12 for 12x.
        factors: named multiples, e.g. ``{"queries per user": 3, "tokens per query": 2}``.
        missing_name: what the missing factor is called, when the caller knows.
        expected: the names of all factors of the identity; those that ``factors`` lacks are the missing ones.

    Raises:
        QuantError: a multiple is not above zero.
    """
    values = [target, *factors.values()]
    if not all(math.isfinite(value) and value > 0 for value in values):
        raise QuantError("the target and every factor must be multiples above zero: write +50 % as 1.5")
    product = math.prod(factors.values())
    absent = [missing_name] if missing_name else [name for name in dict.fromkeys(expected) if name not in factors]
    consistent = math.isclose(target / product, 1.0, rel_tol=ROUNDING)
    return GrowthGapResult(
        target=target, product=product, missing_factor=target / product, consistent=consistent,
        missing_name=" × ".join(absent) or UNNAMED, missing_names=absent,
        units={"target": "x", "product": "x", "missing_factor": "x"},
    )  # fmt: skip
