"""The quant tools on options, futures and venues: names and fields are the contract."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.errors import QuantError
from agents.quant import contract_months, contracts, curves, implied
from agents.quant.contracts import Average, Barrier, Engine, PricedOption, Style
from agents.quant.legs import legs_of
from agents.quant.options import ImpliedVolResult, OptionType
from agents.quant.structures import Market, StructureResult
from agents.quant.structures import structure as _structure
from agents.tool import tool

AverageKind = Literal["arithmetic", "geometric"]
Dividend = tuple[float, float]
Months = Annotated[list[str], Field(max_length=2)]


def _average(given: Average | AverageKind | None) -> Average | None:
    return Average(kind=given) if isinstance(given, str) else given


@tool("quant.option")
def option(
    type: OptionType, K: float, t: float, r: float, sigma: float, S: float | None = None, F: float | None = None,
    q: float = 0.0, style: Style = "european", dividends: list[Dividend] | None = None, barrier: Barrier | None = None,
    average: Average | AverageKind | None = None, engine: Engine | None = None,
) -> PricedOption:  # fmt: skip
    """Price and sensitivities of an option, European or American, on a spot S or a future F.

    Rates are continuous, t is in years, sigma per 1.00; dividends are [years from now, amount]; a barrier is {kind, H, rebate},
    an average {kind, fixings?}. Vega and rho are per 1.00, theta per year, the _per_ fields in traders' units.
    """
    return contracts.option(
        type, K=K, t=t, r=r, sigma=sigma, S=S, F=F, q=q, style=style, dividends=dividends or (), barrier=barrier,
        average=_average(average), engine=engine,
    )  # fmt: skip


@tool("quant.implied_vol")
def implied_vol(
    type: OptionType, K: float, t: float, r: float, price: float, S: float | None = None, F: float | None = None,
    q: float = 0.0, style: Style = "european", dividends: list[Dividend] | None = None, barrier: Barrier | None = None,
    average: Average | AverageKind | None = None,
) -> ImpliedVolResult:  # fmt: skip
    """Every volatility at which quant.option's option costs ``price``, and the prices between which one exists."""
    contract = contracts.contract_of(
        type, K=K, t=t, r=r, sigma=0.2, S=S, F=F, q=q, style=style, dividends=dividends or (), barrier=barrier, average=_average(average)
    )
    return implied.implied_vol(contract, price)


@tool("quant.structure")
def structure(
    legs: list[list[str | float | None]], cost: float | None = None, S: float | None = None, t: float | None = None,
    r: float = 0.0, q: float = 0.0, sigma: float | None = None, nav_pct: float | None = None, at: list[float] | None = None,
) -> StructureResult:  # fmt: skip
    """Cost, payoff, break-evens and multiples of an option structure.

    Legs are [call|put|spot|future, signed quantity, K, premium or null, t?]. With S, t and sigma it is also valued now. ``at`` are
    further spots whose payoff is wanted.
    """
    return _structure(legs_of(legs), Market(S, t, r, q, sigma), cost, nav_pct, at or ())


@tool("quant.curve")
def curve(
    points: list[tuple[str | float, float]],
    spot: float | None = None,
    r: float | None = None,
    storage: float = 0.0,
    as_of: date | None = None,
) -> curves.CurveResult:
    """The shape of a futures curve, per tenor and overall, with carry, roll yield and spreads.

    Points are [expiry, price]; an expiry is an ISO date, a month (2026-03) or years from now. A spot beside dates needs as_of.
    """
    return curves.curve(points, spot, r, storage, as_of)


@tool("quant.calendar_spread")
def calendar_spread(
    near: float, r: float, t: float, far: float | None = None, multiplier: float = 1.0, storage: float = 0.0,
    contract: str = "", months: Months | None = None,
) -> curves.CalendarSpreadResult:  # fmt: skip
    """Long near, short far: the spread, and where carry at r over t years would put it.

    With contract (comex.silver) and months (["2026-03", "2026-06"]) the note names a month that is not actively traded.
    """
    found = curves.calendar_spread(near, far, r, t, multiplier, storage)
    return found.model_copy(update={"note": contract_months.inactive_months(contract, months or [])}) if contract else found


@tool("quant.forward")
def forward(S: float, r: float, t: float, q: float = 0.0, storage: float = 0.0) -> curves.ForwardResult:
    """The forward price by cost of carry, continuous rates."""
    return curves.forward(S, r, t, q, storage)


class Place(BaseModel):
    """A price at a venue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    price: float | None = Field(description="null when nobody gave it: the refusal says what would settle it")
    venue: str = ""
    unit: str = Field(default="", description="oz (troy), lb, t, kg, g, bbl, gal, l, m3, MMBtu, MWh, GJ")
    currency: str = ""
    fx: float | None = Field(default=None, description="units of the other place's currency that one of this buys")
    tax: float = Field(default=0.0, description="rate of the tax that the price includes, 0.13 for 13 %")


@tool("quant.basis")
def basis(
    here: Place | float, there: Place | float, costs: dict[str, float | None], r: float | None = None, t: float | None = None
) -> curves.BasisResult:
    """A price difference between two venues, net of every cost.

    Costs are named, in the unit and currency of ``here``, and must hold freight and finance (or give r and t, which finance the goods
    for t years); a cost of null is asked for, never invented.
    """
    places = [place if isinstance(place, Place) else Place(price=place) for place in (here, there)]
    named = dict(costs) | ({} if "freight" in costs else {"freight": None})
    if "finance" not in costs and (r is None or t is None):
        named["finance"] = None
    wanted = [f"the price at {place.venue or 'the other venue'} on the same day" for place in places if place.price is None]
    wanted += [f"the cost {name}" for name in sorted(name for name, value in named.items() if value is None)]
    if wanted:
        raise QuantError(
            f"the basis cannot be known without {', '.join(wanted)}: a quote of a broker, refiner or shipper would settle it, "
            "and 0 where a cost does not arise"
        )
    near, far = (curves.Venue(place.price or 0.0, place.unit, place.currency, place.fx, place.tax) for place in places)
    return curves.basis(near, far, named, rate=r, years=t)
