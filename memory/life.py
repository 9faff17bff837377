"""The life of a record after it is written: it expires, it is retracted with a reason, or it turns out to be said already.

Nothing is deleted. A contradiction is never settled here: it is put to the agents as a question.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select

from memory.database import Database
from memory.facts import Fact, extract_facts
from memory.ranking import ALIKE
from memory.recall import Recall
from memory.records import Draft, Hit, Kind, Status
from memory.store import Store
from memory.tables import records
from memory.text import tokens


class Contradiction(NamedTuple):
    """A live record that cannot hold together with a new statement, and the question this raises."""

    record: str
    question: str


def expire(database: Database, store: Store, today: date) -> list[str]:
    """End the live records whose ``valid_to`` has passed; returns their ids."""
    query = select(records.c.id, records.c.valid_to).where(records.c.status == Status.LIVE.value, records.c.valid_to < today.isoformat())
    with database.reading() as connection:
        over = [(str(row.id), str(row.valid_to)) for row in connection.execute(query.order_by(records.c.seq))]
    for name, last in over:
        store.end(name, Status.EXPIRED, f"it was valid to {last}")
    return [name for name, _ in over]


def repeats(recall: Recall, draft: Draft) -> Hit | None:
    """The live note or finding that says the same already: nearly all words shared, and every number.

    A repetition that bears on another thesis is no repetition.
    """
    words = frozenset(tokens(draft.body))
    if len(words) < 3:
        return None
    for hit in recall.search(draft.body, 5, kinds=[Kind.NOTE, Kind.FINDING]).hits:
        other = frozenset(tokens(hit.text))
        numbers = {word for word in words ^ other if any(letter.isdigit() for letter in word)}
        if not numbers and len(words & other) / len(words | other) >= ALIKE and set(draft.thesis_slugs) <= set(hit.thesis_slugs):
            return hit
    return None


def contradictions(recall: Recall, draft: Draft) -> list[Contradiction]:
    """Live notes and findings that say the same as a draft but with another number, of the same unit.

    Both stay as they are. What was known at another time is a change, not a contradiction, when either names its date.
    """
    own, words = _numbers(draft.body), _words(draft.body)
    found = []
    for hit in recall.search(draft.body, 8, kinds=[Kind.NOTE, Kind.FINDING]).hits:
        other = _numbers(hit.text)
        if not own or not other or len(words & _words(hit.text)) / (len(words | _words(hit.text)) or 1) < 0.6:
            continue
        pairs = [(a, b) for a in own for b in other if a.unit == b.unit and a.values != b.values]
        if pairs and len(own) == len(other) == 1:
            one, two = pairs[0]
            found.append(Contradiction(hit.id, f"{hit.id} says {two.text}, this says {one.text}: which holds, and on which source?"))
    return found


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
