"""What an agent has in front of it for one turn: the desk as known at the run's as-of."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agents.picture import Painter
from agents.sandbox import Sandbox, Snapshots
from memory.book import Book, Entry
from memory.forecasts import Forecasts
from memory.gists import add_gists
from memory.market import Market
from memory.measures import DocumentFacts
from memory.recall import Recall
from memory.records import Draft, Kind, Record, Trust
from memory.rules import DerivedReader, Evaluation, evaluate, parse
from memory.rules.evaluate import check
from memory.store import Store
from memory.thesis import Evidence, Thesis


@dataclass(frozen=True)
class Workbench:
    """The desk's parts, the as-of that bounds every read, and the run that everything written belongs to."""

    store: Store
    book: Book
    recall: Recall
    market: Market
    forecasts: Forecasts
    as_of: datetime
    run_id: str = ""
    seed: int = 0
    painter: Painter | None = None
    sandbox: Sandbox | None = None
    snapshots: Snapshots | None = None
    _derived: list[DerivedReader] = field(default_factory=list)

    @property
    def reader(self) -> DerivedReader:
        """Series, derived ones included."""
        if not self._derived:
            self._derived.append(DerivedReader(self.market))
        return self._derived[0]

    def theses(self, slugs: Sequence[str] = ()) -> list[Entry]:
        """Theses of the book at the as-of, of ``slugs`` or all."""
        return [entry for entry in self.book.theses(self.as_of) if not slugs or entry.thesis.slug in slugs]

    def facts(self, thesis: Thesis) -> DocumentFacts:
        """The thesis's measures, read from documents."""
        return DocumentFacts(self.recall, thesis.measures)

    def evaluate(self, text: str, thesis: Thesis | None = None) -> Evaluation:
        """A rule at the as-of.

        Raises:
            RuleError: it does not parse or names what is not there.
        """
        rule = parse(text)
        check(rule, self.market.series())
        return evaluate(rule, self.reader, self.as_of, self.facts(thesis) if thesis else None)

    def figure(self, key: str, body: str, data: Mapping[str, Any], *, uri: str, locator: str = "", thesis: str = "") -> Evidence:
        """Store a computed value as a record, once per run and key, and cite it."""
        record = self.store.remember(
            Draft(
                kind=Kind.FIGURE,
                body=body,
                title=key,
                data=dict(data),
                source_uri=uri,
                locator=locator,
                run_id=self.run_id,
                thesis_slugs=(thesis,) if thesis else (),
                trust=Trust.AGENT,
                known_from=self.as_of,
                idempotency_key=f"{self.run_id}:figure:{key}:{hashlib.sha256(body.encode()).hexdigest()[:12]}",
            )
        )
        return Evidence(record=record.id, quote=body, source_uri=uri, locator=locator)

    def add_gists(self, lines: Mapping[str, tuple[str, str]]) -> None:
        """Give records one line in English and in Chinese, by record id."""
        add_gists(self.store.database, lines)

    def cite(self, record: Record, quote: str) -> Evidence:
        """A quote of a record."""
        return Evidence(record=record.id, quote=quote, source_uri=record.source_uri, locator=record.locator)
