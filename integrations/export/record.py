"""The signed record: every revision with its hash, and one hash over the heads, which anybody can compute again."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from memory.thesis import chain_hash

if TYPE_CHECKING:
    from integrations.desk import Desk


def signed_record(desk: "Desk", as_of: datetime | None = None) -> dict[str, Any]:
    """The book with its whole history (up to ``as_of``); ``docs/verify_record.py`` checks it without Stoa."""
    theses: list[dict[str, Any]] = []
    heads = ""
    for entry in desk.book.theses(as_of):
        history = [item for item in desk.book.history(entry.thesis.slug) if item.revision.n <= entry.revision.n]
        revisions = [item.revision.model_dump(mode="json") for item in history]
        theses.append({"thesis": entry.thesis.model_dump(mode="json"), "revisions": revisions})
        heads += f"{entry.thesis.slug}:{entry.revision.hash}\n"
    return {"head": chain_hash("", heads), "theses": theses}
