"""The recall set as records and questions: see README.md."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

from memory.records import Draft, Kind, Trust
from memory.store import Store

HERE = Path(__file__).parent
GROUPS = ("plain-en", "plain-zh", "paraphrase", "filing", "table", "time", "chat", "cross", "trad", "hop")
BEFORE = datetime(2026, 1, 15, 12, tzinfo=UTC)


class Question(NamedTuple):
    """A question, other wordings of it, and quotes of every passage that its answer needs."""

    id: str
    group: str
    query: str
    variants: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def split(self) -> str:
        """Weights are chosen on ``dev`` alone; every second question of each group is ``test``."""
        return "dev" if int(self.id.rpartition("-")[2]) % 2 else "test"


def questions() -> list[Question]:
    """Every question."""
    found: list[Question] = []
    counts: dict[str, int] = {}
    for item in json.loads((HERE / "queries.json").read_text(encoding="utf-8")):
        group = "paraphrase" if item["group"] == "paraphrase" else f"plain-{item['lang']}"
        counts[group] = counts.get(group, 0) + 1
        found.append(Question(f"{group}-{counts[group]}", group, item["query"], (), (item["quote"],)))
    for line in _lines("questions.txt"):
        group, query, variants, answers = (part.strip() for part in line.split("|"))
        counts[group] = counts.get(group, 0) + 1
        found.append(Question(f"{group}-{counts[group]}", group, query, _several(variants), _several(answers)))
    return found


def drafts() -> list[Draft]:
    """Every passage but those of the reports as a record, in the order in which a desk would have met them."""
    return [*_documents(), *_filings(), *_tables(), *_notes(), *_dated(), *_chats()]


def reports() -> list[tuple[Draft, list[Draft]]]:
    """Annual reports as ingestion stores them: each its document and the passages of its pages, company and year in the metadata."""
    found: list[tuple[Draft, list[Draft]]] = []
    for title, line, number in _sections("reports.txt"):
        company, symbol, year = (part.strip() for part in title.split("|"))
        page, body = (part.strip() for part in line.split("|", 1))
        if number == 1:
            known = datetime(2026, 2, 20, 12, tzinfo=UTC) if year == "2025" else datetime(int(year) + 1, 2, 20, 12, tzinfo=UTC)
            name = f"{company} ({symbol}) annual report {year}"
            document = Draft(
                kind=Kind.DOCUMENT, title=name, body=name, source_uri=f"{symbol}-{year}.pdf", trust=Trust.OUTSIDE, known_from=known,
                period=year, entities=(company, symbol),
            )  # fmt: skip
            found.append((document, []))
        document, passages = found[-1]
        passages.append(document.model_copy(update={"kind": Kind.CHUNK, "body": body, "locator": page}))
    return found


def passages() -> list[Draft]:
    """Every passage of the set, those of the reports too."""
    return [*drafts(), *(passage for _, pages in reports() for passage in pages)]


def fill(store: Store) -> None:
    """Store the set as the desk would have: reports as documents with their passages, the rest record by record."""
    for document, pages in reports():
        store.remember_document(document, pages)
    store.remember_many(drafts())


def score(texts: Sequence[str], answers: Sequence[str]) -> tuple[float, float, float]:
    """(share found in 5, share found in 10, reciprocal rank of the first) of one question."""
    ranks = [next((n for n, text in enumerate(texts, 1) if answer in text), 99) for answer in answers]
    return sum(r <= 5 for r in ranks) / len(ranks), sum(r <= 10 for r in ranks) / len(ranks), 1 / min(ranks) if min(ranks) <= 10 else 0.0


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";;") if part.strip())


def _lines(name: str) -> list[str]:
    return [line for line in (HERE / "desk" / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def _chunk(title: str, body: str, uri: str, number: int, known: datetime = BEFORE, **more: Any) -> Draft:
    return Draft(
        kind=Kind.CHUNK, title=title, body=body, source_uri=uri, parent_id=uri, locator=f"paragraph {number}",
        trust=Trust.OUTSIDE, known_from=known, **more,
    )  # fmt: skip


def _documents() -> Iterator[Draft]:
    for path in sorted((HERE / "documents").glob("*.md")):
        for number, paragraph in enumerate(path.read_text(encoding="utf-8").split("\n\n")[1:], 1):
            yield _chunk(path.stem, paragraph.strip(), path.name, number)


def _sections(name: str) -> Iterator[tuple[str, str, int]]:
    title, number = "", 0
    for line in _lines(name):
        if line.startswith("# "):
            title, number = line[2:], 0
        else:
            number += 1
            yield title, line, number


def _filings() -> Iterator[Draft]:
    for title, body, number in _sections("filings.txt"):
        name, year = (part.strip() for part in title.split("|"))
        company = name.partition(",")[0]
        known = datetime(int(year) + 1, 2, 20, 12, tzinfo=UTC) if int(year) < 2025 else datetime(2026, 2, 20, 12, tzinfo=UTC)
        yield _chunk(f"{name} {year}", body, f"{company}-{year}", number, known, period=year, entities=(company,))


def _tables() -> Iterator[Draft]:
    for number, table in enumerate((HERE / "desk" / "tables.txt").read_text(encoding="utf-8").split("---\n"), 1):
        lines = table.strip().splitlines()
        caption = lines[0].split("|")[0].strip()
        yield _chunk(caption, table.strip(), f"table-{number}", 1)


def _notes() -> Iterator[Draft]:
    for title, body, number in _sections("notes.txt"):
        yield _chunk(title, body, f"notes/{title}", number)


def _dated() -> Iterator[Draft]:
    for title, line, _ in _sections("dated.txt"):
        day, body = line.split(" ", 1)
        known = datetime.combine(datetime.fromisoformat(day).date(), time(12), tzinfo=UTC)
        yield _chunk(title, body, f"{title}-{day}", 1, known, valid_from=known.date())


def _chats() -> Iterator[Draft]:
    for title, line, _ in _sections("chats.txt"):
        stamp, rest = line.split(" ", 1)
        author, body = rest.split(": ", 1)
        yield Draft(
            kind=Kind.MESSAGE, body=body, author=author, thread_id=title, run_id=title, trust=Trust.PERSON,
            known_from=datetime.fromisoformat(stamp).replace(tzinfo=UTC),
        )  # fmt: skip
