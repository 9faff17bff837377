"""The book: what the desk believes, how sure it is, what changed, and what is due."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from markupsafe import Markup
from starlette.responses import Response

from integrations.board.drawing import spark
from integrations.board.visit import Visit, render
from memory.book import Entry
from memory.glance import Step
from memory.thesis import Thesis

ON_A_PAGE = 100
SHORT = 160
ORDERS = ("attention", "conviction", "changed", "name")


class Row(NamedTuple):
    """A thesis at a glance."""

    thesis: Thesis
    n: int
    changed: date
    why: str
    moved: float
    waits: int
    line: Markup
    due: tuple[date, str] | None


def page(visit: Visit) -> Response:
    """Every thesis in a line, those that need somebody first."""
    as_of = visit.as_of
    entries = visit.board.glance.entries(as_of)
    steps = visit.board.glance.steps(as_of)
    pending = Counter(item.proposal.thesis for item in visit.board.desk.journal.approvals(status="pending"))
    today = visit.moment.date()
    wanted = visit.query.get("status", "")
    rows = [
        _row(visit, entry, steps.get(entry.thesis.slug, []), 0 if as_of else pending[entry.thesis.slug], today)
        for entry in entries
        if not wanted or entry.thesis.status.value == wanted
    ]
    order = visit.query.get("order", "") if visit.query.get("order") in ORDERS else ORDERS[0]
    rows.sort(key=lambda row: _rank(row, order))
    start = ((visit.number("page") or 1) - 1) * ON_A_PAGE
    return render(
        visit, "book.html.j2", rows=rows[start : start + ON_A_PAGE], total=len(rows), start=start, size=ON_A_PAGE, order=order,
        orders=ORDERS, status=wanted, statuses=_counted(entries), as_of=today.isoformat() if as_of else "", today=today,
        waiting=sum(pending.values()),
    )  # fmt: skip


def _row(visit: Visit, entry: Entry, steps: Sequence[Step], waits: int, today: date) -> Row:
    values = [step.conviction for step in steps] or [entry.thesis.conviction]
    label = visit.say("conviction_history", last=f"{values[-1]:.2f}", n=len(values))
    why = entry.revision.rationale
    return Row(
        entry.thesis, entry.revision.n, entry.effective_at.date(), why if len(why) <= SHORT else why[: SHORT - 1] + "…",
        values[-1] - values[-2] if len(values) > 1 else 0.0, waits, spark(values, label), next_due(entry.thesis, today),
    )  # fmt: skip


def next_due(thesis: Thesis, today: date) -> tuple[date, str] | None:
    """The next dated thing of a thesis: a catalyst, a forecast, an expiry."""
    dates = [(item.day, item.text) for item in thesis.catalysts]
    dates += [(item.resolve_by, item.name) for item in thesis.forecasts]
    dates += [(leg.expiry, leg.instrument) for position in thesis.positions for leg in position.legs if leg.expiry]
    return min(((day, text) for day, text in dates if day >= today - timedelta(days=1)), default=None)


def _rank(row: Row, order: str) -> tuple[object, ...]:
    slug = row.thesis.slug
    if order == "conviction":
        return (-row.thesis.conviction, slug)
    if order == "changed":
        return (-row.changed.toordinal(), slug)
    if order == "name":
        return (slug,)
    status = {"challenged": 0, "active": 1, "draft": 2, "closed": 3}[row.thesis.status.value]
    return (0 if row.waits else 1, status, -row.changed.toordinal(), slug)


def _counted(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    return sorted(Counter(entry.thesis.status.value for entry in entries).items())
