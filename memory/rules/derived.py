"""Derived series: a formula over others, point by point."""

from collections.abc import Sequence
from datetime import date, datetime

from memory.errors import RuleError
from memory.observation import Point, SeriesInfo, SeriesReader
from memory.rules.evaluate import evaluate
from memory.rules.syntax import Rule, parse


class DerivedReader:
    """A reader that also computes series with a formula; otherwise the reader it wraps."""

    def __init__(self, reader: SeriesReader) -> None:
        self._reader = reader
        self._memo: dict[tuple[str, datetime], list[Point]] = {}

    def info(self, series: str) -> SeriesInfo | None:
        """The wrapped reader's description."""
        return self._reader.info(series)

    def points(self, series: str, as_of: datetime, since: date | None = None) -> Sequence[Point]:
        """Values on the days that all parts share, each known when its last part was.

        Raises:
            RuleError: the formula refers to itself.
        """
        found = self._points(series, as_of, ())
        return found if since is None else [point for point in found if point.valid_time >= since]

    def _points(self, series: str, as_of: datetime, path: tuple[str, ...]) -> Sequence[Point]:
        info = self._reader.info(series)
        if info is None or not info.formula:
            return self._reader.points(series, as_of)
        if series in path:
            cycle = " -> ".join((*path, series))
            raise RuleError(f"the series {series!r} is derived from itself ({cycle}): break the circle in data/series.yaml")
        key = (series, as_of)
        if key not in self._memo:
            rule = parse(info.formula)
            parts = {name: self._points(name, as_of, (*path, series)) for name in sorted(rule.series)}
            self._memo[key] = _pointwise(rule, parts, as_of)
        return self._memo[key]


class _OneDay:
    """A reader of a single day's values, so that a formula is evaluated by the same code as a rule."""

    def __init__(self, values: dict[str, Point]) -> None:
        self._values = values

    def info(self, series: str) -> SeriesInfo | None:
        return SeriesInfo(series=series)

    def points(self, series: str, as_of: datetime, since: date | None = None) -> Sequence[Point]:
        del as_of, since
        return [self._values[series]]


def _pointwise(rule: Rule, parts: dict[str, Sequence[Point]], as_of: datetime) -> list[Point]:
    by_day = {name: {point.valid_time: point for point in points} for name, points in parts.items()}
    days = sorted(set.intersection(*(set(points) for points in by_day.values()))) if by_day else []
    found = []
    for day in days:
        values = {name: points[day] for name, points in by_day.items()}
        evaluation = evaluate(rule, _OneDay(values), as_of)
        if evaluation.state == "number" and evaluation.value is not None:
            known = max(point.known_at for point in values.values())
            found.append(Point(day, float(evaluation.value), known))
    return found
