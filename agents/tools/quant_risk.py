"""The quant tools on risk, the record of forecasts, and the book's contradictions; with a desk they read its series and theses."""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.errors import QuantError, ToolError
from agents.quant import consistency as _consistency
from agents.quant import forecast_scores, risk
from agents.quant.result import Result
from agents.quant.risk import Convention, Exposure
from agents.quant.series_risk import SeriesRisk, Settings, series_risk
from agents.tool import tool
from agents.tools.desk_series import Align, Aligned, book_exposures, read_series
from agents.workbench import Workbench

PERIODS = {"daily": 252.0, "weekly": 52.0, "monthly": 12.0, "quarterly": 4.0, "annual": 1.0}


class Hedge(BaseModel):
    """What is hedged with what, and the sizes that turn the ratio into contracts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset: str
    hedge: str
    exposure: float = Field(default=0.0, description="value held, in the currency of contract_value")
    contract_value: float = Field(default=0.0, ge=0, description="value of one contract of the hedge")


class RiskResult(Result):
    """Each series by name, what they do together, the hedge, and the book under scenarios; a part not asked for is None."""

    series: dict[str, SeriesRisk]
    co_movement: risk.CoMovementResult | None = None
    hedge: risk.HedgeResult | None = None
    scenarios: risk.ScenarioResult | None = None
    as_of: date | None = None
    left_out: list[str] = Field(default_factory=list, description="positions of the book that no scenario can value, and why")


@tool("quant.risk")
def risk_of(
    workbench: Workbench | None,
    series: dict[str, list[float]] | None = None, days: list[date] | None = None, names: list[str] | None = None,
    since: date | None = None, align: Align = "shared", periods: float | None = None, convention: Convention = "log", decay: float = 0.94,
    level: float = 0.95, method: Literal["historical", "normal"] = "historical", target_vol: float | None = None,
    cap: float = 10.0, base: str = "", hedge: Hedge | None = None, book: list[Exposure] | None = None,
    scenarios: dict[str, dict[str, float]] | None = None, spots: dict[str, float] | None = None,
) -> RiskResult:  # fmt: skip
    """Risk of price series and of the book: each part is computed when its arguments are given.

    Prices come as ``series`` {name: values} with their ``days``, or by ``names`` of the desk's series (from ``since`` on, on the days
    that all of them have; align "last" takes each one's last value on the days of the sparsest). ``convention`` is log, arithmetic
    or difference; ``periods`` a year are 252 for days, 52, 12 (known for the desk's, counted from ``days``). Each series gets return,
    volatility (sample, EWMA by ``decay``, GARCH(1,1)), drawdown with dates, value at risk at ``level``, and with ``target_vol`` the
    weight (at most ``cap``). Two series or more get correlation, and beta on ``base`` (else the first); ``hedge`` {asset, hedge,
    exposure, contract_value} a ratio. ``scenarios`` {name: {factor: shock per 1.00}} value ``book``, or without one the positions of
    the desk's book, in % of NAV (``spots`` prices an option's underlying).
    """
    desk = read_series(_desk(workbench), names, since, align) if names else None
    found = _read(desk, series, days or [], periods)
    settings = Settings(found.periods, convention, decay, level, method, target_vol, cap)
    each = {name: series_risk(values, found.days, settings) for name, values in found.values.items()}
    together = {name: risk.returns(values, found.periods, convention).values for name, values in found.values.items()}
    moves = risk.co_movement(together, base or next(iter(together))) if len(together) > 1 else None
    if base and not moves:
        raise ToolError("a beta needs at least two series, one of them the base")
    left_out: list[str] = []
    if scenarios and book is None:
        book, left_out = book_exposures(_desk(workbench), spots or {})
    return RiskResult(
        series=each, co_movement=moves, hedge=_hedged(hedge, together) if hedge else None,
        scenarios=risk.scenario_table(book or [], scenarios) if scenarios else None,
        as_of=workbench.as_of.date() if workbench else None, left_out=left_out,
    )  # fmt: skip


class _Sample:
    """Aligned values, their days if known, and how many a year there are."""

    def __init__(self, values: Mapping[str, list[float]], days: list[date], periods: float) -> None:
        self.values, self.days, self.periods = values, days, periods


def _read(desk: Aligned | None, series: Mapping[str, list[float]] | None, days: list[date], periods: float | None) -> _Sample:
    if desk is not None and series:
        raise ToolError("give either series with their values, or names of the desk's series, not both")
    if desk is not None:
        return _Sample(desk.values, desk.days, periods or min(PERIODS.get(info.frequency, 252.0) for info in desk.infos))
    lengths = {len(values) for values in (series or {}).values()} | ({len(days)} if days else set())
    if len(lengths) > 1:
        raise ToolError("the series and days differ in length: keep the dates that all of them have")
    return _Sample(series or {}, days, _periods(periods, days) if series else 252.0)


def _periods(given: float | None, days: list[date]) -> float:
    """Values a year: as given, if the days do not contradict it, else counted from the days."""
    if len(days) < 2 or days[-1] <= days[0]:
        if given is None:
            raise ToolError("give periods, how many values a year has (252 for days, 52 for weeks, 12 for months), or their days")
        return given
    seen = (len(days) - 1) / ((days[-1] - days[0]).days / 365.25)
    if given is not None and not 0.5 < given / seen < 2:
        raise ToolError(f"{given:g} values a year do not fit the days, which are {seen:.3g} a year: mend periods, or leave it out")
    return seen if given is None else given


def _hedged(hedge: Hedge, returns: Mapping[str, list[float]]) -> risk.HedgeResult:
    missing = [name for name in (hedge.asset, hedge.hedge) if name not in returns]
    if missing:
        raise ToolError(f"there is no series {missing[0]!r} among {', '.join(returns) or 'none'}: name two that were given")
    return risk.hedge_ratio(returns[hedge.asset], returns[hedge.hedge], hedge.exposure, hedge.contract_value)


def _desk(workbench: Workbench | None) -> Workbench:
    if workbench is None:
        raise ToolError("this reads the desk: run it with --desk DIR, or give the values themselves")
    return workbench


@tool("quant.regression")
def regression(
    workbench: Workbench | None, y: list[float] | str, x: dict[str, list[float]] | list[str],
    convention: Literal["level", "log", "arithmetic", "difference"] = "level", lags: int | None = None, since: date | None = None,
    align: Align = "shared",
) -> risk.RegressionResult:  # fmt: skip
    """Least squares with Newey-West errors; y and x are values, or names of series, aligned as in quant.risk.

    ``convention`` other than level regresses changes of that kind; ``lags`` is the depth of the errors' autocorrelation.
    """
    if isinstance(y, str) and isinstance(x, list):
        columns = dict(read_series(_desk(workbench), [y, *x], since, align).values)
        target = columns.pop(y)
    elif isinstance(y, list) and isinstance(x, dict):
        target, columns = y, dict(x)
    else:
        raise ToolError("give y and x both as values ([…], {name: […]}) or both as names of the desk's series (name, [names])")
    if convention != "level":
        target = risk.returns(target, 1, convention).values
        columns = {name: risk.returns(values, 1, convention).values for name, values in columns.items()}
    return risk.regression(target, columns, lags)


class Ranked(BaseModel):
    """A forecast over ordered categories, and the index of the one that came, counted from 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    probabilities: list[float] = Field(min_length=2)
    outcome: int | None = None


class Quantiled(BaseModel):
    """A forecast by quantiles, and the value that came."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantiles: dict[str, float]
    value: float | None = None


class Record(forecast_scores.ScoreResult):
    """The scores of yes-or-no forecasts, with those of forecasts over categories and by quantiles, and by group."""

    ranked_probability_score: float | None = None
    n_ranked: int = 0
    quantile_score: float | None = None
    n_quantile: int = 0
    groups: dict[str, forecast_scores.ScoreResult] = Field(default_factory=dict)


@tool("quant.score")
def score(
    workbench: Workbench | None, forecasts: list[forecast_scores.Scored] | None = None, ranked: list[Ranked] | None = None,
    quantiles: list[Quantiled] | None = None, by: Literal["thesis", "agent", "horizon", ""] = "", as_of: date | None = None, seed: int = 0,
) -> Record:  # fmt: skip
    """Brier, log score, skill and calibration of forecasts; without any, of the desk's.

    Nothing that is a percentage is said under ten resolved ones. ``ranked`` are forecasts over ordered categories (ranked probability
    score), ``quantiles`` by quantiles, whose score is in the unit of the value. ``by`` splits the record.
    """
    if forecasts is None and not ranked and not quantiles:
        forecasts, as_of = _registered(_desk(workbench)), as_of or _desk(workbench).as_of.date()
    given = forecasts or []
    steps = [_ranked_score(item, item.outcome) for item in ranked or [] if item.outcome is not None]
    losses = [forecast_scores.quantile_score(item.quantiles, item.value) for item in quantiles or [] if item.value is not None]
    whole = forecast_scores.score(given, seed, as_of)
    units = whole.units | {"ranked_probability_score": "0 best, 1 worst", "quantile_score": "unit of the values, 0 best"}
    return Record(
        **dict(whole) | {"units": units}, n_ranked=len(steps), n_quantile=len(losses),
        ranked_probability_score=math.fsum(steps) / len(steps) if steps else None,
        quantile_score=math.fsum(losses) / len(losses) if losses else None,
        groups=forecast_scores.score_by(given, by, seed) if by else {},
    )  # fmt: skip


def _ranked_score(item: Ranked, outcome: int) -> float:
    total, cumulative = 0.0, []
    for probability in item.probabilities:
        total += probability
        cumulative.append(total)
    return forecast_scores.ranked_probability_score(cumulative, outcome)


def _registered(workbench: Workbench) -> list[forecast_scores.Scored]:
    return [
        forecast_scores.Scored(
            id=item.id, thesis=item.thesis, agent=item.draft.agent, probability=item.draft.probability, outcome=item.outcome or "open",
            base_rate=item.draft.base_rate, market=item.draft.market, due=item.draft.resolve_by,
        )
        for item in workbench.forecasts.all(workbench.as_of)
        if item.draft.probability is not None
    ]  # fmt: skip


@tool("quant.consistency")
def consistency(
    workbench: Workbench | None, claims: list[_consistency.HeldClaim] | None = None, theses: list[str] | None = None,
    drivers: dict[str, list[str]] | None = None,
) -> _consistency.ConsistencyResult:  # fmt: skip
    """Contradictions between claims and positions, and theses that are one bet; without claims, of the book.

    Claims beside ``theses`` are held against those of the book too. ``drivers`` {thesis: [names]} groups the claims' theses into bets; a
    leading minus is the other side.
    """
    if claims is None:
        return _consistency.consistency([entry.thesis for entry in _desk(workbench).theses(theses or ())])
    if theses is None:
        return _consistency.check_claims(claims, drivers)
    book = [entry.thesis for entry in _desk(workbench).theses(theses)]
    unknown = sorted(set(theses) - {thesis.slug for thesis in book})
    if unknown:
        raise QuantError(f"there is no thesis {unknown[0]!r} in the book: stoa thesis list shows them")
    held = [_consistency.HeldClaim(**claim.model_dump() | {"thesis": thesis.slug}) for thesis in book for claim in thesis.claims]
    shared: dict[str, Iterable[str]] = {thesis.slug: thesis.drivers for thesis in book}
    return _consistency.check_claims([*claims, *held], shared | dict(drivers or {}))
