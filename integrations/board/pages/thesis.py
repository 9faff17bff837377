"""One thesis: the claim, what speaks for and against it, what tests it, what is at stake, and how it came to this."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from markupsafe import Markup
from starlette.responses import Response

from agents.workbench import Workbench
from integrations.board.drawing import conviction, payoff
from integrations.board.pages.channel import thread_of
from integrations.board.visit import Visit, render
from memory.book import Entry
from memory.errors import InputError, NotFoundError, StoaError
from memory.rules.evaluate import ValueEvidence
from memory.thesis import Evidence, Falsifier, Position, Signal, Thesis

REVISIONS = 12
QUOTES = 24
RULES = 40
"""Rules that a page evaluates: a thesis with more is read by stoa run, not while a person waits."""


class Test(NamedTuple):
    """A signal or falsifier with what it says now."""

    rule: Signal | Falsifier
    falsifier: bool
    state: str
    reason: str
    values: Sequence[ValueEvidence]


class Stake(NamedTuple):
    """A position with its payoff."""

    position: Position
    picture: Markup | None
    note: str


class Quote(NamedTuple):
    """A piece of evidence and the revision that first named it."""

    evidence: Evidence
    n: int
    opens: bool


def page(visit: Visit) -> Response:
    """The thesis as it stands, or stood on a day."""
    board, slug = visit.board, visit.params["slug"]
    as_of = visit.as_of
    history = board.glance.history(slug, limit=REVISIONS + 1, as_of=as_of)
    if not history:
        raise NotFoundError(visit.say("no_such_thesis", slug=slug))
    entry, older = history[0], visit.number("before")
    shown = board.glance.history(slug, before=older, limit=REVISIONS + 1, as_of=as_of) if older else history
    points = [(step.effective_at.date(), step.conviction) for step in board.glance.steps(as_of).get(slug, [])]
    points = points or [(entry.effective_at.date(), entry.thesis.conviction)]
    pending = [] if as_of else board.desk.journal.approvals(status="pending", thesis=slug)
    today = visit.moment.date()
    rest = shown[REVISIONS - 1].revision.n if len(shown) > REVISIONS else None
    title = visit.say("conviction_of", title=entry.thesis.title)
    return render(
        visit, "thesis.html.j2", entry=entry, thesis=entry.thesis, tests=_tests(visit, entry.thesis), stakes=_stakes(entry.thesis),
        quotes=_quotes(visit, history), revisions=shown[:REVISIONS], older=rest,
        line=conviction(points, today, title), pending=pending, as_of=today.isoformat() if as_of else "", today=today,
        forecasts=board.desk.forecasts.all(visit.moment, slug), thread=thread_of(slug),
    )  # fmt: skip


def difference(visit: Visit) -> Response:
    """What changed between any two revisions."""
    slug = visit.params["slug"]
    head = visit.board.glance.history(slug, limit=1)
    if not head:
        raise NotFoundError(visit.say("no_such_thesis", slug=slug))
    newest = head[0].revision.n
    last = visit.number("to") or newest
    first = visit.number("from") or max(1, last - 1)
    before, after = visit.board.glance.revision(slug, first), visit.board.glance.revision(slug, last)
    if before is None or after is None:
        raise InputError(visit.say("no_such_revision", slug=slug, last=newest))
    return render(visit, "diff.html.j2", before=before, after=after, changes=_changes(before, after), newest=newest, slug=slug)


def _changes(before: Entry, after: Entry) -> list[tuple[str, str, str]]:
    old, new = before.thesis.model_dump(mode="json"), after.thesis.model_dump(mode="json")
    return [(name, _plain(old[name]), _plain(new[name])) for name in new if old[name] != new[name]]


def _plain(value: Any) -> str:
    import yaml

    if isinstance(value, str | int | float):
        return str(value)
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100)
    return text.strip() if len(text) < 4_000 else text[:4_000] + "…"


def _tests(visit: Visit, thesis: Thesis) -> list[Test]:
    board = visit.board
    bench = Workbench(
        board.desk.store, board.desk.book, board.recall, board.market, board.desk.forecasts, visit.moment, "board"
    )  # fmt: skip
    rules = [(item, True) for item in thesis.falsifiers] + [(item, False) for item in thesis.signals]
    found = []
    for rule, falsifier in rules[:RULES]:
        try:
            said = bench.evaluate(rule.rule, thesis)
            found.append(Test(rule, falsifier, said.state, said.reason, said.evidence))
        except StoaError as error:
            found.append(Test(rule, falsifier, "unknown", str(error), ()))
    return found


def _stakes(thesis: Thesis) -> list[Stake]:
    return [_stake(position) for position in thesis.positions]


def _stake(position: Position) -> Stake:
    rows: list[list[str | float | None]] = [
        [leg.kind, leg.quantity, leg.strike, leg.premium] for leg in position.legs if leg.kind in {"call", "put"} and leg.strike
    ]
    if not rows or len(rows) < len(position.legs):
        return Stake(position, None, "")
    from agents.errors import QuantError
    from agents.quant.legs import legs_of
    from agents.quant.structures import Market, structure

    try:
        found = structure(legs_of(rows), Market(None, None, 0.0, 0.0, None), position.entry)
    except QuantError as error:
        return Stake(position, None, str(error))
    cost = found.cost or 0.0
    profits = [(spot, value - cost) for spot, value in found.payoff]
    return Stake(position, payoff(profits, found.breakevens, f"{position.name}: payoff"), found.note)


def _quotes(visit: Visit, history: Sequence[Entry]) -> list[Quote]:
    """Evidence of the newest revisions, each quote once, with a link where the desk holds its record."""
    seen: dict[tuple[str, str], tuple[Evidence, int]] = {}
    for entry in history:
        for item in entry.revision.evidence:
            seen.setdefault((item.record, item.quote), (item, entry.revision.n))
    chosen = list(seen.values())[:QUOTES]
    known = visit.board.desk.store.many([item.record for item, _ in chosen])
    return [Quote(item, n, item.record in known) for item, n in chosen]


def days_left(day: date, today: date) -> int:
    """Days from today to a day."""
    return (day - today).days
