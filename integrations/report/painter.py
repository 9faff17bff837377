"""Draws an agent's picture and keeps it: PNG, SVG, and the numbers behind it as CSV and JSON."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.picture import Picture
from integrations.report.charts import ACCENT, GRID, INK, LOSS, SECOND, newest, prepare, scaled
from memory.sentences import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (ACCENT, SECOND, "#3c7d3f", "#7a4fa0", "#8a6d1d", "#4a5568")
_QUIET = "#5c6670"
_WIDTH, _HEIGHT = 7.2, 4.2
_BOTTOM = {"scatter": 0.2, "payoff": 0.2, "heat": 0.3}


class FilePainter:
    """Fulfils ``agents.picture.Painter``: files in one folder, named by title and content, so that the same picture is one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def paint(self, picture: Picture) -> Mapping[str, str]:
        """The paths of png, svg, csv and json."""
        content = picture.model_dump_json()
        name = re.sub(r"[^\w]+", "-", picture.title.lower()).strip("-")[:48] or picture.kind
        stem = self._folder / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
        self._folder.mkdir(parents=True, exist_ok=True)
        figure = draw_picture(picture)
        png, svg = io.BytesIO(), io.StringIO()
        figure.savefig(png, format="png", dpi=150, metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None})
        header, rows = picture.table()
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        files = {
            "png": png.getvalue(), "svg": svg.getvalue().encode(), "csv": table.getvalue().encode(),
            "json": json.dumps(picture.model_dump(mode="json"), ensure_ascii=False, indent=1).encode(),
        }  # fmt: skip
        for ending, body in files.items():
            stem.with_name(f"{stem.name}.{ending}").write_bytes(body)
        return {ending: str(stem.with_name(f"{stem.name}.{ending}")) for ending in files}


def draw_picture(picture: Picture) -> "Figure":
    """The picture with its title above and as-of, source and doubts below."""
    prepare()
    from matplotlib.figure import Figure

    title = _wrap(picture.title, 78, 2)
    figure = Figure(figsize=(_WIDTH, _HEIGHT))
    bottom = _BOTTOM.get(picture.kind, 0.165)
    top = 0.9 if "\n" not in title else 0.85
    axes = figure.add_axes((0.12, bottom, 0.8, top - bottom))
    if picture.kind != "scatter":  # whose label may have two lines
        axes.yaxis.set_label_coords(-0.1225, 0.5)
    _KINDS[picture.kind](axes, picture)
    figure.text(0.012, 0.975, title, fontsize=11, va="top")
    said = " · ".join([f"as of {picture.as_of}", f"source: {', '.join(picture.sources)}"])
    figure.text(0.012, 0.018, _wrap(said, 120, 1), fontsize=7, color=_QUIET, va="bottom")
    warned = ["synthetic data"] if picture.synthetic else []
    warned += [f"in doubt: {'; '.join(picture.doubts)}"] if picture.doubts else []
    if warned:
        figure.text(0.012, 0.052, _wrap(" · ".join(warned), 120, 1), fontsize=7.5, color=LOSS, va="bottom")
    return figure


def _wrap(text: str, width: int, lines: int) -> str:
    """Text cut into lines; a Chinese character takes the room of two."""
    import textwrap

    wide = sum(ord(character) > 0x2E7F for character in text)
    width = max(20, int(width * len(text) / (len(text) + 0.85 * wide))) if text else width
    return "\n".join(textwrap.wrap(text, width, max_lines=lines, placeholder=" …"))


def _places(x: tuple[Any, ...]) -> list[Any]:
    return [date.fromisoformat(value) if isinstance(value, str) else value for value in x]


def _dated(axes: "Axes", x: tuple[Any, ...]) -> None:
    if not x or not isinstance(x[0], str):
        return
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator: Any = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _line(axes: "Axes", picture: Picture) -> None:
    """Lines of one unit, or of two on two axes. One line has its newest value at its end, several in the legend."""
    units = list(dict.fromkeys(line.unit for line in picture.lines))
    sides: dict[str, Any] = {units[0]: axes}
    if len(units) > 1:
        left, bottom, width, height = axes.get_position().bounds
        axes.set_position((left, bottom, width - 0.05, height))
        right = axes.twinx()
        right.spines["right"].set_visible(True)
        right.spines["right"].set_color(GRID)
        right.grid(visible=False)
        axes.yaxis.set_label_coords(-0.1307, 0.5)  # the same place in narrower axes
        right.yaxis.set_label_coords(1.13, 0.5)
        sides[units[1]] = right
    scales = {}
    for unit, side in sides.items():
        largest = max(abs(value) for line in picture.lines if line.unit == unit for value in line.y)
        scales[unit], shown = scaled(largest, unit or "no unit stated")
        side.set_ylabel(shown)
        side.ticklabel_format(axis="y", style="plain", useOffset=False)
    several = len(picture.lines) > 1
    for colour, line in zip(COLOURS, picture.lines, strict=False):
        place = "" if len(units) == 1 else ", left" if line.unit == units[0] else ", right"
        y = [value / scales[line.unit] for value in line.y]
        name = f"{_wrap(line.label, 56, 1)}{place}: {number(y[-1])}" if several else line.label
        _one_line(sides[line.unit], _places(line.x), y, colour, name)
    if not several:
        newest(axes, _places(line.x)[-1], y[-1], ACCENT)
    if several:
        handles = [item for side in sides.values() for item in side.get_lines() if not str(item.get_label()).startswith("_")]
        names = [str(item.get_label()) for item in handles]
        top = sides[units[-1]]
        top.legend(handles, names, fontsize=8, loc="upper left", framealpha=0.85, frameon=True, edgecolor="none")
    _dated(axes, picture.lines[0].x)
    for side in sides.values():
        side.margins(x=0.02, y=0.08)


def _one_line(axes: "Axes", x: list[Any], y: list[float], colour: str, name: str) -> None:
    axes.plot(x, y, color=colour, linewidth=1.5, label=name)
    axes.plot(x[-1:], y[-1:], "o", color=colour, markersize=3.5)
    if min(y) < 0 < max(y):
        axes.axhline(0, color=INK, linewidth=0.7)


def _curve(axes: "Axes", picture: Picture) -> None:
    line = picture.lines[0]
    x = _places(line.x)
    axes.plot(x, list(line.y), "o-", color=ACCENT, linewidth=1.6, markersize=4)
    for place in sorted({0, len(x) - 1, line.y.index(max(line.y)), line.y.index(min(line.y))}):
        axes.annotate(number(line.y[place]), (x[place], line.y[place]), xytext=(0, 7), textcoords="offset points", fontsize=8, ha="center")
    axes.annotate(picture.marks[0].text, (0.99, 0.95), xycoords="axes fraction", ha="right", va="top", fontsize=9, color=SECOND)
    axes.set_ylabel(line.unit)
    axes.margins(x=0.04, y=0.14)
    _dated(axes, line.x)


def _fan(axes: "Axes", picture: Picture) -> None:
    low, lower, middle, upper, high = picture.lines
    x = _places(middle.x)
    axes.fill_between(x, list(low.y), list(high.y), color=ACCENT, alpha=0.13, linewidth=0, label="5–95 %")
    axes.fill_between(x, list(lower.y), list(upper.y), color=ACCENT, alpha=0.28, linewidth=0, label="25–75 %")
    axes.plot(x, list(middle.y), color=ACCENT, linewidth=1.8, label="median")
    for line in (low, middle, high):
        axes.annotate(number(line.y[-1]), (x[-1], line.y[-1]), xytext=(4, -3), textcoords="offset points", fontsize=8)
    axes.set_ylabel(middle.unit)
    axes.legend(fontsize=8, loc="best", framealpha=0.85, frameon=True, edgecolor="none")
    axes.margins(x=0.01)
    _dated(axes, middle.x)
    if all(isinstance(place, int | float) and float(place).is_integer() for place in x):
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter("{x:.0f}")


def _payoff(axes: "Axes", picture: Picture) -> None:
    line = picture.lines[0]
    x, y = [float(value) for value in line.x], list(line.y)
    axes.plot(x, y, color=ACCENT, linewidth=1.8)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.fill_between(x, y, 0, where=[value > 0 for value in y], color=ACCENT, alpha=0.13, interpolate=True, linewidth=0)
    axes.fill_between(x, y, 0, where=[value < 0 for value in y], color=LOSS, alpha=0.13, interpolate=True, linewidth=0)
    for mark in picture.marks:
        assert isinstance(mark.x, float)
        axes.axvline(mark.x, color=SECOND, linewidth=1, linestyle="--")
        right = mark.x > 0.5 * (x[0] + x[-1])
        axes.annotate(
            mark.text, (mark.x, 0.04), xycoords=("data", "axes fraction"), xytext=(-4 if right else 4, 0), textcoords="offset points",
            fontsize=8, color=SECOND, ha="right" if right else "left",
        )  # fmt: skip
    best = max(range(len(y)), key=y.__getitem__)
    axes.annotate(f"most {number(y[best])}", (x[best], y[best]), xytext=(0, 5), textcoords="offset points", fontsize=8, ha="center")
    axes.set_xlabel(picture.x_label)
    axes.set_ylabel(f"profit, {line.unit}")
    axes.margins(x=0.01, y=0.13)


def _scatter(axes: "Axes", picture: Picture) -> None:
    cloud = picture.lines[0]
    x, y = [float(value) for value in cloud.x], list(cloud.y)
    axes.scatter(x, y, s=12, color=ACCENT, alpha=0.55, linewidths=0)
    axes.scatter(x[-1:], y[-1:], s=34, color=SECOND, zorder=3)
    axes.annotate("newest", (x[-1], y[-1]), xytext=(6, 4), textcoords="offset points", fontsize=8, color=SECOND)
    for mark in picture.marks:
        assert isinstance(mark.x, float)
        ends = [min(x), max(x)]
        axes.plot(ends, [mark.x * end + (mark.y or 0.0) for end in ends], color=INK, linewidth=1, linestyle="--")
        axes.text(0.99, 0.03, mark.text, transform=axes.transAxes, ha="right", fontsize=8, color=INK)
    axes.set_xlabel(_wrap(picture.x_label, 90, 1))
    axes.set_ylabel(_wrap(picture.y_label, 44, 2))


def _heat(axes: "Axes", picture: Picture) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    names = [_wrap(line.label, 22, 2) for line in picture.lines]
    colours = LinearSegmentedColormap.from_list("stoa", [SECOND, "#f6f4f0", ACCENT])
    axes.imshow([list(row) for row in picture.matrix], cmap=colours, vmin=-1, vmax=1, aspect="auto")
    axes.grid(visible=False)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for i, row in enumerate(picture.matrix):
        for j, value in enumerate(row):
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color="white" if abs(value) > 0.62 else INK)
    left, bottom, width, height = axes.get_position().bounds
    axes.set_position((left + 0.12, bottom, width - 0.12, height - 0.04))
    axes.set_title(picture.marks[0].text, fontsize=8, color=_QUIET)


def _drawdown(axes: "Axes", picture: Picture) -> None:
    line = picture.lines[0]
    x = _places(line.x)
    axes.fill_between(x, list(line.y), 0, color=LOSS, alpha=0.22, linewidth=0)
    axes.plot(x, list(line.y), color=LOSS, linewidth=1.1)
    for mark in picture.marks:
        assert isinstance(mark.x, str)
        place, first, last = date.fromisoformat(mark.x), x[0], x[-1]
        late = (place - first) > 0.6 * (last - first)
        spot: list[Any] = [place]
        axes.plot(spot, [mark.y or 0.0], "o", color=LOSS, markersize=4)
        axes.annotate(
            mark.text, (place, mark.y or 0.0), xytext=(-6 if late else 6, -2), textcoords="offset points", fontsize=8, va="top",
            ha="right" if late else "left",
        )  # fmt: skip
    axes.set_ylabel("% below the peak")
    axes.set_ylim(bottom=min(1.14 * min(line.y), -0.1), top=0)
    axes.margins(x=0.01)
    _dated(axes, line.x)


_KINDS: dict[str, Callable[["Axes", Picture], None]] = {
    "line": _line, "curve": _curve, "fan": _fan, "payoff": _payoff, "scatter": _scatter, "heat": _heat, "drawdown": _drawdown,
}  # fmt: skip
