"""What is left of a run in memory: for each thesis one note that says where it stands, and what contradicts what."""

from collections.abc import Sequence
from datetime import datetime

from memory.book import Entry
from memory.errors import ConflictError
from memory.life import contradictions, expire
from memory.records import DESK, Draft, Kind, Record, Relation, Trust
from memory.store import body_hash
from orchestrator.brief import brief_of
from orchestrator.context import Context

TITLE = "where it stands"
COMPARED = 60
"""Notes, and passages, of a run that are held against what was said before: the newest."""


def close_run(context: Context, run_id: str, fence: int, as_of: datetime, slugs: Sequence[str]) -> None:
    """End what is past its date, link what contradicts, write where the run's theses stand; done twice it changes nothing."""
    expire(context.database, context.store, as_of.date())
    dispute(context, run_id, as_of)
    if slugs:
        consolidate(context, run_id, as_of, slugs, fence)


def dispute(context: Context, run_id: str, as_of: datetime) -> None:
    """Link the run's new passages and notes to what they contradict; the next brief asks which holds."""
    for record in _said_anew(context, run_id):
        for item in contradictions(context.recall, record, as_of):
            if item.record != record.id:
                # One link a pair, whichever of the two was looked at first.
                one, two = sorted((record.id, item.record), reverse=True)
                context.store.link(one, Relation.CONTRADICTS, two)


def _said_anew(context: Context, run_id: str) -> list[Record]:
    found = [record for record in context.store.find(run_id=run_id, kinds=[Kind.FINDING]) if record.data.get("kind") == "passage"]
    brief = brief_of(context.store, run_id)
    new = context.store.many(brief.data["new_records"]).values() if brief else ()
    return [*[record for record in new if record.kind is Kind.NOTE][-COMPARED:], *found[-COMPARED:]]


def consolidate(context: Context, run_id: str, as_of: datetime, slugs: Sequence[str] = (), fence: int | None = None) -> list[str]:
    """Write the gists that changed, each as the next version of the one before; returns the new ids.

    With a ``fence`` only the process that holds the run writes them.
    """
    written: list[str] = []
    for entry in context.book.theses(as_of):
        if slugs and entry.thesis.slug not in slugs:
            continue
        body, place = gist(context, entry), f"thesis://{entry.thesis.slug}"
        before = [record for record in context.store.find(kinds=[Kind.NOTE], source_uri=place) if record.author == DESK]
        if before and before[-1].body == body:
            continue
        last = before[-1].id if before else ""
        draft = Draft(
            kind=Kind.NOTE, title=f"{entry.thesis.title}: {TITLE}", body=body, author=DESK, author_role="architect", run_id=run_id,
            source_uri=place, thesis_slugs=(entry.thesis.slug,), trust=Trust.AGENT, known_from=as_of,
            idempotency_key=f"{run_id}:gist:{entry.thesis.slug}:{body_hash(last + body)[:24]}",
        )  # fmt: skip
        linked = [(Relation.DERIVED_FROM, item.record) for item in entry.revision.evidence]
        try:
            with context.database.writing() as connection:
                if fence is not None:
                    context.journal.hold(connection, run_id, fence)
                record = context.store.write(connection, draft, supersedes=last, linked=list(dict.fromkeys(linked)))
        except ConflictError:
            continue  # another run wrote a newer gist meanwhile
        written.append(record.id)
    return written


def gist(context: Context, entry: Entry) -> str:
    """A thesis in a few lines: what is held, why it last changed, what would show it wrong, what is open."""
    thesis, revision = entry.thesis, entry.revision
    asked = [item.question for item in context.journal.approvals(status="pending", thesis=thesis.slug)]
    open_ = [*(f"a person has to decide: {text}" for text in asked), *(f"missing: {text}" for text in thesis.requests)]
    lines = [
        f"{thesis.claim} {thesis.stance.value}, conviction {thesis.conviction:.2f}, {thesis.status.value}, revision {revision.n}.",
        f"Last change by {revision.author}: {revision.rationale}",
        "It falls if: " + "; ".join(f"{item.name} ({item.rule})" for item in thesis.falsifiers) if thesis.falsifiers else "",
        "Open: " + "; ".join(open_) if open_ else "",
    ]
    return "\n".join(line for line in lines if line)
