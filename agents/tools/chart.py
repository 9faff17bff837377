"""The chart tool: series or given numbers as a picture, with the numbers behind it."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from math import isfinite
from statistics import correlation, linear_regression
from typing import NamedTuple

from pydantic import BaseModel, Field

from agents.errors import ToolError
from agents.picture import Mark, Picture, PictureKind, PictureLine
from agents.tool import tool
from agents.workbench import Workbench
from memory.absent import missing
from memory.cadence import STEPS, infer_frequency, period_index, period_start
from memory.observation import Point, SeriesInfo
from memory.quality.desk import check_points

MOST = {"line": 6, "scatter": 2, "drawdown": 1, "heat": 16}
LEAST = {"scatter": 2, "heat": 2}
_TITLES = {"curve": "Futures curve", "payoff": "Payoff at expiry", "fan": "Range of outcomes"}
_FAN = ("5 %", "25 %", "median", "75 %", "95 %")


class Chart(BaseModel):
    """A picture that was drawn: its files, what is on it, and what the quality checks say of its data."""

    kind: PictureKind
    title: str
    files: dict[str, str]
    points: int
    units: list[str]
    as_of: str
    sources: list[str]
    synthetic: bool
    doubts: list[str]
    marks: list[str]


class _Read(NamedTuple):
    name: str
    info: SeriesInfo
    points: Sequence[Point]


class Given(BaseModel):
    """Numbers that are no series of the desk: rows of x and values, their unit, and the tool result or document they are from."""

    numbers: list[list[str | float]]
    unit: str = Field(min_length=1)
    source: str = Field(min_length=1)
    cost: float = Field(default=0.0, description="of a payoff, taken off each value")


@tool("data.chart", effect="write")
def chart(
    workbench: Workbench, kind: PictureKind, title: str = "", series: list[str] = [], given: Given | None = None,  # noqa: B006
    since: date | None = None,
) -> Chart:  # fmt: skip
    """Draw a chart as PNG and SVG, with its numbers; unit, as-of and source stand in the picture.

    line, scatter, heat and drawdown take ``series`` of the desk. The others take ``given`` with unit and source: curve rows of
    [expiry, price], payoff rows of [underlying, value at expiry] and the cost, fan rows of [x, p5, p25, median, p75, p95].
    """
    if workbench.painter is None:
        raise ToolError("nothing can draw here: run this on a desk with stoa tool call data.chart")
    if kind in {"curve", "payoff", "fan"}:
        if given is None:
            raise ToolError(f"{kind} takes given: the numbers with their unit and source")
        picture = _given(workbench, kind, title, given)
    else:
        if given is not None:
            raise ToolError(f"{kind} takes series of the desk, not given numbers: record them as a series first")
        picture = _of_series(workbench, kind, title, series, since)
    files = dict(workbench.painter.paint(picture))
    return Chart(
        kind=kind, title=picture.title, files=files, points=sum(len(line.y) for line in picture.lines),
        units=sorted({line.unit for line in picture.lines if line.unit}), as_of=picture.as_of, sources=list(picture.sources),
        synthetic=picture.synthetic, doubts=list(picture.doubts), marks=[mark.text for mark in picture.marks],
    )  # fmt: skip


def _read(workbench: Workbench, name: str, since: date | None) -> _Read:
    info = workbench.market.info(name)
    if info is None:
        raise ToolError(missing(workbench.market, name))
    points = workbench.reader.points(name, workbench.as_of, since)
    if len(points) < 2:
        raise ToolError(f"{name} has {len(points)} values known at {workbench.as_of:%Y-%m-%d}: a chart needs two; pull it, or move since")
    return _Read(name, info, points)


def _of_series(workbench: Workbench, kind: PictureKind, title: str, series: Sequence[str], since: date | None) -> Picture:
    if not LEAST.get(kind, 1) <= len(series) <= MOST[kind]:
        raise ToolError(f"{kind} takes {LEAST.get(kind, 1)} to {MOST[kind]} series, not {len(series)}: leave some out or draw two charts")
    read = [_read(workbench, name, since) for name in series]
    doubts = tuple(
        f"{item.series}: {item.check}"
        for one in read
        if not one.info.formula
        for item in check_points(one.info, one.points, workbench.as_of)
        if item.severity == "error"
    )
    make = {"line": _line, "scatter": _scatter, "heat": _heat, "drawdown": _drawdown}[kind]
    picture = make(read, title)
    return picture.model_copy(
        update={
            "as_of": f"{workbench.as_of:%Y-%m-%d}",
            "sources": tuple(dict.fromkeys(one.info.source or "not stated" for one in read)),
            "synthetic": any(one.info.synthetic for one in read),
            "doubts": doubts,
        }
    )


def _label(read: _Read) -> str:
    return read.info.title or read.name


def _as_line(read: _Read) -> PictureLine:
    x = tuple(point.valid_time.isoformat() for point in read.points)
    return PictureLine(label=_label(read), unit=read.info.unit, x=x, y=tuple(point.value for point in read.points))


def _line(read: Sequence[_Read], title: str) -> Picture:
    units = list(dict.fromkeys(one.info.unit for one in read))
    if len(units) > 2:
        raise ToolError(f"the series are in {len(units)} units ({', '.join(units)}): draw those of one or two units together")
    lines = tuple(map(_as_line, read))
    return Picture(kind="line", title=title or ", ".join(line.label for line in lines), lines=lines, sources=(), as_of="")


def _scatter(read: Sequence[_Read], title: str) -> Picture:
    x, y = read
    left, right = _together(read)
    pairs = [(left[index], right[index]) for index in sorted(set(left) & set(right))]
    if len(pairs) < 3:
        raise ToolError(f"{x.name} and {y.name} share {len(pairs)} periods: a scatter needs three; take series of one frequency")
    xs, ys = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
    marks: tuple[Mark, ...] = ()
    if len(set(xs)) > 1 and len(set(ys)) > 1:
        slope, intercept = linear_regression(xs, ys)
        text = f"n = {len(pairs)}, correlation {correlation(xs, ys):.2f}, slope {slope:.3g}"
        marks = (Mark(x=slope, y=intercept, text=text),)
    cloud = PictureLine(label=f"{_label(y)} against {_label(x)}", unit=y.info.unit, x=xs, y=ys)
    return Picture(
        kind="scatter", title=title or cloud.label, x_label=_axis(x), y_label=_axis(y), lines=(cloud,), marks=marks, sources=(), as_of=""
    )


def _coarsest(read: Sequence[_Read]) -> str:
    """The frequency that all can be read at."""
    seen = {infer_frequency([point.valid_time for point in one.points]) or "daily" for one in read}
    return max(seen, key=lambda name: STEPS[name])


def _together(read: Sequence[_Read]) -> list[dict[int, float]]:
    """Each series by the period of the coarsest; the last value of a period stands for it, whichever weekday it fell on."""
    frequency = _coarsest(read)
    return [{period_index(point.valid_time, frequency): point.value for point in one.points} for one in read]


def _axis(read: _Read) -> str:
    return f"{_label(read)}, {read.info.unit}" if read.info.unit else _label(read)


def _heat(read: Sequence[_Read], title: str) -> Picture:
    """Correlations of changes from one shared day to the next; differences, so that a negative price does no harm."""
    there = _together(read)
    shared = sorted(set.intersection(*map(set, there)))
    if len(shared) < 4:
        raise ToolError(f"the series share {len(shared)} periods: a heat map needs four; take series of one frequency")
    changes = []
    for one, values in zip(read, there, strict=True):
        found = [values[b] - values[a] for a, b in pairwise(shared)]
        if len(set(found)) < 2:
            raise ToolError(f"{one.name} does not move on the shared days: it has no correlation; leave it out")
        changes.append(found)
    days = [period_start(index, _coarsest(read)).isoformat() for index in shared]
    matrix = tuple(tuple(1.0 if a is b else correlation(a, b) for b in changes) for a in changes)
    lines = tuple(
        PictureLine(label=_label(one), unit=one.info.unit, x=tuple(days[1:]), y=tuple(found))
        for one, found in zip(read, changes, strict=True)
    )
    text = f"correlation of changes, {len(shared) - 1} shared periods, {days[0]} to {days[-1]}"
    return Picture(
        kind="heat", title=title or "What moves together", lines=lines, matrix=matrix, marks=(Mark(text=text),), sources=(), as_of=""
    )


def _drawdown(read: Sequence[_Read], title: str) -> Picture:
    one = read[0]
    bad = next((point for point in one.points if point.value <= 0), None)
    if bad is not None:
        raise ToolError(f"a drawdown in per cent needs prices above nought, and {one.name} has {bad.value:g} on {bad.valid_time}")
    peak, peak_day = one.points[0].value, one.points[0].valid_time
    falls: list[float] = []
    worst = (0.0, peak_day, peak_day)
    for point in one.points:
        if point.value >= peak:
            peak, peak_day = point.value, point.valid_time
        fall = 100 * (point.value / peak - 1)
        falls.append(fall)
        if fall < worst[0]:
            worst = (fall, peak_day, point.valid_time)
    days = tuple(point.valid_time.isoformat() for point in one.points)
    marks = (Mark(x=worst[2].isoformat(), y=worst[0], text=f"{worst[0]:.1f} % from {worst[1]} to {worst[2]}"),) if worst[0] else ()
    line = PictureLine(label=_label(one), unit="%", x=days, y=tuple(falls))
    return Picture(
        kind="drawdown",
        title=title or f"{_label(one)}: fall from the peak so far",
        y_label="%",
        lines=(line,),
        marks=marks,
        sources=(),
        as_of="",
    )


def _checked(kind: str, numbers: Sequence[Sequence[str | float]]) -> list[tuple[str | float, tuple[float, ...]]]:
    """Rows of x and numbers, by rising x."""
    width = 6 if kind == "fan" else 2
    found: list[tuple[str | float, tuple[float, ...]]] = []
    for row in numbers:
        values = [value for value in row[1:] if isinstance(value, int | float) and isfinite(value)]
        if len(row) != width or len(values) != width - 1:
            raise ToolError(f"a row of {kind} has {width} entries, x and {width - 1} numbers, not {row!r}")
        x = row[0]
        if isinstance(x, str):
            try:
                x = date.fromisoformat(x if len(x) > 7 else f"{x}-01").isoformat()
            except ValueError as error:
                raise ToolError(f"{x!r} is no date: write it as 2026-06-30") from error
        found.append((x, tuple(values)))
    if len(found) < 2 or len({type(x) for x, _ in found}) > 1:
        raise ToolError(f"{kind} needs two rows or more, their x all dates or all numbers")
    return sorted(found, key=lambda row: row[0])


def _given(workbench: Workbench, kind: PictureKind, title: str, given: Given) -> Picture:
    rows = _checked(kind, given.numbers)
    x = tuple(row[0] for row in rows)
    off = given.cost if kind == "payoff" else 0.0
    names = _FAN if kind == "fan" else ("price",) if kind == "curve" else ("profit at expiry",)
    lines = tuple(
        PictureLine(label=name, unit=given.unit, x=x, y=tuple(values[i] - off for _, values in rows)) for i, name in enumerate(names)
    )
    marks = _curve_marks(lines[0]) if kind == "curve" else _break_evens(lines[0]) if kind == "payoff" else ()
    return Picture(
        kind=kind, title=title or _TITLES[kind], y_label=given.unit, x_label="underlying at expiry" if kind == "payoff" else "",
        lines=lines, marks=marks, sources=(given.source,), as_of=f"{workbench.as_of:%Y-%m-%d}",
    )  # fmt: skip


def _curve_marks(line: PictureLine) -> tuple[Mark, ...]:
    steps = [b - a for a, b in pairwise(line.y)]
    shape = "contango" if all(step > 0 for step in steps) else "backwardation" if all(step < 0 for step in steps) else "mixed"
    return (Mark(text=shape),)


def _break_evens(line: PictureLine) -> tuple[Mark, ...]:
    if any(isinstance(x, str) for x in line.x):
        raise ToolError("the x of a payoff is the price of the underlying, a number")
    places = [(float(x), y) for x, y in zip(line.x, line.y, strict=True)]
    found: list[float] = []
    for (a, p), (b, q) in pairwise(places):
        level = a + (b - a) * p / (p - q) if p * q < 0 else a if p == 0 != q else b if q == 0 != p else None
        if level is not None and level not in found:
            found.append(level)
    return tuple(Mark(x=level, text=f"break-even {level:,.2f}") for level in found)
