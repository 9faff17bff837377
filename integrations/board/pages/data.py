"""Data: every series with its newest value, its quality and how fresh it is."""

import json
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from starlette.responses import Response

from integrations.board.drawing import line
from integrations.board.visit import Visit, render
from memory.errors import NotFoundError, RuleError
from memory.market import Market
from memory.market_query import Limits
from memory.observation import Point, SeriesInfo
from memory.rules import DerivedReader

ON_A_PAGE = 150
VALUES = 40
GAPS = {"daily": 5, "weekly": 10, "monthly": 45, "quarterly": 125, "annual": 400}
"""Days after the newest value from which a series of this frequency, once published, is late."""
_NEWEST = (
    "SELECT series, count(DISTINCT valid_time) AS n, max(valid_time) AS day, arg_max(value, (valid_time, known_at)) AS value, "
    "max(known_at) AS known, count(*) - count(DISTINCT valid_time) AS revised FROM observations GROUP BY series"
)


class Row(NamedTuple):
    """A series at a glance."""

    info: SeriesInfo
    n: int
    day: date | None
    value: float | None
    known: datetime | None
    revised: int
    late: bool


def page(visit: Visit) -> Response:
    """Every series; those that are late first."""
    market, moment = visit.board.market, visit.moment
    computed, broken = _derived(market, moment)
    newest = _newest(market, moment) | computed
    rows = [_row(info, newest.get(name, {}), moment.date()) for name, info in sorted(market.series().items())]
    rows.sort(key=lambda row: (not row.late, row.info.series))
    start = ((visit.number("page") or 1) - 1) * ON_A_PAGE
    return render(
        visit, "data.html.j2", rows=rows[start : start + ON_A_PAGE], total=len(rows), start=start, size=ON_A_PAGE,
        problems=_problems(visit) + broken, late=sum(row.late for row in rows), as_of=visit.query.get("as_of", ""), today=moment.date(),
    )  # fmt: skip


def one(visit: Visit) -> Response:
    """A series over time, with when each value could be known."""
    name, market = visit.params["series"], visit.board.market
    info = market.info(name)
    if info is None:
        raise NotFoundError(visit.say("no_such_series", name=name))
    points = list(DerivedReader(market).points(name, visit.moment))
    row = _row(info, _summary(points), visit.moment.date())
    picture = line([(p.valid_time, p.value) for p in points], info.title or name, info.unit) if points else None
    return render(
        visit, "series.html.j2", row=row, picture=picture, points=points[:-VALUES - 1 : -1], as_of=visit.query.get("as_of", ""),
        today=visit.moment.date(),
    )  # fmt: skip


def _newest(market: Market, moment: datetime) -> dict[str, dict[str, Any]]:
    try:
        rows = market.query(_NEWEST, moment, Limits(rows=100_000)).rows
        # A query gives dates as text.
        return {
            row["series"]: {**row, "day": date.fromisoformat(str(row["day"])[:10]), "known": datetime.fromisoformat(str(row["known"]))}
            for row in rows
        }
    except NotFoundError:
        return {}


def _derived(market: Market, moment: datetime) -> tuple[dict[str, dict[str, Any]], list[tuple[str, str]]]:
    """The newest values of the series that are computed from others, and those whose formula cannot be computed."""
    reader, computed, broken = DerivedReader(market), dict[str, dict[str, Any]](), list[tuple[str, str]]()
    for name in sorted(name for name, info in market.series().items() if info.formula):
        try:
            computed[name] = _summary(list(reader.points(name, moment)))
        except RuleError as error:
            broken.append((name, str(error)))
    return computed, broken


def _summary(points: list[Point]) -> dict[str, Any]:
    if not points:
        return {}
    return {"n": len(points), "day": points[-1].valid_time, "value": points[-1].value, "known": points[-1].known_at, "revised": 0}


def _row(info: SeriesInfo, found: dict[str, Any], today: date) -> Row:
    day = found.get("day")
    late = day is not None and today - day > timedelta(days=GAPS.get(info.frequency, 45) + info.lag_days)
    return Row(info, found.get("n", 0), day, found.get("value"), found.get("known"), found.get("revised", 0), late)


def _problems(visit: Visit) -> list[tuple[str, str]]:
    """What is wrong with the files, as the last refresh found it."""
    path = visit.board.desk.state / "observations" / "files.json"
    files = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return [(name, text) for name, file in sorted(files.items()) for text in [*file.get("skipped", []), *file.get("warnings", [])]][:50]
