"""Charts: one question each, with unit, as-of and source in the picture; synthetic data say so."""

import io
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.report.fonts import font_path
from memory.sentences import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, SECOND, GRID, LOSS = "#1b1f24", "#0b6e99", "#b3541e", "#d9dee3", "#a8323e"
TITLE_WIDTH = 70


@cache
def prepare() -> None:
    """Fonts and style, once a process."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import font_manager

    font_manager.fontManager.addfont(str(font_path()))
    mpl.rcParams.update(
        {
            "font.family": ["DejaVu Sans", "Noto Sans CJK SC"], "font.size": 9, "svg.fonttype": "path", "svg.hashsalt": "stoa",
            "axes.edgecolor": GRID, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK,
            "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.6,
            "axes.axisbelow": True, "legend.frameon": False, "axes.titlesize": 10, "axes.titlelocation": "left",
            "axes.titley": 1.0,  # else every label is measured to see whether the title is in its way
            "xtick.bottom": False, "ytick.left": False,  # the grid marks them
        }
    )  # fmt: skip


def draw(data: dict[str, Any]) -> "Figure":
    """A figure from a chart's specification; ``data["chart"]`` names its kind."""
    prepare()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.4))
    # Fixed margins: a layout that measures every label first takes three times as long, and these fit all our charts.
    axes = figure.add_axes((0.135, 0.2, 0.795, 0.64))
    axes.yaxis.set_label_coords(-0.138, 0.5)
    axes.xaxis.set_label_coords(0.5, -0.11)
    _KINDS[data["chart"]](axes, data)
    axes.set_title(_wrapped(data["title"]))
    note = [data.get("footer", "")]
    if data.get("source"):
        note.append(f"source: {data['source']}")
    if data.get("as_of"):
        note.append(f"as of {data['as_of']}")
    if data.get("synthetic"):
        figure.text(0.988, 0.02, "synthetic data", fontsize=8, color=LOSS, ha="right", va="bottom")
    figure.text(0.012, 0.02, " · ".join(part for part in note if part), fontsize=7, color="#5c6670", va="bottom")
    return figure


def save(figure: "Figure", stem: Path) -> str:
    """Write the SVG; returns its element for use inside a page."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    svg = out.getvalue()
    stem.with_name(stem.name + ".svg").write_text(svg, encoding="utf-8")
    return svg[svg.index("<svg") :]


def png(figure: "Figure") -> bytes:
    """The same picture for where SVG is not shown, at 110 dots an inch."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()


def _line(axes: "Axes", data: dict[str, Any]) -> None:
    days: Any = [date.fromisoformat(day) for day, _ in data["points"]]
    scale, unit = scaled(max(abs(value) for _, value in data["points"]), data.get("unit", ""))
    values = [value / scale for _, value in data["points"]]
    axes.plot(days, values, color=ACCENT, linewidth=1.6)
    axes.plot(days[-1:], values[-1:], "o", color=ACCENT, markersize=4)
    newest(axes, days[-1], values[-1])
    axes.set_ylabel(unit)
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    _dated(axes)


def newest(axes: "Axes", x: Any, y: float, colour: str = INK) -> None:
    """The value at the end of a line, in the margin beside it."""
    text = number(y).replace("-", "−")
    axes.annotate(text, (x, y), xytext=(6, 0), textcoords="offset points", fontsize=8, color=colour, va="center")


def scaled(largest: float, unit: str) -> tuple[float, str]:
    """(divisor, unit) with which the axis needs no power of ten and no more than six figures."""
    for divisor, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if largest >= divisor:
            return divisor, f"{name} {unit}".strip()
    return 1.0, unit


def _dated(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator: Any = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _payoff(axes: "Axes", data: dict[str, Any]) -> None:
    result = data["result"]
    cost = result["cost"] or 0.0
    spots = [point[0] for point in result["payoff"]]
    profits = [point[1] - cost for point in result["payoff"]]
    axes.plot(spots, profits, color=ACCENT, linewidth=1.8)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.fill_between(spots, profits, 0, where=[p > 0 for p in profits], color=ACCENT, alpha=0.12, interpolate=True)
    for level in result["breakevens"]:
        axes.axvline(level, color=SECOND, linewidth=1, linestyle="--")
        axes.annotate(
            f"break-even {level:,.2f}",
            (level, 0),
            xytext=(3, -11),
            textcoords="offset points",
            fontsize=8,
            color=SECOND,
        )
    inner = [spot for spot in spots if 0 < spot < spots[-1]]
    if inner:
        axes.set_xlim(0.7 * inner[0], 1.3 * inner[-1])
    axes.set_xlabel("underlying at expiry")
    axes.set_ylabel("profit per unit")


def _curve(axes: "Axes", data: dict[str, Any]) -> None:
    result = data["result"]
    tenors = [near for near, _, _ in result["tenors"]] + [result["tenors"][-1][1]]
    first = 100.0
    prices = [first]
    for (near, far, _), carry in zip(result["tenors"], result["annualised_carry"], strict=True):
        import math

        years = (date.fromisoformat(far) - date.fromisoformat(near)).days / 365
        prices.append(prices[-1] * math.exp(carry * years))
    days: Any = [date.fromisoformat(day) for day in tenors]
    axes.plot(days, prices, "o-", color=ACCENT, linewidth=1.6, markersize=4)
    axes.set_ylabel("first expiry = 100")
    axes.annotate(result["shape"], (0.99, 0.92), xycoords="axes fraction", ha="right", fontsize=8)
    _dated(axes)


def _fan(axes: "Axes", data: dict[str, Any]) -> None:
    result = data["result"]
    years = result["years"]
    fan = {name: [100 * value for value in values] for name, values in result["fan"].items()}
    axes.fill_between(years, fan["p05"], fan["p95"], color=ACCENT, alpha=0.12, label="5–95 %")
    axes.fill_between(years, fan["p25"], fan["p75"], color=ACCENT, alpha=0.25, label="25–75 %")
    axes.plot(years, fan["p50"], color=ACCENT, linewidth=1.8, label="median")
    for crossing in result["crossings"]:
        axes.axhline(100 * crossing["level"], color=SECOND, linewidth=0.9, linestyle="--")
        if crossing["earliest"]:
            text = f"{crossing['level']:.0%}: {crossing['earliest'][:7]} to {crossing['latest'][:7]}"
            axes.annotate(
                text,
                (years[-1], 100 * crossing["level"]),
                xytext=(0, 3),
                textcoords="offset points",
                ha="right",
                fontsize=8,
                color=SECOND,
            )
    axes.set_ylabel("utilisation, %")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)


def _wrapped(title: str) -> str:
    import textwrap

    lines = textwrap.wrap(title, TITLE_WIDTH, max_lines=2, placeholder=" …")
    return "\n".join(lines)


_KINDS: dict[str, Callable[["Axes", dict[str, Any]], None]] = {
    "line": _line, "payoff": _payoff, "curve": _curve, "fan": _fan,
}  # fmt: skip
