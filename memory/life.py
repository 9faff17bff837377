"""The life of a record after it is written: it expires, it is retracted with a reason, or it turns out to be said already.

Nothing is deleted. A contradiction is never settled here: it is put to the agents as a question, run after run, until a person or an
agent has replaced or retracted one of the two.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select

from memory.database import Database
from memory.errors import ConflictError
from memory.facts import Fact, extract_facts
from memory.ranking import ALIKE
from memory.recall import Recall
from memory.records import DESK, Draft, Hit, Kind, Record, Relation, Status
from memory.store import Store
from memory.tables import links, records
from memory.text import tokens

SAID = (Kind.NOTE, Kind.FINDING)
"""What somebody said, as against what a document holds."""
SHOWN = 160
"""Characters of a record that a question quotes."""


class Contradiction(NamedTuple):
    """A live record that cannot hold together with a new statement, and the question this raises."""

    record: str
    question: str


class Noted(NamedTuple):
    """A note that was kept, or the one that says it already; what it contradicts, as questions."""

    record: Record
    repeats: bool = False
    questions: tuple[str, ...] = ()


class Dispute(NamedTuple):
    """Two live records that cannot both hold, since when this is known, and the question."""

    records: tuple[str, str]
    theses: tuple[str, ...]
    since: datetime
    question: str


def expire(database: Database, store: Store, today: date) -> list[str]:
    """End the live records whose ``valid_to`` has passed; returns their ids, without those that another process ended meanwhile."""
    query = select(records.c.id, records.c.valid_to).where(records.c.status == Status.LIVE.value, records.c.valid_to < today.isoformat())
    with database.reading() as connection:
        over = [(str(row.id), str(row.valid_to)) for row in connection.execute(query.order_by(records.c.seq))]
    ended = []
    for name, last in over:
        try:
            store.end(name, Status.EXPIRED, f"it was valid to {last}")
        except ConflictError:
            continue
        ended.append(name)
    return ended


def repeats(recall: Recall, draft: Draft, kinds: Sequence[Kind] = SAID, as_of: datetime | None = None) -> Hit | None:
    """The live note or finding, or record of other ``kinds``, that says the same already: nearly all words shared, and every number.

    A repetition that bears on another thesis is no repetition.
    """
    words = frozenset(tokens(draft.body))
    if len(words) < 3:
        return None
    for hit in recall.search(draft.body, 5, kinds=kinds, as_of=as_of, without=DESK).hits:
        other = frozenset(tokens(hit.text))
        numbers = {word for word in words ^ other if any(letter.isdigit() for letter in word)}
        if not numbers and len(words & other) / len(words | other) >= ALIKE and set(draft.thesis_slugs) <= set(hit.thesis_slugs):
            return hit
    return None


def contradictions(recall: Recall, draft: Draft, as_of: datetime | None = None) -> list[Contradiction]:
    """Live notes and findings that say the same as a draft but with another number, of the same unit.

    Both stay as they are. What was known at another time is a change, not a contradiction, when either names its date.
    """
    own, words = _numbers(draft.body), _words(draft.body)
    found = []
    for hit in recall.search(draft.body, 8, kinds=SAID, as_of=as_of, without=DESK).hits:
        other = _numbers(hit.text)
        if not own or not other or len(words & _words(hit.text)) / (len(words | _words(hit.text)) or 1) < 0.6:
            continue
        pairs = [(a, b) for a in own for b in other if a.unit == b.unit and a.values != b.values]
        if pairs and len(own) == len(other) == 1:
            one, two = pairs[0]
            found.append(Contradiction(hit.id, f"{hit.id} says {two.text}, this says {one.text}: which holds, and on which source?"))
    return found


def keep_note(store: Store, recall: Recall, draft: Draft, supersedes: str = "", as_of: datetime | None = None) -> Noted:
    """Keep a note, unless somebody said the same; what it contradicts is linked to it, and asked about in the next brief."""
    if not supersedes and (said := repeats(recall, draft, as_of=as_of)):
        return Noted(store.get(said.id), repeats=True)
    found = [item for item in contradictions(recall, draft, as_of) if item.record != supersedes]
    record = store.remember(draft, supersedes=supersedes, linked=[(Relation.CONTRADICTS, item.record) for item in found])
    return Noted(record, questions=tuple(item.question for item in found))


def disputes(store: Store, as_of: datetime) -> list[Dispute]:
    """What contradicts what among the records that are live now and were known at ``as_of``, oldest first; each pair of texts once."""
    query = select(links.c.source, links.c.target, links.c.recorded_at).where(links.c.relation == Relation.CONTRADICTS.value)
    with store.database.reading() as connection:
        pairs = [(str(a), str(b), since) for a, b, since in connection.execute(query.order_by(links.c.recorded_at, links.c.source))]
    found = _standing(store, [name for a, b, _ in pairs for name in (a, b)], as_of)
    asked: dict[frozenset[str], Dispute] = {}
    for one, two, since in pairs:
        if one in found and two in found:
            texts = frozenset(_plain(found[name]).casefold() for name in (one, two))
            asked.setdefault(texts, _dispute(found[one], found[two], since))
    return list(asked.values())


def _standing(store: Store, names: Sequence[str], as_of: datetime) -> dict[str, Record]:
    """Those of the records that still count: they are live, and so is what they quote."""
    there = store.many(names)
    quoted = {name: record.data["citations"][0]["record"] for name, record in there.items() if record.data.get("citations")}
    sources = store.many(list(quoted.values()))
    return {
        name: record for name, record in there.items()
        if record.known_at <= as_of and record.status is Status.LIVE
        and (name not in quoted or (quoted[name] in sources and sources[quoted[name]].status is Status.LIVE))
    }  # fmt: skip


def _plain(record: Record) -> str:
    return " ".join(record.body.split()).strip("“”")


def _dispute(one: Record, two: Record, since: datetime) -> Dispute:
    shown = [text if len(text) <= SHOWN else text[:SHOWN] + "…" for text in (_plain(two), _plain(one))]
    theses = tuple(dict.fromkeys([*one.thesis_slugs, *two.thesis_slugs]))
    return Dispute((one.id, two.id), theses, since, f"“{shown[0]}” against “{shown[1]}”: which holds, and on which source?")


def _numbers(text: str) -> Sequence[Fact]:
    facts = extract_facts(text)
    return [] if any(fact.kind == "date" for fact in facts) else facts


def _words(text: str) -> frozenset[str]:
    return frozenset(token for token in tokens(text) if not any(letter.isdigit() for letter in token))


def stats(database: Database) -> dict[str, dict[str, int]]:
    """How many records there are by kind, by status and by language."""
    counted: dict[str, dict[str, int]] = {}
    with database.reading() as connection:
        for name in ("kind", "status", "lang"):
            column = records.c[name]
            query = select(column, func.count()).group_by(column).order_by(column)
            counted[name] = {str(value): int(number) for value, number in connection.execute(query)}
    return counted
