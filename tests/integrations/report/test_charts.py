"""What a reader sees on a chart: every letter inside the picture, none on another, no number as a power of ten."""

from datetime import date, timedelta

import pytest

from agents.picture import Picture, PictureLine
from integrations.report.charts import draw
from integrations.report.painter import draw_picture

SERIES = {
    "$/t": (13_420.0, "13,420", "$/t"),
    "%": (5.74, "5.74", "%"),
    "thousand": (-161_040.0, "−161,040", "thousand"),
    "CNY": (2.818e10, "28.18", "billion CNY"),
    "index": (1_234_567.0, "1.235", "million index"),
    "bp": (0.000123, "0.000123", "bp"),
    "": (4.2e13, "42", "trillion"),
}
"""By unit: the newest value, and how it and the unit are to be read."""


TITLE = "A series that rises for as long as anybody remembers, and of which nobody asks why it should go on like that"


def _points(last: float) -> list[tuple[str, float]]:
    days = [(date(2025, 9, 5) + timedelta(weeks=week)).isoformat() for week in range(32)]
    return [*((day, last * (0.7 + 0.01 * n)) for n, day in enumerate(days)), ("2026-04-24", last)]


def _in_a_report(last: float, unit: str):
    """The chart of a series in a report."""
    return draw(
        {
            "chart": "line",
            "title": TITLE,
            "points": _points(last),
            "unit": unit,
            "source": "data/series.csv",
            "as_of": "2026-04-25",
            "synthetic": True,
        }
    )


def _by_an_agent(last: float, unit: str, *more: str):
    """The chart that an agent asks for; with another unit on two axes."""
    x, y = zip(*_points(last), strict=True)
    lines = tuple(PictureLine(label=f"series in {name}", unit=name, x=x, y=y) for name in (unit, *more))
    return draw_picture(Picture(kind="line", title=TITLE, lines=lines, sources=("data/series.csv",), as_of="2026-04-25", synthetic=True))


def _shown(figure) -> dict:
    """Each visible text of the drawn chart, with the place that it takes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    words = list(figure.texts)
    for axes in figure.axes:
        words += [*axes.texts, axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, axes.yaxis.offsetText]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            drawn = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            words += [label for tick in drawn for label in (tick.label1, tick.label2)]
    kept = [word for word in words if word.get_visible() and word.get_text()]
    return {(word.get_text(), n): word.get_window_extent(canvas.get_renderer()) for n, word in enumerate(kept)}


def _check_places(figure):
    places, whole = _shown(figure), figure.bbox
    outside = [word for word, at in places.items() if at.x0 < whole.x0 or at.x1 > whole.x1 or at.y0 < whole.y0 or at.y1 > whole.y1]
    assert outside == []
    assert [(a, b) for a in places for b in places if a < b and places[a].overlaps(places[b])] == []


@pytest.mark.parametrize("drawn", [_in_a_report, _by_an_agent])
@pytest.mark.parametrize(("unit", "last"), [(unit, last) for unit, (last, _, _) in SERIES.items()])
def test_every_letter_is_inside_the_picture_and_none_lies_on_another(drawn, unit, last):
    _check_places(drawn(last, unit))


@pytest.mark.parametrize("last", [16.4, -161_040.0, 2.8e10])
def test_so_it_is_with_two_axes(last):
    _check_places(_by_an_agent(last, "$/t", "barrels a day"))


@pytest.mark.parametrize("drawn", [_in_a_report, _by_an_agent])
@pytest.mark.parametrize(("unit", "last", "shown", "named"), [(unit, *rest) for unit, rest in SERIES.items()])
def test_a_number_is_written_out_and_a_large_one_in_its_unit(drawn, unit, last, shown, named):
    words = {word for word, _ in _shown(drawn(last, unit))}
    if unit or drawn is _in_a_report:
        assert named in words
    assert shown in words
    assert not [word for word in words if "e+" in word or "1e" in word]
