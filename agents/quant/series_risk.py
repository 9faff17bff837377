"""What one series's prices say about its risk, in one result: a part that cannot be computed is left out by name."""

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

from agents.quant import risk
from agents.quant.errors import QuantError
from agents.quant.result import Result
from agents.quant.risk import Convention

GARCH_LEAST = 100


class Settings(NamedTuple):
    """How a series is measured; see ``quant.risk`` for each."""

    periods: float
    convention: Convention = "log"
    decay: float = 0.94
    level: float = 0.95
    method: Literal["historical", "normal"] = "historical"
    target_vol: float | None = None
    cap: float = math.inf


class SeriesRisk(Result):
    """Risk of one series over its sample.

    ``streak`` is how many periods in a row the value has risen (or, when negative, fallen) up to the last one, and
    ``total_change`` the last value over the first less 1. ``not_computed`` says why a part is missing.
    """

    convention: Convention
    n: int
    periods: float
    first_day: date | None
    last_day: date | None
    last: float
    total_change: float | None
    streak: int
    annual_return: float | None
    annual_vol: float | None
    ewma_vol: float | None
    garch: risk.VolResult | None
    drawdown: risk.DrawdownResult | None
    value_at_risk: risk.VarResult | None
    weight: risk.WeightResult | None
    not_computed: dict[str, str]


def series_risk(values: Sequence[float], days: Sequence[date], settings: Settings) -> SeriesRisk:
    """Returns, volatilities, drawdown, value at risk and the weight at a target volatility of a series of prices or levels.

    Args:
        values: in order of time.
        days: one a value, or none; the drawdown needs them.
        settings: the conventions.

    Raises:
        QuantError: there are no returns of this convention (a logarithm of a negative price), or a setting is out of range.
    """
    found = risk.returns(values, settings.periods, settings.convention)
    missing: dict[str, str] = {"annual_return": found.note} if found.note else {}

    def attempt(name: str, compute: Callable[[], Any]) -> Any:
        try:
            return compute()
        except QuantError as error:
            missing[name] = str(error)
            return None

    ewma = attempt("ewma_vol", lambda: risk.ewma_vol(found.values, settings.periods, settings.decay))
    fallen = attempt("drawdown", lambda: risk.drawdown(days, values)) if days else None
    if not days:
        missing["drawdown"] = "it needs days, one a value"
    return SeriesRisk(
        convention=settings.convention, n=found.n, periods=settings.periods, first_day=days[0] if days else None,
        last_day=days[-1] if days else None, last=float(values[-1]), total_change=values[-1] / values[0] - 1 if values[0] > 0 else None,
        streak=_streak(values), annual_return=found.annual_return, annual_vol=found.annual_vol,
        ewma_vol=ewma.annual_vol if ewma else None,
        garch=attempt("garch", lambda: risk.garch(found.values, settings.periods)), drawdown=fallen,
        value_at_risk=attempt("value_at_risk", lambda: risk.value_at_risk(found.values, settings.level, settings.method)),
        weight=attempt("weight", lambda: _weight(ewma, settings)) if settings.target_vol is not None else None,
        not_computed=missing, units=_units(settings.convention),
    )  # fmt: skip


def _weight(ewma: risk.VolResult | None, settings: Settings) -> risk.WeightResult:
    if ewma is None or settings.convention == "difference":
        raise QuantError("a weight needs a volatility per 1.00: ask for log or arithmetic returns of at least two periods")
    return risk.vol_target_weight(settings.target_vol or 0.0, ewma.annual_vol, settings.cap)


def _streak(values: Sequence[float]) -> int:
    count = 0
    for old, new in zip(values[-2::-1], values[:0:-1], strict=True):
        step = (new > old) - (new < old)
        if step == 0 or (count and (count > 0) != (step > 0)):
            break
        count += step
    return count


def _units(convention: Convention) -> dict[str, str]:
    unit = "price" if convention == "difference" else "per 1.00"
    return {
        "periods": "a year", "last": "price", "total_change": "per 1.00", "streak": "periods, negative for falls",
        "annual_return": f"{unit} a year", "annual_vol": f"{unit} a year", "ewma_vol": f"{unit} a year",
    }  # fmt: skip
