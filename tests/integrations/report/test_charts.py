"""What a reader sees on a chart: every letter inside the picture, none on another, no number as a power of ten."""

from datetime import date, timedelta

import pytest

from integrations.report.charts import draw

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


def _line(last: float, unit: str) -> dict:
    days = [(date(2025, 9, 5) + timedelta(weeks=week)).isoformat() for week in range(32)]
    return {
        "chart": "line", "title": "A series that rises " * 6, "points": [(day, last * (0.7 + 0.01 * n)) for n, day in enumerate(days)] + [("2026-04-24", last)],
        "unit": unit, "source": "data/series.csv", "as_of": "2026-04-25", "synthetic": True,
    }  # fmt: skip


def _shown(last: float, unit: str) -> dict:
    """Each visible text of the drawn chart, with the place that it takes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = draw(_line(last, unit))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (axes,) = figure.axes
    ticks = [tick.label1 for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_major_ticks()]
    words = [*figure.texts, *axes.texts, axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, axes.yaxis.offsetText, *ticks]
    places = {word.get_text(): word.get_window_extent(canvas.get_renderer()) for word in words if word.get_visible() and word.get_text()}
    return places | {"the picture": figure.bbox}


@pytest.mark.parametrize(("unit", "last"), [(unit, last) for unit, (last, _, _) in SERIES.items()])
def test_every_letter_is_inside_the_picture_and_none_lies_on_another(unit, last):
    places = _shown(last, unit)
    whole = places.pop("the picture")
    outside = [word for word, at in places.items() if at.x0 < whole.x0 or at.x1 > whole.x1 or at.y0 < whole.y0 or at.y1 > whole.y1]
    assert outside == []
    assert [(a, b) for a in places for b in places if a < b and places[a].overlaps(places[b])] == []


@pytest.mark.parametrize(("unit", "last", "number", "named"), [(unit, *rest) for unit, rest in SERIES.items()])
def test_a_number_is_written_out_and_a_large_one_in_its_unit(unit, last, number, named):
    words = _shown(last, unit)
    assert {number, named} <= set(words)
    assert not [word for word in words if "e+" in word or "1e" in word]
