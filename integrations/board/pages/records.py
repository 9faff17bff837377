"""Memory: search it, and open a record at the place that was quoted."""

from starlette.responses import Response

from integrations.board.visit import Visit, render
from memory.errors import InputError
from memory.records import Kind

HITS = 20
SHOWN = 600
WINDOW = 12_000
"""Characters of a body that are shown around a quote: a page stays small however long the document is."""


def search(visit: Visit) -> Response:
    """The records that answer a question best, or what there is to search."""
    question = visit.query.get("q", "").strip()[:400]
    kind = visit.query.get("kind", "")
    if kind and kind not in set(Kind):
        raise InputError(visit.say("no_such_kind", kind=kind[:40]))
    as_of = visit.as_of
    hits = visit.board.recall.search(question, HITS, kinds=[Kind(kind)] if kind else (), as_of=as_of).hits if question else []
    return render(
        visit, "memory.html.j2", q=question, kind=kind, kinds=[item.value for item in Kind if item is not Kind.DOCUMENT], hits=hits,
        shown=SHOWN, as_of=visit.query.get("as_of", ""),
    )  # fmt: skip


def one(visit: Visit) -> Response:
    """A record, with the quoted words marked."""
    store = visit.board.desk.store
    record = store.get(visit.params["record_id"])
    quote = visit.query.get("quote", "")
    parent = store.get(record.parent_id) if record.parent_id else None
    versions = store.versions(record.entity_id) if record.version > 1 or record.superseded_by else [record]
    before, marked, after = split(record.body, quote)
    return render(
        visit, "record.html.j2", record=record, parent=parent, before=before, marked=marked, after=after, versions=versions[-20:],
        quote=quote, missing=bool(quote) and not marked,
    )  # fmt: skip


def split(body: str, quote: str) -> tuple[str, str, str]:
    """A body around a quote, each side cut to the window; without the quote, its beginning."""
    at = body.find(quote) if quote else -1
    if at < 0:
        return "", "", body[:WINDOW] + ("…" if len(body) > WINDOW else "")
    end = at + len(quote)
    before, after = body[max(0, at - WINDOW // 2) : at], body[end : end + WINDOW // 2]
    return ("…" if at > WINDOW // 2 else "") + before, quote, after + ("…" if end + WINDOW // 2 < len(body) else "")
