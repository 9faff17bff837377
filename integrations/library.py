"""The desk's folder as the orchestrator's library: sources, theses and data, taken in when they are new."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from integrations.thesis_files import check_rules, effective, parse_thesis, thesis_paths
from memory.book import Book
from memory.clock import Clock
from memory.errors import InputError, NotFoundError, StoaError
from memory.forecasts import Forecasts
from memory.intake import Intake, IntakeReport, Skipped
from memory.market import Market, Refreshed
from memory.records import Draft, Kind, Record, Status, Trust
from memory.store import Store
from memory.thesis import Approval, Proposal, Thesis

_OWN = frozenset({"applied"})
"""Fields that the desk keeps and no file sets."""


class FolderLibrary:
    """Reads ``sources/``, ``theses/`` and ``data/`` of a desk."""

    def __init__(self, folder: Path, store: Store, book: Book, market: Market, forecasts: Forecasts, clock: Clock) -> None:
        self._folder = folder
        self._store = store
        self._book = book
        self._market = market
        self._forecasts = forecasts
        self._clock = clock

    def refresh(self, progress: Callable[[str], None]) -> tuple[IntakeReport, Refreshed]:
        """Data first, because rules are held against the series; then theses, then documents."""
        data = self._market.refresh(self._clock())
        _, skipped = self.import_theses(thesis_paths(self._folder / "theses"))
        report = IntakeReport(skipped=[item.model_copy(update={"path": f"theses/{item.path}"}) for item in skipped])
        sources = self._folder / "sources"
        if sources.is_dir():
            intake = Intake(self._store, self._folder)
            report += intake.add([sources], progress=lambda path: progress(f"reading {path.name}"))
        return report.model_copy(update={"skipped": [self._placed(item) for item in report.skipped]}), data

    def _placed(self, item: Skipped) -> Skipped:
        """Named from the desk's folder, and named once: what reads it puts the path before the reason."""
        path, name = Path(item.path), Path(item.path).name
        reason = item.reason.removeprefix(f"{name}: ")
        reason = f"it{reason.removeprefix(name)}" if reason.startswith(f"{name} ") else reason
        shown = path.relative_to(self._folder) if path.is_relative_to(self._folder) else path
        return Skipped(path=shown.as_posix(), reason=reason)

    def import_theses(self, paths: list[Path]) -> tuple[list[str], list[Skipped]]:
        """Bring new and changed thesis files into the book; a wrong one is named and the rest goes on."""
        imported, skipped = [], []
        for path in paths:
            try:
                slug = self.import_thesis(path)
            except StoaError as error:
                skipped.append(Skipped(path=path.name, reason=str(error)))
                continue
            if slug:
                imported.append(slug)
        return imported, skipped

    def import_thesis(self, path: Path) -> str | None:
        """One file: a new thesis, or what a person changed in it since it was last read. None when nothing did.

        Raises:
            InputError: the file is wrong; the book is as it was.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path.name} cannot be read as UTF-8 text: save it again") from error
        digest = hashlib.sha256(text.encode()).hexdigest()
        uri = f"theses/{path.name}"
        before = self._store.find(source_uri=uri, kinds=[Kind.DOCUMENT])
        if before and before[-1].content_hash == digest:
            return None
        thesis = parse_thesis(text, path.name)
        check_rules(thesis, self._market.series())
        changed = self._commit(thesis, before, digest)
        self._register(thesis)
        self._keep(thesis, text, digest, uri, before)
        return thesis.slug if changed else None

    def _commit(self, thesis: Thesis, before: list[Record], digest: str) -> bool:
        at = effective(thesis, self._clock())
        try:
            head = self._book.get(thesis.slug)
        except NotFoundError:
            patch: dict[str, Any] = thesis.model_dump(mode="json", exclude=set(_OWN), exclude_unset=True)
            against, rationale = "", f"{thesis.title} enters the book."
        else:
            # Whole states are compared: what the file leaves out is its default, so that a part taken out of it goes.
            last = _state(parse_thesis(before[-1].body, "") if before else head.thesis)
            patch = {name: value for name, value in _state(thesis).items() if last[name] != value}
            against, rationale = head.revision.hash, f"A person changed {', '.join(sorted(patch))} in the thesis file."
            at = max(self._clock(), head.effective_at)
        if not patch:
            return False
        # The key counts the versions kept: a process that is cut off before it keeps this one finds its revision again.
        proposal = Proposal(
            thesis=thesis.slug, against=against, author="person", patch=patch, rationale=rationale,
            idempotency_key=f"{thesis.slug}:file:{len(before)}:{digest[:24]}",
        )  # fmt: skip
        self._book.commit(proposal, Approval(by="person", at=self._clock(), mode="person"), at)
        return True

    def _register(self, thesis: Thesis) -> None:
        at = effective(thesis, self._clock())
        for draft in thesis.forecasts:
            self._forecasts.register(thesis.slug, draft, at)

    def _keep(self, thesis: Thesis, text: str, digest: str, uri: str, before: list[Record]) -> None:
        """The file itself is a document of the desk: what a person wrote, version by version."""
        new = self._store.remember(
            Draft(
                kind=Kind.DOCUMENT,
                title=thesis.title,
                body=text,
                author="person",
                trust=Trust.PERSON,
                source_uri=uri,
                content_hash=digest,
                thesis_slugs=(thesis.slug,),
                known_from=effective(thesis, self._clock()),
                idempotency_key=f"thesis-file:{uri}:{len(before)}:{digest}",
            )
        )
        for old in before:
            if old.id != new.id:
                self._store.end(old.id, Status.SUPERSEDED, f"the file was changed: {new.id}")


def _state(thesis: Thesis) -> dict[str, Any]:
    return thesis.model_dump(mode="json", exclude=set(_OWN))
