"""The desk run again over a period, each time with what could be known then: how would it have gone?

It works on a temporary copy; the desk itself is not touched. Two replays of one desk give the same document, byte for byte.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from integrations.terminal import SilentChannel
from integrations.track_record import as_document, track_record
from memory.book import Book, Entry
from memory.clock import end_of_day
from memory.errors import InputError, StoaError
from memory.forecasts import Forecasts
from memory.intake import IntakeReport
from memory.journal import Journal
from memory.market import Market, Refreshed
from memory.observation import SeriesReader
from memory.records import Kind
from memory.store import Store
from memory.thesis import Approval, Position, Proposal

if TYPE_CHECKING:
    from integrations.desk import Desk
    from memory.database import Database
    from orchestrator.context import Context

Every = Literal["day", "week", "month"]
People = Literal["agree", "absent"]
MOST_RUNS = 400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MODEL_WARNING = (
    "A model took these turns. It may know what happened after each day, whatever it was shown: this replay does not prove foresight."
)


class Plan(NamedTuple):
    """What is replayed, and who answers the questions: people who agree with every proposal, or nobody."""

    first: date
    last: date
    every: Every = "week"
    people: People = "agree"
    with_model: bool = False


class _Then:
    """A clock that stands at the day being replayed."""

    def __init__(self) -> None:
        self.now = _EPOCH

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


class _Nothing:
    """The library, and the reporter, of a replay: everything was taken in before, and nothing is drawn."""

    def refresh(self, progress: Callable[[str], None]) -> tuple[IntakeReport, Refreshed]:
        del progress
        return IntakeReport(), Refreshed(0, 0, [], [])

    def publish(self, run_id: str, as_of: datetime) -> dict[str, Any]:
        del run_id, as_of
        return {}


class _Change(NamedTuple):
    """A revision that a person made, to be made again on its day."""

    at: datetime
    entry: Entry


def days(first: date, last: date, every: Every) -> list[date]:
    """The days of a replay: from the first on, and the last one in any case.

    Raises:
        InputError: the period is empty, or has more runs than a person can wait for.
    """
    if last < first:
        raise InputError(f"{last} is before {first}: give --from the earlier day")
    found: list[date] = []
    step = 0
    day = first
    while day < last and len(found) <= MOST_RUNS:
        found.append(day)
        step += 1
        day = _month(first, step) if every == "month" else first + timedelta(days=step * (7 if every == "week" else 1))
    if len(found) >= MOST_RUNS:
        raise InputError(f"this is more than {MOST_RUNS} runs: take a shorter period, or --every month")
    return [*found, last]


def replay_period(desk: "Desk", plan: Plan, progress: Callable[[date], None] = lambda _: None) -> dict[str, Any]:
    """Run the desk over a period; returns what each run did and how convictions, positions and forecasts went.

    Raises:
        InputError: the period is wrong, or the book was empty all through it.
    """
    steps = days(plan.first, plan.last, plan.every)
    with tempfile.TemporaryDirectory(prefix="stoa-replay-") as name:
        from memory.rewind import begin_again, copied

        folder = Path(name)
        then = _Then()
        then.now = desk.clock()
        database = copied(desk.database, folder / "desk.db")
        market = _market(desk, folder)
        try:
            _take_in(desk, database, market, then)
            changes = _changes(Book(database, then), plan.last)
            if not changes:
                raise InputError(f"the book held no thesis until {plan.last}: take a later period")
            begin_again(database)
            context = _context(desk, database, market, then, with_model=plan.with_model)
            runs = []
            for day in steps:
                progress(day)
                runs.append(_run(context, folder, then, day, changes, plan))
            return _document(desk, context, plan, runs)
        finally:
            market.close()
            database.close()


def _market(desk: "Desk", folder: Path) -> Market:
    log = desk.state / "observations"
    if log.exists():
        shutil.copytree(log, folder / "observations")
    return Market(desk.folder / "data", folder / "observations")


def _take_in(desk: "Desk", database: "Database", market: Market, then: _Then) -> None:
    """What lies in the desk's folder and was not read yet goes into the copy."""
    from integrations.library import FolderLibrary

    store, book = Store(database, then), Book(database, then)
    library = FolderLibrary(desk.folder, store, book, market, Forecasts(database, then), then)
    library.refresh(lambda _: None)


def _changes(book: Book, last: date) -> list[_Change]:
    """What people brought into the book until ``last``, by its day: theses, and changes of their files."""
    end = end_of_day(last)
    found = []
    for head in book.theses():
        for entry in book.history(head.thesis.slug):
            if not entry.revision.run_id and entry.effective_at <= end:
                found.append(_Change(entry.effective_at, entry))
    return sorted(found, key=lambda change: (change.at, change.entry.thesis.slug, change.entry.revision.n))


def _context(desk: "Desk", database: "Database", market: Market, then: _Then, *, with_model: bool) -> "Context":
    from agents.playbook import PlaybookTurn
    from memory.dispatch import Dispatch
    from memory.recall import Recall
    from orchestrator.queue import LocalQueue

    store = Store(database, then)
    nothing = _Nothing()
    dispatch = Dispatch(database)
    return replace(
        desk.context(SilentChannel()), database=database, store=store, book=Book(database, then), journal=Journal(database, then),
        channel=SilentChannel(), recall=Recall(database, store, lambda: None), market=market, forecasts=Forecasts(database, then),
        library=nothing, reporter=nothing, clock=then, index=lambda: 0, agent=desk.agent if with_model else PlaybookTurn(),
        dispatch=dispatch, queue=LocalQueue(dispatch),
    )  # fmt: skip


def _run(context: "Context", folder: Path, then: _Then, day: date, changes: list[_Change], plan: Plan) -> dict[str, Any]:
    """One run with what was known at the end of a day, and the answers of people to what it asks."""
    from orchestrator import runs

    as_of, checkpoints, run_id = end_of_day(day), folder / "checkpoints.db", f"replay-{day}"
    then.now = as_of
    _bring_in(context.book, changes, as_of)
    if context.book.theses(as_of):
        runs.start(context, checkpoints, run_id, as_of, [])
    asked = sorted(context.journal.approvals(status="pending", run_id=run_id), key=lambda item: (item.proposal.thesis, item.question))
    # Asked is in the order of names: ids made in one instant have none.
    answers = []
    for item in asked:
        answer = "left open"
        if plan.people == "agree":
            try:
                answer = runs.decide(context, checkpoints, item.id, approve=True, by="replay").status
            except StoaError as error:
                answer = str(error)
        answers.append({"thesis": item.proposal.thesis, "question": item.question, "answer": answer})
    return {"day": day.isoformat(), "asked": answers, **_made(context, run_id)}


def _bring_in(book: Book, changes: list[_Change], as_of: datetime) -> None:
    """People's own changes, once their day has come; a patch that no longer fits was overtaken, as it would have been then."""
    while changes and changes[0].at <= as_of:
        change = changes.pop(0)
        revision = change.entry.revision
        against, at = "", change.at
        known = [entry for entry in book.theses() if entry.thesis.slug == revision.thesis]
        if known:
            against, at = known[0].revision.hash, max(change.at, known[0].effective_at)
        proposal = Proposal(
            thesis=revision.thesis, against=against, author=revision.author, patch=revision.patch, rationale=revision.rationale
        )
        book.commit(proposal, Approval(by=revision.author, at=as_of, mode="person"), at)


def _made(context: "Context", run_id: str) -> dict[str, Any]:
    revisions = []
    for head in context.book.theses():
        history = context.book.history(head.thesis.slug)
        for before, after in pairwise(history):
            if after.revision.run_id == run_id:
                revisions.append(
                    {
                        "thesis": after.thesis.slug, "conviction": [before.thesis.conviction, after.thesis.conviction],
                        "status": after.thesis.status.value, "by": after.revision.approval.mode if after.revision.approval else "",
                        "rationale": after.revision.rationale,
                    }
                )  # fmt: skip
    findings = [record.data for record in context.store.find(run_id=run_id, kinds=[Kind.FINDING])]
    fired = sorted(
        {(item["thesis"], item["data"]["name"], item["text"]) for item in findings
         if item["kind"] == "falsifier" and item["data"]["state"] == "true"}
    )  # fmt: skip
    return {"revisions": revisions, "fired": [{"thesis": t, "falsifier": n, "text": text} for t, n, text in fired]}


def _document(desk: "Desk", context: "Context", plan: Plan, runs: list[dict[str, Any]]) -> dict[str, Any]:
    from memory.rules import DerivedReader

    end = end_of_day(plan.last)
    reader = DerivedReader(context.market)
    theses = {}
    for head in context.book.theses():
        history = context.book.history(head.thesis.slug)
        theses[head.thesis.slug] = {
            "path": [[e.effective_at.date().isoformat(), e.thesis.conviction, e.thesis.status.value] for e in history],
            "positions": [
                _went(position, reader, max(plan.first, history[0].effective_at.date()), end) for position in head.thesis.positions
            ],
        }
    forecasts = context.forecasts.all(end)
    with_model = plan.with_model and bool(desk.settings.model.name)
    return {
        "from": plan.first.isoformat(), "to": plan.last.isoformat(), "every": plan.every, "people": plan.people,
        "model": desk.model_name if with_model else "no model", "warning": MODEL_WARNING if with_model else "",
        "runs": runs, "theses": theses,
        "forecasts": [
            {"thesis": item.thesis, "name": item.draft.name, "probability": item.draft.probability,
             "due": item.draft.resolve_by.isoformat(), "outcome": item.outcome or "open"}
            for item in sorted(forecasts, key=lambda item: (item.draft.resolve_by, item.thesis, item.draft.name))
        ],
        "score": as_document(track_record(forecasts, end, desk.settings.desk.seed)),
    }  # fmt: skip


def _went(position: Position, reader: SeriesReader, start: date, end: datetime) -> dict[str, Any]:
    """A position's legs from the first day of the replay to the last, by the series that price them, as known on each day."""
    legs: list[dict[str, Any]] = []
    gains: list[float] = []
    units = set()
    for leg in position.legs:
        points = reader.points(leg.series, end) if leg.series else []
        before = reader.points(leg.series, end_of_day(start)) if leg.series else []
        if not points or not before:
            legs.append({"instrument": leg.instrument, "priced": False})
            continue
        then, now = before[-1].value, points[-1].value
        info = reader.info(leg.series)
        units.add(info.unit if info else "")
        gains.append(leg.quantity * (now - then))
        legs.append({"instrument": leg.instrument, "priced": True, "quantity": leg.quantity, "then": then, "now": now})
    whole = len(gains) == len(position.legs) > 0 and len(units) == 1
    result = position.multiplier * sum(gains) if whole else None
    return {"name": position.name, "state": position.state, "since": start.isoformat(), "legs": legs, "result": result}


def _month(first: date, months: int) -> date:
    """The same day some months later, or the last one that month has."""
    import calendar

    year, month = divmod(first.month - 1 + months, 12)
    year, month = first.year + year, month + 1
    return date(year, month, min(first.day, calendar.monthrange(year, month)[1]))


def as_markdown(document: dict[str, Any]) -> str:
    """The replay for people."""
    lines = [f"# Replay {document['from']} to {document['to']}, every {document['every']}", "", _heading(document), ""]
    if document["warning"]:
        lines += [f"> {document['warning']}", ""]
    for run in document["runs"]:
        if run["revisions"] or run["fired"] or run["asked"]:
            lines.append(f"## {run['day']}")
            lines += [f"- falsifier fired: **{item['thesis']}** {item['text']}" for item in run["fired"]]
            lines += [
                f"- {item['thesis']}: {item['conviction'][0]:.2f} → {item['conviction'][1]:.2f}, {item['status']}"
                for item in run["revisions"]
            ]
            lines += [f"- asked: {item['thesis']}, {item['question']} ({item['answer']})" for item in run["asked"]]
            lines.append("")
    lines += ["## Forecasts", ""]
    lines += [f"- {f['thesis']} {f['name']}: {f['probability']}, due {f['due']}, {f['outcome']}" for f in document["forecasts"]]
    score = document["score"]
    lines += ["", f"{score['score']['n']} resolved, {score['score']['open']} open. {score['score']['note']}".strip(), ""]
    return "\n".join(lines)


def _heading(document: dict[str, Any]) -> str:
    people = "every question was answered yes at once" if document["people"] == "agree" else "no question was answered"
    return f"{len(document['runs'])} runs with what was known on each day, {document['model']}; {people}."
