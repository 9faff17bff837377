"""The history of a conviction as a step line, drawn without a plotting library: a book has many of them."""

from collections.abc import Sequence
from datetime import date
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 150, 44, 16, 26, 24
INK, ACCENT, GRID = "#1b1f24", "#0b6e99", "#d9dee3"
FONT = "system-ui, 'DejaVu Sans', 'Stoa CJK', sans-serif"
"""As the report has it, so that a chart that is opened by itself looks the same."""


def conviction_steps(title: str, points: Sequence[tuple[date, float]], until: date) -> str:
    """An SVG element: conviction from 0 to 1 over time, each revision a step, the last value held to ``until``."""
    first = points[0][0]
    end = max(until, points[-1][0])
    span = max(1, (end - first).days)

    def x(day: date) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / span

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value)

    path = f"M{x(first):.1f},{y(points[0][1]):.1f}"
    for day, value in points[1:]:
        path += f" H{x(day):.1f} V{y(value):.1f}"
    path += f" H{x(end):.1f}"
    grid = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="{GRID}"/>'
        f'<text x="{LEFT - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{v:g}</text>'
        for v in (0.0, 0.5, 1.0)
    )
    dots = "".join(f'<circle cx="{x(day):.1f}" cy="{y(value):.1f}" r="3" fill="{ACCENT}"/>' for day, value in points)
    last = f'<text x="{WIDTH - RIGHT}" y="{y(points[-1][1]) - 7:.1f}" text-anchor="end" font-weight="bold">{points[-1][1]:.2f}</text>'
    days = (
        f'<text x="{LEFT}" y="{HEIGHT - 6}">{first.isoformat()}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{end.isoformat()}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'aria-label="{escape(title, quote=True)}" font-family="{FONT}" font-size="11" fill="{INK}">'
        f'<text x="{LEFT}" y="14" font-size="13">{escape(title)}</text>{grid}'
        f'<path d="{path}" fill="none" stroke="{ACCENT}" stroke-width="2"/>{dots}{last}{days}</svg>'
    )
