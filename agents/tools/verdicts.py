"""Tools that hold a statement against the data: quality, a stated number, a forecast that is due."""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from functools import partial
from typing import Literal

from pydantic import BaseModel

from agents.errors import ToolError
from agents.tool import tool
from agents.workbench import Workbench
from memory.absent import missing
from memory.cadence import infer_frequency, period_index, period_name
from memory.errors import NotFoundError
from memory.facts import extract_facts
from memory.observation import SeriesInfo, Vintage
from memory.quality import Finding, condensed
from memory.quality.desk import check_desk, check_points
from memory.resolution import decide
from memory.sentences import number
from memory.series_table import day_of_cell

Measure = Literal["level", "change", "year_on_year"]
_NUMBER = re.compile(r"\d[\d,]*(?:\.(\d+))?")


class Quality(BaseModel):
    """What the quality checks say, worst first; the same finding of many series is one."""

    findings: list[Finding]
    errors: int
    warnings: int


class Stand(BaseModel):
    """What a series said from ``known_at`` on."""

    known_at: datetime
    value: float


class FactCheck(BaseModel):
    """A stated number against a series. ``revised``: it was right when published and is no longer."""

    verdict: Literal["holds", "revised", "differs", "unknown"]
    reason: str
    stated: float | None = None
    found: float | None = None
    difference: float | None = None
    tolerance: float | None = None
    unit: str = ""
    period: str = ""
    known_at: datetime | None = None
    vintages: list[Stand] = []
    series: str
    source: str = ""
    doubts: list[str] = []


class Resolved(BaseModel):
    """One forecast that is due: decided with its evidence, or open with the reason."""

    id: str
    thesis: str
    name: str
    outcome: Literal["yes", "no", "open"]
    reason: str
    evidence: list[dict[str, str | float | bool | None]]


class Resolutions(BaseModel):
    """Every forecast that was due."""

    resolved: list[Resolved]


@tool("data.check")
def check(workbench: Workbench, series: list[str] = []) -> Quality:  # noqa: B006
    """Quality checks of series, or of all: types, gaps, stale runs, units, look-ahead, release dates, licence."""
    try:
        found = check_desk(workbench.market, workbench.market.folder, workbench.as_of, series)
    except NotFoundError as error:
        raise ToolError(missing(workbench.market, series[0]) if series else str(error)) from error
    errors = sum(item.severity == "error" for item in found)
    warnings = sum(item.severity == "warning" for item in found)
    return Quality(findings=condensed(found), errors=errors, warnings=warnings)


@tool("data.factcheck")
def factcheck(workbench: Workbench, series: str, stated: str, on: str = "", measure: Measure = "level") -> FactCheck:
    """Hold a stated number ("3.0 %") against a series on a day or in a month, quarter or year, with every vintage.

    ``measure`` is the level, the change on the period before, or the change on the year before in per cent, by the calendar. The
    tolerance is half a unit of the last digit stated.
    """
    info = workbench.market.info(series)
    if info is None:
        raise ToolError(missing(workbench.market, series))
    value, tolerance, unit = _stated(stated)
    out = FactCheck(verdict="unknown", reason="", stated=value, tolerance=tolerance, series=series, source=info.source, unit=info.unit)
    history = _history(workbench, info)
    if not history:
        return out.model_copy(update={"reason": f"{series} has no value known at {workbench.as_of:%Y-%m-%d}: pull it"})
    wanted = "%" if measure == "year_on_year" else info.unit
    if unit and wanted and _plain_unit(unit) != _plain_unit(wanted):
        return out.model_copy(update={"reason": f"it is stated in {unit} and the series is in {wanted}: convert it first", "unit": wanted})
    try:
        day = _day(history, on)
    except ToolError as error:
        return out.model_copy(update={"reason": str(error)})
    stands = _stands(history, day, measure)
    out = out.model_copy(update={"unit": wanted, "period": _named(history, day), "vintages": stands, "doubts": _doubts(workbench, info)})
    return _verdict(out, stands, measure)


def _verdict(out: FactCheck, stands: Sequence[Stand], measure: Measure) -> FactCheck:
    if not stands:
        return out.model_copy(
            update={"reason": f"the {measure} of {out.period} needs a period that is missing: nothing is put in its place"}
        )
    last = stands[-1]
    assert out.stated is not None
    assert out.tolerance is not None
    near = [stand for stand in stands if abs(stand.value - out.stated) <= out.tolerance * (1 + 1e-9)]
    now = f"{number(last.value, 6)} {out.unit}".strip()
    verdict: Literal["holds", "revised", "differs"]
    if last in near:
        verdict, reason = "holds", f"{out.series} for {out.period} is {now}, known since {last.known_at:%Y-%m-%d}"
    elif near:
        verdict = "revised"
        reason = f"it was so as published on {near[-1].known_at:%Y-%m-%d}; since {last.known_at:%Y-%m-%d} it is {now}"
    else:
        verdict, reason = "differs", f"{out.series} for {out.period} is {now}, not {number(out.stated, 6)}"
    found = {"verdict": verdict, "reason": reason, "found": last.value, "difference": out.stated - last.value, "known_at": last.known_at}
    return out.model_copy(update=found)


def _stated(text: str) -> tuple[float, float, str]:
    """The number, half a unit of its last digit, and its unit."""
    facts = [fact for fact in extract_facts(text) if fact.kind == "number"]
    digits = _NUMBER.search(text)
    if len(facts) != 1 or digits is None:
        raise ToolError(f"state one number, with its unit, as in '3.0 %' or '$76.93/oz', not {text!r}")
    written = float(digits.group().replace(",", ""))
    scale = abs(facts[0].values[0] / written) if written else 1.0
    return facts[0].values[0], 0.5 * 10 ** -len(digits[1] or "") * scale, facts[0].unit


def _plain_unit(unit: str) -> str:
    plain = unit.replace("US$", "USD").replace("$", "USD").replace("troy oz", "oz").replace("percent", "%").replace(" ", "")
    return {"index": "", "probability": "%"}.get(plain, plain).lower()


def _history(workbench: Workbench, info: SeriesInfo) -> list[Vintage]:
    if not info.formula:
        return workbench.market.history(info.series, workbench.as_of)
    return [Vintage(point.valid_time, point.known_at, point.value, "") for point in workbench.reader.points(info.series, workbench.as_of)]


def _day(history: Sequence[Vintage], on: str) -> date:
    """The series' own date for what was named."""
    days = sorted({item.valid_time for item in history})
    if not on:
        return days[-1]
    asked = day_of_cell(on)
    if asked is None:
        raise ToolError(f"{on!r} is no day or period: write 2026-01-31, 2026-01, 2026Q1 or 2026")
    frequency = infer_frequency(days)
    coarse = "annual" if len(on) == 4 else "quarterly" if "q" in on.lower() else "monthly" if len(on) == 7 else ""
    if coarse and frequency in {"daily", "weekly"}:
        raise ToolError(f"{on} has many values of a {frequency} series: name the day")
    match = [day for day in days if period_index(day, frequency) == period_index(asked, frequency)] if frequency != "weekly" else [asked]
    if not match or match[0] not in days:
        before = [day for day in days if day < asked]
        nearest = f"; the last before is {before[-1]}" if before else ""
        raise ToolError(f"there is no value for {on}{nearest}: nothing is put in its place")
    return match[0]


def _named(history: Sequence[Vintage], day: date) -> str:
    frequency = infer_frequency([item.valid_time for item in history])
    return period_name(period_index(day, frequency), frequency) if frequency in {"monthly", "quarterly", "annual"} else day.isoformat()


def _stands(history: Sequence[Vintage], day: date, measure: Measure) -> list[Stand]:
    """What the measure was at each moment at which one of its two values became known; equal ones once."""
    base = _base({item.valid_time for item in history}, day, measure)
    if base is None and measure != "level":
        return []
    values: dict[date, float] = {}
    found: list[Stand] = []
    for item in sorted(history, key=lambda item: item.known_at):
        if item.valid_time not in {day, base}:
            continue
        values[item.valid_time] = item.value
        value = _measured(values, day, base, measure)
        if value is not None and (not found or found[-1].value != value):
            found.append(Stand(known_at=item.known_at, value=value))
    return found


def _base(days: AbstractSet[date], day: date, measure: Measure) -> date | None:
    """The date that a change is measured from, by the calendar; None where that period has no value."""
    frequency = infer_frequency(list(days))
    before = max((other for other in days if other < day), default=None)
    back = {"monthly": 12, "quarterly": 4, "annual": 1}.get(frequency)
    if measure == "level" or before is None:
        return None
    if back is None:
        return before if measure == "change" else None
    wanted = period_index(day, frequency) - (back if measure == "year_on_year" else 1)
    return next((other for other in days if period_index(other, frequency) == wanted), None)


def _measured(values: Mapping[date, float], day: date, base: date | None, measure: Measure) -> float | None:
    if day not in values:
        return None
    if measure == "level":
        return values[day]
    if base is None or base not in values:
        return None
    before = values[base]
    if measure == "change":
        return values[day] - before
    return 100 * (values[day] / before - 1) if before else None


def _doubts(workbench: Workbench, info: SeriesInfo) -> list[str]:
    if info.formula:
        return []
    found = check_points(info, workbench.market.points(info.series, workbench.as_of), workbench.as_of)
    return [f"{item.check}: {item.message}" for item in found if item.severity == "error"]


@tool("data.resolve", effect="write")
def resolve(workbench: Workbench, forecast: str = "") -> Resolutions:
    """Resolve forecasts that are due by their rules: one by id or name, or all."""
    due = [item for item in workbench.forecasts.due(workbench.as_of) if forecast in {"", item.id, item.draft.name}]
    if forecast and not due:
        raise ToolError(f"no open forecast {forecast!r} is due at {workbench.as_of:%Y-%m-%d}: stoa forecast list shows them")
    rows = []
    for item in due:
        thesis = workbench.book.get(item.thesis, workbench.as_of).thesis
        evaluate = partial(workbench.evaluate, thesis=thesis)
        found = decide(item.draft.rule, item.draft.resolve_by, workbench.market.series(), evaluate)
        if found.outcome:
            evidence = [{"run_id": workbench.run_id, **row} for row in found.evidence]
            workbench.forecasts.resolve(item.id, found.outcome, evidence, workbench.as_of)
        rows.append(
            Resolved(
                id=item.id, thesis=item.thesis, name=item.draft.name, outcome=found.outcome or "open", reason=found.reason,
                evidence=found.evidence,
            )
        )  # fmt: skip
    return Resolutions(resolved=rows)
