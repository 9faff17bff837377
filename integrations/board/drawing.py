"""Small SVG pictures for the pages. Colours come from the style sheet by class, so that light and dark need one picture."""

from collections.abc import Sequence
from datetime import date, timedelta
from html import escape
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup

from memory.sentences import number

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 210, 58, 14, 14, 26
MOST = 400
"""Points of a line: more cannot be seen at this width."""


class Scale(NamedTuple):
    """Where values stand in the picture."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        """Across, in pixels."""
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.x_low) / ((self.x_high - self.x_low) or 1)

    def y(self, value: float) -> float:
        """Down, in pixels."""
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - self.y_low) / ((self.y_high - self.y_low) or 1))


def spark(values: Sequence[float], label: str) -> Markup:
    """A conviction's history, from 0 to 1, as small as a word."""
    if len(values) == 1:
        values = [values[0], values[0]]
    step = 96 / (len(values) - 1)
    points = " ".join(f"{2 + i * step:.0f},{22 - 20 * value:.0f}" for i, value in enumerate(values))
    return Markup(  # noqa: S704 - built from numbers; the label is escaped
        f'<svg class="spark" viewBox="0 0 100 24" role="img" aria-label="{escape(label, quote=True)}"><polyline points="{points}"/></svg>'
    )


def conviction(points: Sequence[tuple[date, float]], until: date, label: str) -> Markup:
    """Conviction as steps, held to ``until``."""
    end = max(until, points[-1][0], points[0][0] + timedelta(days=1))
    scale = Scale(points[0][0].toordinal(), end.toordinal(), 0, 1)
    path = f"M{scale.x(points[0][0].toordinal()):.1f},{scale.y(points[0][1]):.1f}"
    for day, value in points[1:]:
        path += f"H{scale.x(day.toordinal()):.1f}V{scale.y(value):.1f}"
    path += f"H{scale.x(end.toordinal()):.1f}"
    dots = "".join(f'<circle cx="{scale.x(d.toordinal()):.1f}" cy="{scale.y(v):.1f}" r="3"/>' for d, v in points)
    return _picture(label, _ruled(scale, [0, 0.25, 0.5, 0.75, 1]) + f'<path class="line" d="{path}"/>{dots}' + _days(scale))


def line(points: Sequence[tuple[date, float]], label: str, unit: str) -> Markup:
    """A series over time."""
    shown = _thinned(points)
    low, high = min(v for _, v in shown), max(v for _, v in shown)
    margin = 0.06 * (high - low) or abs(high) * 0.1 or 1
    scale = Scale(shown[0][0].toordinal(), max(shown[-1][0].toordinal(), shown[0][0].toordinal() + 1), low - margin, high + margin)
    path = " ".join(f"{scale.x(day.toordinal()):.1f},{scale.y(value):.1f}" for day, value in shown)
    last = f'<circle cx="{scale.x(shown[-1][0].toordinal()):.1f}" cy="{scale.y(shown[-1][1]):.1f}" r="3"/>'
    named = f'<text x="{LEFT + 4}" y="{TOP + 10}">{escape(unit)}</text>' if unit else ""
    return _picture(label, _ruled(scale, _ticks(low, high)) + f'<polyline class="line" points="{path}"/>{last}{named}' + _days(scale))


def payoff(points: Sequence[tuple[float, float]], breakevens: Sequence[float], label: str) -> Markup:
    """Profit per unit at expiry over the underlying."""
    low, high = min(v for _, v in points), max(v for _, v in points)
    margin = 0.08 * (high - low) or 1
    inner = [x for x, _ in points if x > 0]
    scale = Scale(0.75 * inner[0], 1.2 * inner[-2 if len(inner) > 1 else -1], low - margin, high + margin)
    shown = _clipped(points, scale)
    path = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in shown)
    zero = f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{scale.y(0):.1f}" y2="{scale.y(0):.1f}"/>'
    marks = "".join(
        f'<line class="mark" x1="{scale.x(x):.1f}" x2="{scale.x(x):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text x="{scale.x(x) + 3:.1f}" y="{TOP + 10}">{x:,.2f}</text>'
        for x in breakevens
        if scale.x_low <= x <= scale.x_high
    )
    across = "".join(
        f'<text x="{scale.x(x):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{number(x)}</text>' for x in _ticks(scale.x_low, scale.x_high)
    )
    return _picture(label, _ruled(scale, _ticks(low, high)) + zero + marks + f'<polyline class="line" points="{path}"/>' + across)


class Bin(NamedTuple):
    """Forecasts of about one probability: what was said, what came, and between which bounds the truth lies."""

    forecast: float
    frequency: float
    low: float
    high: float
    n: int


def calibration(bins: Sequence[Bin], label: str) -> Markup:
    """What was said against what came, with 95 % intervals; on the diagonal the two are equal."""
    scale = Scale(0, 1, 0, 1)
    diagonal = f'<line class="mark" x1="{scale.x(0)}" y1="{scale.y(0)}" x2="{scale.x(1)}" y2="{scale.y(1)}"/>'
    marks = "".join(
        f'<line class="whisker" x1="{scale.x(b.forecast):.1f}" x2="{scale.x(b.forecast):.1f}" y1="{scale.y(b.low):.1f}" '
        f'y2="{scale.y(b.high):.1f}"/><circle cx="{scale.x(b.forecast):.1f}" cy="{scale.y(b.frequency):.1f}" r="4"/>'
        f'<text x="{scale.x(b.forecast) + 7:.1f}" y="{scale.y(b.frequency) + 4:.1f}">n {b.n}</text>'
        for b in bins
    )
    across = "".join(f'<text x="{scale.x(v):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{v:g}</text>' for v in (0, 0.25, 0.5, 0.75, 1))
    return _picture(label, _ruled(scale, [0, 0.25, 0.5, 0.75, 1]) + diagonal + marks + across)


def _picture(label: str, inside: str) -> Markup:
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label, quote=True)}">'
    return Markup(head + inside + "</svg>")  # noqa: S704 - built from numbers; labels and units are escaped


def _ruled(scale: Scale, values: Sequence[float]) -> str:
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{scale.y(v):.1f}" y2="{scale.y(v):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{scale.y(v) + 4:.1f}" text-anchor="end">{number(v)}</text>'
        for v in values
    )


def _days(scale: Scale) -> str:
    first, last = date.fromordinal(int(scale.x_low)), date.fromordinal(int(scale.x_high))
    return (
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{first.isoformat()}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{last.isoformat()}</text>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Four round values or so between two."""
    import math

    span = (high - low) or abs(high) or 1
    step = 10 ** math.floor(math.log10(span / 3))
    step *= next(m for m in (1, 2, 5, 10) if span / (step * m) <= 5)
    first = math.ceil(low / step)
    return [round(step * (first + i), 10) for i in range(int((high - step * first) / step + 1e-9) + 1)]


def _thinned(points: Sequence[tuple[date, float]]) -> list[tuple[date, float]]:
    stride = max(1, -(-len(points) // MOST))
    return [*points[:-1:stride], points[-1]]


def _clipped(points: Sequence[tuple[float, float]], scale: Scale) -> list[tuple[float, float]]:
    """The line between the left and right edges, cut where it crosses them."""
    inside = [(x, y) for x, y in points if scale.x_low <= x <= scale.x_high]
    return [(scale.x_low, _at(points, scale.x_low)), *inside, (scale.x_high, _at(points, scale.x_high))]


def _at(points: Sequence[tuple[float, float]], x: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= x <= x1:
            return y0 + (y1 - y0) * (x - x0) / ((x1 - x0) or 1)
    return points[-1][1] if x > points[-1][0] else points[0][1]
