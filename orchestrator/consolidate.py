"""What is left of a run in memory: for each thesis one note that says where it stands and what is still open."""

from collections.abc import Sequence
from datetime import datetime

from memory.book import Entry
from memory.errors import ConflictError
from memory.records import Draft, Kind, Relation, Trust
from orchestrator.context import Context

TITLE = "where it stands"


def consolidate(context: Context, run_id: str, as_of: datetime, slugs: Sequence[str] = ()) -> list[str]:
    """Write the gists that changed, each as the next version of the one before; returns the new ids."""
    written: list[str] = []
    for entry in context.book.theses(as_of):
        if slugs and entry.thesis.slug not in slugs:
            continue
        body = gist(context, entry)
        before = [r for r in context.store.find(kinds=[Kind.NOTE], thesis=entry.thesis.slug) if r.title == _title(entry)]
        if before and before[-1].body == body:
            continue
        draft = Draft(
            kind=Kind.NOTE, title=_title(entry), body=body, author="desk", author_role="architect", run_id=run_id,
            thesis_slugs=(entry.thesis.slug,), trust=Trust.AGENT, known_from=as_of,
            idempotency_key=f"{run_id}:gist:{entry.thesis.slug}:{entry.revision.hash[:16]}",
        )  # fmt: skip
        linked = [(Relation.DERIVED_FROM, item.record) for item in entry.revision.evidence]
        try:
            record = context.store.remember(draft, supersedes=before[-1].id if before else "", linked=list(dict.fromkeys(linked)))
        except ConflictError:
            continue  # another run wrote a newer gist meanwhile
        written.append(record.id)
    return written


def _title(entry: Entry) -> str:
    return f"{entry.thesis.title}: {TITLE}"


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
