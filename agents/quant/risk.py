"""Risk of a series and of the book: returns, volatility, co-movement, drawdown, value at risk, sizing, scenarios, regression."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from agents.quant.errors import QuantError
from agents.quant.legs import LegRow, legs_of, payoff_at
from agents.quant.result import Result

if TYPE_CHECKING:
    from numpy.typing import NDArray

Convention = Literal["log", "arithmetic", "difference"]


class ReturnsResult(Result):
    """Returns of one convention, with the compound return and the volatility of a year; in price units for differences."""

    convention: Convention
    values: list[float]
    annual_return: float | None
    annual_vol: float | None
    n: int
    note: str


class VolResult(Result):
    """Volatility forecast for the next period; the other figures are None where the model has none."""

    model: Literal["ewma", "garch"]
    next_vol: float
    annual_vol: float
    long_run_vol: float | None
    parameters: dict[str, float]
    half_life: float | None
    log_likelihood: float | None
    n: int
    note: str


class CoMovementResult(Result):
    """Pearson correlations in the order of ``names``, and each series's line on the base: slope and mean left over."""

    names: list[str]
    correlation: list[list[float]]
    base: str
    beta: dict[str, float]
    alpha: dict[str, float]
    n: int


class DrawdownResult(Result):
    """The deepest fall from a peak; ``recovered`` is None while the peak stands. ``current`` is the last day's fall."""

    max_drawdown: float
    peak: date
    trough: date
    recovered: date | None
    current: float
    current_peak: date


class VarResult(Result):
    """Loss of a period exceeded with probability 1 - ``level``, and the mean loss beyond; a loss is positive."""

    level: float
    method: Literal["historical", "normal"]
    value_at_risk: float
    expected_shortfall: float
    n: int


class WeightResult(Result):
    """The weight at which an asset has the wanted volatility; ``capped`` when that would exceed the cap."""

    weight: float
    capped: bool


class HedgeResult(Result):
    """Sell ``ratio`` of the hedge for one of the asset; ``contracts`` when sizes are given."""

    ratio: float
    effectiveness: float
    contracts: float | None
    n: int


class Exposure(BaseModel, frozen=True, extra="forbid"):
    """A position for scenarios: linear in shocks of factors, or, with ``legs``, an option structure on one factor, at expiry."""

    name: str
    nav_pct: float = Field(description="signed size in % of NAV; of a structure what was spent on its cost")
    betas: dict[str, float] = Field(min_length=1, description="factor: return per 1.00 of its shock")
    legs: list[LegRow] = Field(default_factory=list, description="rows as quant.structure takes them")
    spot: float | None = Field(default=None, gt=0)
    cost: float | None = Field(default=None, gt=0)


class ScenarioResult(Result):
    """Profit by scenario and position, and of the book, in % of NAV; ``held_still`` are factors without a shock."""

    table: dict[str, dict[str, float]]
    total: dict[str, float]
    held_still: dict[str, list[str]]
    worst: str


class RegressionResult(Result):
    """Least squares with Newey-West errors; ``t`` is None where the error is zero."""

    coefficients: dict[str, float]
    errors: dict[str, float]
    t: dict[str, float | None]
    r_squared: float
    residual_vol: float
    lags: int
    n: int


def returns(prices: Sequence[float], periods: float, convention: Convention = "log") -> ReturnsResult:
    """Returns ``ln(p/q)``, ``(p - q)/|q|`` or ``p - q`` from price q to price p, ``periods`` a year (252 for trading days).

    Volatility is the sample deviation (n - 1) times the root of ``periods``, None for one return. The return of a year is
    ``exp(mean periods) - 1``, ``prod(1 + r)^(periods / n) - 1`` or ``mean periods``; None where a loss of 100 % or more
    leaves nothing to compound, or where a year of it is beyond any number.

    Raises:
        QuantError: fewer than two prices, a logarithm of a price at or under zero, or a division by zero.
    """
    import numpy as np

    series = _numbers("prices", prices, 2, periods)
    old, new, note = series[:-1], series[1:], ""
    if convention == "log":
        if series.min() <= 0:
            raise QuantError(f"a price of {series.min():g} has no log return: ask for arithmetic returns or differences")
        values = logs = np.log(new / old)
    elif convention == "arithmetic":
        if (old == 0).any():
            raise QuantError("nothing can be divided by a price of 0: ask for differences")
        values = (new - old) / np.abs(old)  # over q itself a rise from a negative price would be a loss
        note = "a loss of 100 % or more leaves nothing to compound" if values.min() <= -1 else ""
        logs = np.full(1, np.inf) if note else np.log1p(values)
    else:
        values = logs = new - old
    growth = float(logs.mean()) * periods
    yearly = growth if convention == "difference" else math.expm1(growth) if growth < 700 else None
    unit = "price" if convention == "difference" else "per 1.00"
    return ReturnsResult(
        convention=convention, values=values.tolist(), annual_return=yearly, n=len(values), note=note,
        annual_vol=float(values.std(ddof=1)) * math.sqrt(periods) if len(values) > 1 else None,
        units={"values": f"{unit} a period", "annual_return": f"{unit} a year", "annual_vol": f"{unit} a year"},
    )  # fmt: skip


def ewma_vol(values: Sequence[float], periods: float, decay: float = 0.94) -> VolResult:
    """Exponentially weighted volatility around a mean of zero (RiskMetrics 1996), weights normalised over the sample."""
    import numpy as np

    series = _numbers("returns", values, 2, periods)
    if not 0 < decay < 1:
        raise QuantError("decay must be between 0 and 1: RiskMetrics takes 0.94 for days and 0.97 for months")
    vol = math.sqrt(float(np.average(series**2, weights=decay ** np.arange(len(series))[::-1])))
    return VolResult(
        model="ewma", next_vol=vol, annual_vol=vol * math.sqrt(periods), long_run_vol=None, parameters={"decay": decay},
        half_life=math.log(0.5) / math.log(decay), log_likelihood=None, n=len(series), note="", units=_VOL_UNITS,
    )  # fmt: skip


def garch(values: Sequence[float], periods: float) -> VolResult:
    """GARCH(1,1) of Bollerslev (1986), ``h' = omega + alpha r^2 + beta h``, of demeaned returns by Gaussian likelihood.

    Variance targeting (Engle and Mezrich 1996) sets ``omega = variance (1 - alpha - beta)``; the two parameters that
    remain are found on a grid that is narrowed eight times around its best point, with alpha + beta <= 0.9995.

    Raises:
        QuantError: fewer than 100 returns, or returns that do not vary.
    """
    import numpy as np

    series = _varying("returns", values, 100, periods)
    squares = (series - series.mean()) ** 2
    variance = float(squares.mean())
    # In ln(1 - alpha - beta) and alpha / (alpha + beta) the square is filled, and slow decay gets the finer grid.
    low, high = np.array([math.log(5e-4), 0.0]), np.array([0.0, 1.0])
    at, best, (left, right) = low, -math.inf, (low, high)
    for _ in range(8):
        u, v = (side.ravel() for side in np.meshgrid(*np.linspace(left, right, 15).T, indexing="ij"))
        found, _ = _likelihood(squares / variance, -np.expm1(u) * v, -np.expm1(u) * (1 - v))
        if found.max() > best:
            at, best = np.array([u[found.argmax()], v[found.argmax()]]), float(found.max())
        width = (right - left) / 7
        left, right = np.maximum(low, at - width), np.minimum(high, at + width)
    persistence = -math.expm1(at[0])
    alpha = persistence * float(at[1])
    _, ahead = _likelihood(squares / variance, np.array([alpha]), np.array([persistence - alpha]))
    next_vol = math.sqrt(variance * float(ahead[0]))
    clusters = alpha > 1e-4
    return VolResult(
        model="garch", next_vol=next_vol, annual_vol=next_vol * math.sqrt(periods), long_run_vol=math.sqrt(variance * periods),
        parameters={"omega": variance * (1 - persistence), "alpha": alpha, "beta": persistence - alpha},
        half_life=math.log(0.5) / math.log(persistence) if clusters else None, n=len(series), units=_VOL_UNITS,
        log_likelihood=best - 0.5 * len(series) * math.log(2 * math.pi * variance),
        note="" if clusters else "no clustering found: alpha is zero and beta is not determined",
    )  # fmt: skip


def co_movement(series: Mapping[str, Sequence[float]], base: str) -> CoMovementResult:
    """Correlation of aligned return series, and the beta (covariance over variance) of each on the one named ``base``.

    Raises:
        QuantError: the base is not there, lengths differ, there are fewer than three dates, or a series does not vary.
    """
    import numpy as np

    if base not in series or len(series) < 2:
        raise QuantError(f"co-movement needs at least two series, one of them the base {base!r}")
    rows = {name: _varying(name, values, 3) for name, values in series.items()}
    if len({len(row) for row in rows.values()}) > 1:
        raise QuantError("the series differ in length: keep the dates that all of them have")
    table = np.array(list(rows.values()))
    slopes = {name: float(np.cov(row, rows[base])[0, 1] / rows[base].var(ddof=1)) for name, row in rows.items()}
    return CoMovementResult(
        names=list(rows), correlation=np.clip(np.corrcoef(table), -1, 1).tolist(), base=base, beta=slopes, n=table.shape[1],
        alpha={name: float(row.mean() - slopes[name] * rows[base].mean()) for name, row in rows.items()},
        units={"correlation": "-1 to 1", "beta": "per 1.00 of the base", "alpha": "per period"},
    )  # fmt: skip


def drawdown(days: Sequence[date], values: Sequence[float]) -> DrawdownResult:
    """The deepest fall of a value from its running peak, with its dates; beyond -100 % where a price goes under zero.

    Raises:
        QuantError: dates do not rise, their number is not that of the values, or the first value is not above zero.
    """
    import numpy as np

    series = _numbers("values", values, 2)
    if len(days) != len(series) or any(b <= a for a, b in pairwise(days)):
        raise QuantError("give one date a value, in rising order, none twice")
    if series[0] <= 0:
        raise QuantError(f"a fall from {series[0]:g} has no percentage: start the series at a value above zero")
    peaks = np.maximum.accumulate(series)
    falls = series / peaks - 1
    low = int(falls.argmin())
    back = np.flatnonzero(series[low:] >= peaks[low])
    # The last day at a peak, not the first, is when the fall began.
    return DrawdownResult(
        max_drawdown=float(falls[low]), peak=days[int(np.flatnonzero(series[: low + 1] == peaks[low])[-1])], trough=days[low],
        recovered=days[low + int(back[0])] if len(back) else None, current=float(falls[-1]),
        current_peak=days[int(np.flatnonzero(series == peaks[-1])[-1])], units={"max_drawdown": "per 1.00", "current": "per 1.00"},
    )  # fmt: skip


def value_at_risk(values: Sequence[float], level: float = 0.95, method: Literal["historical", "normal"] = "historical") -> VarResult:
    """Value at risk and expected shortfall of one period (Hull, chapter 22).

    Historical: the k-th worst return, ``k = floor(n (1 - level))``, and the mean of those k; normal: by mean and deviation.

    Raises:
        QuantError: the level is no confidence, or the sample has no return in the tail.
    """
    series = _numbers("returns", values, 2)
    tail = math.floor(len(series) * (1 - level) + 1e-9)
    if not 0.5 < level < 1 or (method == "historical" and tail < 1):
        raise QuantError(f"{len(series)} returns have no tail beyond {level:g}: give more returns, or a level between 0.5 and 1")
    if method == "normal":
        z, mean, deviation = NormalDist().inv_cdf(level), float(series.mean()), float(series.std(ddof=1))
        loss, beyond = z * deviation - mean, NormalDist().pdf(z) / (1 - level) * deviation - mean
    else:
        worst = sorted(series.tolist())[:tail]
        loss, beyond = -worst[-1], -math.fsum(worst) / tail
    units = {"value_at_risk": "loss per 1.00 and period", "expected_shortfall": "loss per 1.00 and period"}
    return VarResult(level=level, method=method, value_at_risk=loss, expected_shortfall=beyond, n=len(series), units=units)


def vol_target_weight(target: float, vol: float, cap: float = math.inf) -> WeightResult:
    """Target volatility over the asset's volatility, both per year, at most ``cap``."""
    if not (0 < target < math.inf and 0 < vol < math.inf and cap > 0):
        raise QuantError("both volatilities and the cap must be above zero, per 1.00 a year")
    return WeightResult(weight=min(target / vol, cap), capped=target / vol > cap, units={"weight": "of NAV, per 1.00"})


def hedge_ratio(asset: Sequence[float], hedge: Sequence[float], exposure: float = 0.0, contract_value: float = 0.0) -> HedgeResult:
    """The minimum-variance ratio ``cov / var`` (Ederington 1979); effectiveness is the share of variance it removes."""
    found = co_movement({"asset": asset, "hedge": hedge}, "hedge")
    return HedgeResult(
        ratio=found.beta["asset"], effectiveness=found.correlation[0][1] ** 2, n=found.n,
        contracts=found.beta["asset"] * exposure / contract_value if contract_value > 0 else None,
        units={"ratio": "of hedge sold per 1.00 of asset", "effectiveness": "per 1.00", "contracts": "sold"},
    )  # fmt: skip


def scenario_table(book: Sequence[Exposure], scenarios: Mapping[str, Mapping[str, float]]) -> ScenarioResult:
    """The book under each scenario, a map of factor to shock (0.5 for +50 %); structures are valued at expiry.

    Raises:
        QuantError: an empty book or no scenario, a name twice, a factor that no position has, or a structure that lacks something.
    """
    factors = {factor for position in book for factor in position.betas}
    strange = sorted({factor for shocks in scenarios.values() for factor in shocks} - factors)
    if strange or not book or not scenarios or len({position.name for position in book}) < len(book):
        why = f"no position has the factor {strange[0]!r}" if strange else "give positions, each name once, and scenarios"
        raise QuantError(f"{why}: the factors of the book are {', '.join(sorted(factors)) or 'none'}")
    table = {name: {position.name: _profit(position, shocks) for position in book} for name, shocks in scenarios.items()}
    total = {name: math.fsum(row.values()) for name, row in table.items()}
    held, units = {name: sorted(factors - shocks.keys()) for name, shocks in scenarios.items()}, {"table": "% of NAV", "total": "% of NAV"}
    return ScenarioResult(table=table, total=total, held_still=held, worst=min(total, key=total.__getitem__), units=units)


def regression(y: Sequence[float], x: Mapping[str, Sequence[float]], lags: int | None = None) -> RegressionResult:
    """Least squares with an intercept and HAC errors: Newey and West (1987), Bartlett weights, no small-sample factor.

    Rows are in order of time; ``lags`` is ``floor(4 (n / 100)^(2 / 9))`` when it is not given, and 0 gives White's errors.

    Raises:
        QuantError: too few rows, lengths that differ, regressors that are not independent, or ``y`` that does not vary.
    """
    import numpy as np

    target = _varying("y", y, len(x) + 2)
    n = len(target)
    columns = [_numbers(name, values, n) for name, values in x.items()]
    if not x or "intercept" in x or any(len(column) != n for column in columns):
        raise QuantError(f"give at least one regressor, each with the {n} values of y, none called intercept")
    design = np.column_stack([np.ones(n), *columns])
    depth = math.floor(4 * (n / 100) ** (2 / 9)) if lags is None else lags
    if not 0 <= depth < n or np.linalg.matrix_rank(design / np.linalg.norm(design, axis=0).clip(1e-300)) < design.shape[1]:
        raise QuantError("lags must be from 0 to n - 1, and no regressor constant or a sum of others: leave it out")
    weights = np.linalg.lstsq(design, target, rcond=None)[0]
    residuals = target - design @ weights
    moments = design * residuals[:, None]
    meat = moments.T @ moments
    for lag in range(1, depth + 1):
        shifted = moments[lag:].T @ moments[:-lag]
        meat += (1 - lag / (depth + 1)) * (shifted + shifted.T)
    bread = np.linalg.inv(design.T @ design)
    errors = np.sqrt(np.diag(bread @ meat @ bread).clip(0)).tolist()
    names = ["intercept", *x]
    values = dict(zip(names, weights.tolist(), strict=True))
    squared = float(residuals @ residuals)
    return RegressionResult(
        coefficients=values, errors=dict(zip(names, errors, strict=True)), lags=depth, n=n,
        t={name: values[name] / error if error else None for name, error in zip(names, errors, strict=True)},
        r_squared=1 - squared / float(((target - target.mean()) ** 2).sum()), residual_vol=math.sqrt(squared / (n - len(names))),
        units={"coefficients": "y per 1.00 of x", "errors": "as coefficients", "residual_vol": "y"},
    )  # fmt: skip


_VOL_UNITS = {"next_vol": "per period", "annual_vol": "per year", "long_run_vol": "per year", "half_life": "periods"}


def _numbers(name: str, values: Sequence[float], least: int, periods: float = 1.0) -> "NDArray[Any]":
    import numpy as np

    series = np.asarray(values, dtype=float)
    if series.ndim != 1 or len(series) < least or not 0 < periods < math.inf:
        raise QuantError(f"{name}: at least {least} values are needed, {len(series)} given, and periods a year above zero")
    if not np.isfinite(series).all():
        raise QuantError(f"{name}: value {int(np.isfinite(series).argmin()) + 1} is no number: leave that date out of every series")
    return series


def _varying(name: str, values: Sequence[float], least: int, periods: float = 1.0) -> "NDArray[Any]":
    series = _numbers(name, values, least, periods)
    if series.std() <= 1e-12 * float(abs(series).max()):
        raise QuantError(f"{name} does not vary: nothing can be estimated from it")
    return series


def _likelihood(squares: "NDArray[Any]", alpha: "NDArray[Any]", beta: "NDArray[Any]") -> tuple["NDArray[Any]", "NDArray[Any]"]:
    """Log likelihood, less its constant, and the next variance, of squares with mean 1; one for each pair of parameters."""
    import numpy as np

    variances = np.empty((len(squares), len(alpha)))
    ahead = np.ones(len(alpha))
    omega = 1 - alpha - beta
    for i, square in enumerate(squares):
        variances[i] = ahead
        ahead = omega + alpha * square + beta * ahead
    return -0.5 * (np.log(variances) + squares[:, None] / variances).sum(axis=0), ahead


def _profit(position: Exposure, shocks: Mapping[str, float]) -> float:
    """Profit in % of NAV; a structure's is its payoff over its cost, less the cost."""
    move = math.fsum(beta * shocks.get(factor, 0.0) for factor, beta in position.betas.items())
    if not position.legs:
        return position.nav_pct * move
    if position.spot is None or position.cost is None or len(position.betas) > 1 or move < -1:
        raise QuantError(f"{position.name}: a structure needs spot, cost, one factor, and a move of -100 % at most")
    return position.nav_pct * (payoff_at(legs_of(position.legs), position.spot * (1 + move)) / position.cost - 1)
