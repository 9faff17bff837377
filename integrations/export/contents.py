"""What an export of the book holds, whatever form it takes."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from integrations.track_record import Record, track_record
from memory.book import Entry
from memory.forecasts import Registered
from memory.thesis import chain_hash

if TYPE_CHECKING:
    from integrations.desk import Desk

REVISIONS = 6
QUOTES = 8


class Chapter(NamedTuple):
    """One thesis: as it stands, its last revisions (newest first), and its forecasts."""

    entry: Entry
    history: list[Entry]
    forecasts: list[Registered]


class Contents(NamedTuple):
    """The book at an instant."""

    desk: str
    as_of: datetime
    head: str
    revisions: int
    chapters: list[Chapter]
    record: Record


def contents(desk: "Desk", as_of: datetime) -> Contents:
    """The book as it stood at ``as_of``; theses that are challenged first, then by name."""
    entries = desk.book.theses(as_of)
    forecasts = desk.forecasts.all(as_of)
    chapters = []
    for entry in sorted(entries, key=lambda item: (item.thesis.status != "challenged", item.thesis.slug)):
        slug = entry.thesis.slug
        history = [item for item in desk.book.history(slug) if item.revision.n <= entry.revision.n]
        chapters.append(Chapter(entry, history[::-1], [item for item in forecasts if item.thesis == slug]))
    head = chain_hash("", "".join(f"{entry.thesis.slug}:{entry.revision.hash}\n" for entry in entries))
    return Contents(
        desk.settings.desk.name, as_of, head, sum(entry.revision.n for entry in entries), chapters,
        track_record(forecasts, as_of, desk.settings.desk.seed),
    )  # fmt: skip


def score_sentence(record: Record) -> str:
    """The track record in a line that does not flatter."""
    whole = record.whole
    counted = f"{whole.n} forecasts resolved, {whole.open} open ({whole.overdue} overdue), {whole.ambiguous} ambiguous"
    if record.too_few or whole.brier is None:
        return f"{counted}: too few to say."
    return f"{counted}; worth {record.effective_n:.1f} independent ones. Brier {whole.brier:.3f}."


def quotes(chapter: Chapter) -> list[tuple[str, str]]:
    """(stance and place, quote) of the newest evidence, each quote once."""
    found: dict[str, str] = {}
    for entry in chapter.history[:REVISIONS]:
        for item in entry.revision.evidence:
            found.setdefault(item.quote, f"{item.stance}, {item.source_uri} {item.locator}".strip())
    return [(place, quote) for quote, place in found.items()][:QUOTES]
