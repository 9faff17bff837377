"""What changed since the last run, and which theses it touches."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from agents.workbench import Workbench
from memory.book import Entry
from memory.errors import RuleError
from memory.forecasts import Registered
from memory.life import disputes
from memory.records import DESK, Draft, Kind, Record, Trust
from memory.resolution import Decision, decide
from memory.rules import parse
from memory.sentences import counted
from memory.store import Store
from memory.text import fold
from memory.thesis import Thesis
from orchestrator.context import Context

ASKED = 5
"""Open questions that a brief spells out."""


class _Changed(NamedTuple):
    """What is new since the last run: records, series with new values, and theses with a contradiction found since."""

    records: Sequence[Record]
    series: set[str]
    disputed: set[str]


def write_brief(context: Context, run_id: str, as_of: datetime, wanted: Sequence[str]) -> str:
    """Take in what is new and store the brief as a record; the same run again returns the same one."""
    key = f"{run_id}:brief"
    done = [record for record in context.store.find(run_id=run_id, kinds=[Kind.NOTE]) if record.idempotency_key == key]
    if done:
        return done[0].id
    intake, data = context.library.refresh(context.channel.progress)
    context.index()
    last = _last(context, run_id, as_of)
    new = _new_records(context, last, as_of, [Kind.CHUNK, Kind.NOTE])
    documents = [item for item in _new_records(context, last, as_of, [Kind.DOCUMENT]) if not item.source_uri.startswith("theses/")]
    fresh = _fresh_series(context, last, as_of)
    asked = disputes(context.store, as_of)
    disputed = {slug for item in asked if last[1] is None or item.since > last[1] for slug in item.theses}
    touched = _touched(context, _Changed(new, fresh, disputed), last, as_of, wanted)
    resolved = resolve_due(context, run_id, as_of)
    # Everything the brief says is read from the tables, not from what this process happened to do: a run that was cut
    # off while it read must say the same when it goes on.
    warnings = [{"path": item.source_uri, "reason": text} for item in documents for text in item.data.get("warnings", [])]
    brief: dict[str, Any] = {
        "new_records": [record.id for record in new],
        "theses": touched,
        "resolved": resolved,
        "questions": [{"records": list(item.records), "text": item.question} for item in asked],
        "skipped": [item.model_dump() for item in intake.skipped] + [{"path": f"data/{p}", "reason": r} for p, r in data.skipped],
        "warnings": warnings + [{"path": f"data/{p}", "reason": r} for p, r in data.warnings],
    }
    body = _sentence(brief, len(documents), len(fresh))
    draft = Draft(
        kind=Kind.NOTE, title="brief", body=body, author=DESK, run_id=run_id, data=brief, known_from=as_of, trust=Trust.AGENT,
        idempotency_key=key,
    )  # fmt: skip
    return context.store.remember(draft).id


def brief_of(store: Store, run_id: str) -> Record | None:
    """What a run found new when it began, and what it could not read; None before it has looked."""
    return next((record for record in store.find(run_id=run_id, kinds=[Kind.NOTE]) if record.title == "brief"), None)


def _last(context: Context, run_id: str, as_of: datetime) -> tuple[datetime | None, datetime | None]:
    """As-of of the newest earlier run that finished its work, and the instant it had read all that was there."""
    for row in context.journal.runs(("done", "waiting"), "research"):
        if row.run_id == run_id or row.as_of > as_of:
            continue
        for record in context.store.find(run_id=row.run_id, kinds=[Kind.NOTE]):
            if record.idempotency_key == f"{row.run_id}:brief":
                return row.as_of, record.recorded_at
    return None, None


def _new_records(context: Context, last: tuple[datetime | None, datetime | None], as_of: datetime, kinds: Sequence[Kind]) -> list[Record]:
    """Records that are visible now and were not at the last run."""
    seen_as_of, read_at = last
    since = (seen_as_of, read_at) if seen_as_of is not None and read_at is not None else None
    return [record for record in context.store.find(kinds=kinds, as_of=as_of, since=since) if record.author != DESK]


def _touched(
    context: Context,
    changed: _Changed,
    last: tuple[datetime | None, datetime | None],
    as_of: datetime,
    wanted: Sequence[str],
) -> list[str]:
    entries = [entry for entry in context.book.theses(as_of) if entry.thesis.status != "closed"]
    if wanted:
        return [entry.thesis.slug for entry in entries if entry.thesis.slug in wanted]
    texts = [fold(record.body) for record in changed.records]
    seen_as_of, read_at = last
    return [
        entry.thesis.slug
        for entry in entries
        if seen_as_of is None
        or read_at is None
        or (entry.revision.recorded_at > read_at and not entry.revision.run_id)  # a person changed it
        or _named(entry.thesis, texts)
        or entry.thesis.slug in changed.disputed
        or _reads(entry.thesis, changed.series)
        or _woken(entry, seen_as_of, as_of)
    ]


def _named(thesis: Thesis, texts: Sequence[str]) -> bool:
    terms = [fold(term) for term in thesis.terms]
    return any(term in text for text in texts for term in terms)


def _fresh_series(context: Context, last: tuple[datetime | None, datetime | None], as_of: datetime) -> set[str]:
    fresh = set()
    for name in context.market.series():
        now, then = context.market.points(name, as_of), context.market.points(name, last[0]) if last[0] else []
        if now[-1:] != then[-1:] or len(now) != len(then):
            fresh.add(name)
    infos = context.market.series()
    # A derived series is fresh when one of its parts is; two rounds reach a series derived from a derived one.
    for _ in range(2):
        fresh |= {name for name, info in infos.items() if info.formula and parse(info.formula).series & fresh}
    return fresh


def _reads(thesis: Thesis, fresh: set[str]) -> bool:
    for text in [*(item.rule for item in thesis.signals), *(item.rule for item in thesis.falsifiers)]:
        try:
            if parse(text).series & fresh:
                return True
        except RuleError:
            return True  # the analyst will say what is wrong with it
    return False


def _woken(entry: Entry, before: datetime, as_of: datetime) -> bool:
    for catalyst in entry.thesis.catalysts:
        ahead = (catalyst.day - as_of.date()).days
        was_ahead = (catalyst.day - before.date()).days
        if -catalyst.days_after <= ahead <= catalyst.days_before and ahead != was_ahead:
            return True
    return False


def resolve_due(context: Context, run_id: str, as_of: datetime) -> list[dict[str, Any]]:
    """Resolve forecasts whose day has come, by their rule; what the data do not decide stays open and is said.

    Forecasts that this run resolved before it was cut off are part of the answer.
    """
    bench = context.workbench(run_id, as_of)
    for item in context.forecasts.due(as_of):
        found = _decided(item, bench, context)
        if found.outcome:
            context.forecasts.resolve(item.id, found.outcome, [{"run_id": run_id, **row} for row in found.evidence], as_of)
    rows = []
    for item in context.forecasts.all(as_of):
        by_this_run = any(row.get("run_id") == run_id for row in item.evidence)
        if by_this_run or (item.outcome is None and item.draft.resolve_by <= as_of.date()):
            reason = "" if item.outcome else _decided(item, bench, context).reason
            row = {"id": item.id, "thesis": item.thesis, "name": item.draft.name, "probability": item.draft.probability}
            rows.append({**row, "outcome": item.outcome or "open", "reason": reason})
    return rows


def _decided(item: Registered, bench: Workbench, context: Context) -> Decision:
    """The outcome with its evidence, or why it stays open."""
    thesis = context.book.get(item.thesis, bench.as_of).thesis
    return decide(item.draft.rule, item.draft.resolve_by, context.market.series(), partial(bench.evaluate, thesis=thesis))


def _sentence(brief: dict[str, Any], documents: int, series: int) -> str:
    parts = [counted(documents, "new document"), counted(len(brief["new_records"]), "new passage"), f"{series} series with new values"]
    if brief["skipped"]:
        parts.append(f"{counted(len(brief['skipped']), 'file or series', 'files or series')} left out, with the reason in the report")
    done = [row for row in brief["resolved"] if row["outcome"] != "open"]
    if done:
        parts.append(f"{counted(len(done), 'forecast')} resolved ({', '.join(row['name'] + ' ' + row['outcome'] for row in done)})")
    touched = counted(len(brief["theses"]), "thesis is", "theses are")
    told = f"Since the last run: {', '.join(parts)}; {touched} touched."
    asked = [f"({number}) {item['text']}" for number, item in enumerate(brief["questions"][:ASKED], 1)]
    return told + (f" What contradicts: {' '.join(asked)}" if asked else "")
