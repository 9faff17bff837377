"""Documents into memory: read once, cut into passages, never read twice."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from memory.errors import UnreadableError
from memory.ingest import Chunk, Document, chunk, expand, read_document
from memory.records import Draft, Kind, Status, Trust
from memory.store import Store

_CONTEXT = 240
"""Characters of a table's caption and header that a later part of it is found by."""


class Skipped(BaseModel):
    """A file, or a part of one, that was not taken in, and why."""

    model_config = ConfigDict(frozen=True)

    path: str
    reason: str


class IntakeReport(BaseModel):
    """What one ingestion did."""

    model_config = ConfigDict(frozen=True)

    documents: int = 0
    records: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = Field(default_factory=list)
    warnings: list[Skipped] = Field(default_factory=list)
    added: list[str] = Field(default_factory=list, description="ids of the new document records")

    def __add__(self, other: "IntakeReport") -> "IntakeReport":
        return IntakeReport(**{name: getattr(self, name) + getattr(other, name) for name in IntakeReport.model_fields})


class Intake:
    """Takes files into the store. ``root`` is the desk: sources inside it are named relative to it."""

    def __init__(self, store: Store, root: Path) -> None:
        self._store = store
        self._root = root.resolve()

    def add(self, paths: Iterable[Path], author: str = "", progress: Callable[[Path], None] | None = None) -> IntakeReport:
        """Read every file; a broken one is reported and the rest goes on."""
        report = IntakeReport()
        for path in expand(paths):
            if progress:
                progress(path)
            try:
                report += self._one(path, author)
            except UnreadableError as error:
                report += IntakeReport(skipped=[Skipped(path=str(path), reason=str(error))])
        return report

    def _one(self, path: Path, author: str) -> IntakeReport:
        document = read_document(path)
        uri = self._uri(path)
        if any(found.source_uri == uri for found in self._store.find(content_hash=document.content_hash, live=True)):
            return IntakeReport(unchanged=1)
        versions = self._store.find(source_uri=uri, kinds=[Kind.DOCUMENT], live=False)
        known = datetime.combine(document.authored, time(12), tzinfo=UTC) if document.authored else None
        parent = Draft(
            kind=Kind.DOCUMENT,
            title=document.title,
            body=document.text,
            author=author or document.meta.get("author", ""),
            trust=Trust.PERSON if author else Trust.OUTSIDE,
            source_uri=uri,
            content_hash=document.content_hash,
            known_from=known,
            valid_from=document.authored,
            period=document.meta.get("period", ""),
            entities=tuple(filter(None, (document.meta.get("company", ""), document.meta.get("symbol", "")))),
            data={"warnings": list(document.warnings)},
            # The number of versions before it: a file that returns to an earlier text is a version of its own.
            idempotency_key=f"document:{uri}:{len(versions)}:{document.content_hash}",
        )
        passages = [self._draft(parent, document, piece, number) for number, piece in enumerate(_passages(document))]
        replaced = [old.id for old in versions if old.status is Status.LIVE]
        stored = self._store.remember_document(parent, passages, replaced)
        return IntakeReport(
            documents=1,
            records=1 + len(passages),
            added=[stored.id],
            warnings=[Skipped(path=uri, reason=warning) for warning in document.warnings],
        )

    def _draft(self, parent: Draft, document: Document, piece: Chunk, number: int) -> Draft:
        return parent.model_copy(
            update={
                "kind": Kind.CHUNK,
                "title": _title(document, piece),
                "body": piece.text,
                "locator": piece.locator,
                "span_start": piece.start,
                "span_end": piece.end,
                "content_hash": "",
                "lang": "",
                "data": {},
                "idempotency_key": f"{parent.idempotency_key}:{number}",
            }
        )

    def _uri(self, path: Path) -> str:
        resolved = path.resolve()
        if resolved.is_relative_to(self._root):
            return resolved.relative_to(self._root).as_posix()
        return resolved.as_uri()


def _passages(document: Document) -> list[Chunk]:
    """The document's passages; its front matter is about the file and answers no question."""
    return [piece for piece in chunk(document) if piece.locator != "front matter"]


def _title(document: Document, piece: Chunk) -> str:
    """Where a passage stands: its document, its headings, and for a later part of a table the caption and header above it."""
    heading = piece.heading if document.title in piece.heading else " > ".join(filter(None, (document.title, piece.heading)))
    return f"{heading} > {' '.join(piece.context.split())[:_CONTEXT]}" if piece.context else heading


def all_reasons(skipped: Sequence[Skipped]) -> list[str]:
    """One line a file."""
    return [f"{item.path}: {item.reason}" for item in skipped]
