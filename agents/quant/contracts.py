"""One option contract of any kind priced and differentiated: what it is, which engine values it, its sensitivities."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agents.quant import averages, numerical
from agents.quant.errors import QuantError
from agents.quant.numerical import BarrierKind
from agents.quant.options import OPTION_UNITS, FutureTerms, OptionResult, OptionType, Terms, greeks, price, terms_of

Style = Literal["european", "american"]
Engine = Literal["closed-form", "fixed-point", "finite-differences", "recursion"]


def _hyphens(text: object) -> object:
    """``up_out`` and ``up-out`` are ``up-and-out``."""
    words = text.strip().lower().replace("_", "-").replace(" ", "-").split("-") if isinstance(text, str) else []
    return f"{words[0]}-and-{words[-1]}" if len(words) in {2, 3} else text


class Barrier(BaseModel):
    """A level watched all the time; the rebate is paid at the hit of a knock-out, at expiry of a knock-in never hit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[BarrierKind, BeforeValidator(_hyphens)]
    H: float = Field(gt=0, description="the level")
    rebate: float = Field(default=0.0, ge=0)

    def touched(self, spot: float) -> bool:
        """Whether the spot is at or past the level."""
        return spot <= self.H if self.kind.startswith("down") else spot >= self.H


class Average(BaseModel):
    """What the option pays on instead of the last price; without ``fixings`` the average of all moments."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["arithmetic", "geometric"]
    fixings: int | None = Field(default=None, ge=1, le=1_000, description="equally spaced, the last at expiry")


class Contract(NamedTuple):
    """An option; its terms hold the spot with the dividends still in it."""

    terms: Terms
    style: Style = "european"
    dividends: tuple[tuple[float, float], ...] = ()
    barrier: Barrier | None = None
    average: Average | None = None


class PricedOption(OptionResult):
    """Price, sensitivities, and what computed them."""

    engine: Engine
    note: str = ""


def contract_of(
    kind: OptionType, *, K: float, t: float, r: float, sigma: float, S: float | None = None, F: float | None = None,
    q: float = 0.0, dividends: Sequence[tuple[float, float]] = (), style: str = "european", barrier: Barrier | None = None,
    average: Average | None = None,
) -> Contract:  # fmt: skip
    """An option on a spot ``S`` or a future ``F``; arguments as in ``options.terms_of``.

    Raises:
        QuantError: an input is out of range, or these features cannot be priced together (named).
    """
    if style not in get_args(Style):
        raise QuantError(f"there is no style {style!r}: ask for european or american")
    terms_of(kind, K=K, t=t, r=r, sigma=sigma, q=q, S=S, F=F, dividends=dividends)
    terms = terms_of(kind, K=K, t=t, r=r, sigma=sigma, q=q, S=S, F=F)
    special = [name for name, given in (("a barrier", barrier), ("an average", average)) if given]
    if len(special) > 1 or (special and (style == "american" or dividends)):
        with_it = "both" if len(special) > 1 else "american exercise" if style == "american" else "cash dividends"
        raise QuantError(f"{' and '.join(special)} cannot be priced with {with_it} here: leave one out, and give dividends as the yield q")
    coming = tuple(sorted((float(when), float(amount)) for when, amount in dividends if when <= t and amount > 0))
    return Contract(terms, "american" if style == "american" else "european", coming, barrier, average)


def option(kind: OptionType, *, engine: Engine | None = None, **given: object) -> PricedOption:
    """Price and sensitivities of an option; arguments as in ``contract_of``.

    Vega and rho are per 1.00, theta per year, the ``_per_`` fields in traders' units. Where there is no closed form the
    sensitivities are central differences; rho of a future holds the future, and all of them hold the dividends' amounts and days.

    Args:
        kind: call or put.
        engine: the fitting one when it is left out; see ``engine_of``.
        given: the contract.

    Raises:
        QuantError: an input is out of range, the features cannot be priced together, or the engine does not fit.
    """
    contract = contract_of(kind, **given)  # type: ignore[arg-type]
    if contract.terms.years <= 0 or contract.terms.sigma <= 0:
        raise QuantError("sensitivities need time and volatility above zero: ask for the price at expiry by quant.structure")
    note, barrier = "", contract.barrier
    if barrier is not None and barrier.touched(contract.terms.spot):
        if barrier.kind.endswith("out"):
            return _result([barrier.rebate, 0, 0, 0, 0, 0], "closed-form", "the barrier is touched: the rebate is due")
        contract, note = contract._replace(barrier=None), "the barrier is touched: this is the option without it"
    chosen = engine_of(contract, engine)
    if chosen == "closed-form" and contract.average is None and contract.barrier is None:
        return _result(_closed(contract), chosen, note)
    if chosen == "finite-differences" and contract.style == "american" and engine is None and not contract.dividends:
        note = "finite differences: the fixed-point iteration does not converge for these rates and volatility"
    return _result(_differences(contract, chosen), chosen, note)


def engine_of(contract: Contract, wanted: Engine | None = None) -> Engine:
    """The engine that prices the contract.

    European: ``closed-form``, also with a barrier or a geometric average; an arithmetic average: ``recursion``. American:
    ``fixed-point`` with a yield, ``finite-differences`` with cash dividends and where the iteration does not converge.
    ``finite-differences`` can also be asked for on any option without barrier and average, as a check.

    Raises:
        QuantError: the wanted engine does not price it; the message names those that do.
    """
    fitting = _fitting(contract)
    if wanted is not None and wanted not in fitting:
        raise QuantError(f"the engine {wanted} does not price this option: ask for {' or '.join(fitting)}, or leave engine out")
    if (wanted or fitting[0]) != "fixed-point":
        return wanted or fitting[0]
    if numerical.american(contract.terms) is not None:
        return "fixed-point"
    if wanted:
        raise QuantError("the fixed-point iteration does not converge for these rates and volatility: ask for finite-differences")
    return "finite-differences"


def _fitting(contract: Contract) -> list[Engine]:
    if contract.average is not None:
        return ["closed-form" if contract.average.kind == "geometric" else "recursion"]
    if contract.barrier is not None:
        return ["closed-form"]
    if contract.style == "european":
        return ["closed-form", "finite-differences"]
    return ["finite-differences"] if contract.dividends else ["fixed-point", "finite-differences"]


def value(contract: Contract, engine: Engine, *, fine: bool = True) -> float:
    """The price of a contract whose barrier is not touched, by an engine that fits it; on a coarse grid for differences."""
    terms, average = contract.terms, contract.average
    if engine == "finite-differences":
        return numerical.on_grid(terms, contract.dividends, early=contract.style == "american", fine=fine).price
    if engine == "fixed-point":
        found = numerical.american(terms, check=False, fine=fine)
        if found is None:
            raise QuantError("the fixed-point iteration does not converge for these rates and volatility: ask for finite-differences")
        return found
    if average is not None:
        return (averages.arithmetic if average.kind == "arithmetic" else averages.geometric)(terms, average.fixings)
    if contract.barrier is not None:
        return numerical.barrier(terms, contract.barrier.kind, contract.barrier.H, contract.barrier.rebate)
    return price(net(contract))


def net(contract: Contract) -> Terms:
    """Its terms with the present value of the dividends taken off the spot."""
    terms = contract.terms
    return terms._replace(spot=terms.spot - sum(amount * math.exp(-terms.rate * when) for when, amount in contract.dividends))


def _closed(contract: Contract) -> list[float]:
    g = greeks(net(contract))
    # The spot is held, not the spot less dividends: their present value grows as they come near and shrinks with the rate.
    rate = contract.terms.rate
    paid = [(when, amount * math.exp(-rate * when)) for when, amount in contract.dividends]
    theta = g.theta - g.delta * rate * sum(present for _, present in paid)
    return [g.price, g.delta, g.gamma, g.vega, theta, g.rho + g.delta * sum(when * present for when, present in paid)]


def _differences(contract: Contract, engine: Engine) -> list[float]:
    """Price, delta, gamma, vega, theta and rho by central differences; on a grid delta and gamma are its own."""
    terms = contract.terms
    on_grid = engine == "finite-differences"

    def at(**change: float) -> float:
        return value(contract._replace(terms=terms._replace(**change)), engine, fine=False)  # type: ignore[arg-type]

    def slope(name: str, middle: float, step: float) -> float:
        return (at(**{name: middle + step}) - at(**{name: middle - step})) / (2 * step)

    if on_grid:
        here, change, curvature = numerical.on_grid(terms, contract.dividends, early=contract.style == "american")
    else:
        step = _spot_step(contract)
        up, middle, down = at(spot=terms.spot + step), at(), at(spot=terms.spot - step)
        here, change, curvature = value(contract, engine), (up - down) / (2 * step), (up - 2 * middle + down) / (step * step)
    wide, nudge = (0.01, 1e-3) if on_grid else (1e-4, 1e-4)
    vega = slope("sigma", terms.sigma, min(wide, 0.1 * terms.sigma))
    if isinstance(terms, FutureTerms):
        rho = (at(rate=terms.rate + nudge, dividend=terms.rate + nudge) - at(rate=terms.rate - nudge, dividend=terms.rate - nudge)) / (
            2 * nudge
        )
    else:
        rho = slope("rate", terms.rate, nudge)
    return [here, change, curvature, vega, _theta(contract, engine), rho]


def _spot_step(contract: Contract) -> float:
    """A small part of a deviation of the spot, or half of the way to the barrier when that is less."""
    terms, barrier = contract.terms, contract.barrier
    small = terms.spot * min(1e-3, 0.02 * terms.sigma * math.sqrt(terms.years))
    return small if barrier is None else min(0.1 * small, 0.5 * abs(terms.spot - barrier.H))


def _theta(contract: Contract, engine: Engine) -> float:
    """As time passes expiry and dividends come nearer; a dividend is not passed."""
    years = contract.terms.years
    step = min([years / 50, 1 / 52, *(0.5 * when for when, _ in contract.dividends if when > 0)])

    def moved(by: float) -> float:
        dividends = tuple((max(0.0, when + by), amount) for when, amount in contract.dividends)
        moved_on = contract._replace(terms=contract.terms._replace(years=years + by), dividends=dividends)
        return value(moved_on, engine, fine=False)

    return (moved(-step) - moved(step)) / (2 * step)


def _result(found: list[float], engine: Engine, note: str) -> PricedOption:
    if not all(map(math.isfinite, found)):
        raise QuantError("the engine gives no finite price: check that volatility, rates and time are of a usual size")
    value_, change, curvature, volatility, theta, rho = found
    return PricedOption(
        price=max(0.0, value_), delta=change, gamma=curvature, vega=volatility, vega_per_pct=volatility / 100, theta=theta,
        theta_per_day=theta / 365, rho=rho, rho_per_pct=rho / 100, engine=engine, note=note, units=OPTION_UNITS,
    )  # fmt: skip
