"""The documents that a question names by their company: where their passages stand in the store.

A question about one company is also searched among that company's documents alone, so that its words need not be rare
in the whole desk. A company is named by the first words of its name, or by its symbol in capitals.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from memory.records import Kind
from memory.tables import records
from memory.text import fold

MOST = 4
"""Documents of the named companies that are searched, those nearest to the year in the question, else the newest."""

_LEGAL = frozenset(
    "the inc incorporated corp corporation co company companies ltd limited plc llc lp sa ag nv se com group holding holdings".split()
)
_WORD = r"[^\W_]+"


class Place(NamedTuple):
    """The first and the last number of a document's passages, whose they are, and the period they are about."""

    first: int
    last: int
    parent: str
    entities: tuple[str, ...]
    period: str


class Passages(NamedTuple):
    """The passages of a document in order: their numbers, their lengths, and the number of the page or section each stands in."""

    seqs: list[int]
    lengths: list[int]
    groups: list[int]


class NamedDocuments:
    """The desk's documents that belong to a company; those that came since are read when it is asked again."""

    def __init__(self) -> None:
        self._seen = 0
        self._places: list[Place] = []
        self._passages: dict[int, Passages] = {}

    def of(self, connection: Connection, newest: int) -> list[Place]:
        """All of them, where ``newest`` is the number of the newest record."""
        if newest > self._seen:
            self._places += _places(connection, self._seen)
            self._seen = newest
        return self._places

    def passages(self, connection: Connection, place: Place) -> Passages:
        """What stands in a document, read once."""
        if place.first not in self._passages:
            self._passages[place.first] = _passages(connection, place)
        return self._passages[place.first]


def named(query: str, entities: Iterable[str]) -> set[str]:
    """Those of the names that the question names; of names that begin alike the one it names longest."""
    asked = re.findall(_WORD, query)
    folded, plain = [fold(word) for word in asked], fold(query)
    lengths: dict[str, tuple[str, int]] = {}
    for entity in set(entities):
        first, length = _called(entity, asked, folded, plain)
        if length:
            lengths[entity] = first, length
    longest: dict[str, int] = {}
    for first, length in lengths.values():
        longest[first] = max(length, longest.get(first, 0))
    return {entity for entity, (first, length) in lengths.items() if length == longest[first]}


def theirs(query: str, places: Sequence[Place]) -> list[Place]:
    """The documents of the companies that a question names."""
    asked = named(query, {entity for place in places for entity in place.entities})
    return [place for place in places if asked.intersection(place.entities)]


def nearest(places: Sequence[Place], years: Sequence[str]) -> list[Place]:
    """The documents nearest to the last year that a question names, or the newest."""
    if not years:
        return sorted(places, key=lambda place: (place.period, place.first), reverse=True)[:MOST]
    year = int(max(years))
    return sorted(places, key=lambda place: (_distance(place.period, year), -place.first))[:MOST]


def _distance(period: str, year: int) -> float:
    """Years between; a later report, which repeats the figures of the years before, is nearer than an earlier one."""
    found = re.match(r"\d{4}", period)
    if found is None:
        return 3.0
    apart = int(found[0]) - year
    return apart if apart >= 0 else -apart + 0.5


def _called(entity: str, asked: Sequence[str], folded: Sequence[str], plain: str) -> tuple[str, int]:
    """The first word of a name and how many of its words the question has in a row; none when it is not named."""
    words = [word for word in re.findall(_WORD, fold(entity)) if word not in _LEGAL]
    if not words:
        return "", 0
    if not entity.isascii():
        return words[0], len(words) if fold(entity) in plain else 0
    best = 0
    for at, word in enumerate(folded):
        if word != words[0] or asked[at].islower():
            continue
        run = next(
            (n for n, (one, other) in enumerate(zip(words, folded[at:], strict=False)) if one != other), min(len(words), len(folded) - at)
        )
        after = asked[at + run] if at + run < len(asked) else ""
        # General Motors is not General Mills: what goes on with another name names another.
        if run < len(words) and after[:1].isupper() and after[1:].islower():
            continue
        best = max(best, run)
    return words[0], best


def _places(connection: Connection, seen: int) -> list[Place]:
    document, passage = records.alias(), records.alias()
    first = select(func.min(passage.c.seq)).where(passage.c.parent_id == document.c.id).scalar_subquery()
    last = select(func.max(passage.c.seq)).where(passage.c.parent_id == document.c.id).scalar_subquery()
    # The passages carry what the document does; a document's own row is long to read.
    ends = select(first.label("first"), last.label("last")).where(document.c.kind == Kind.DOCUMENT.value, document.c.seq > seen).subquery()
    query = select(ends.c.first, ends.c.last, records.c.parent_id, records.c.entities, records.c.period).join(
        ends, records.c.seq == ends.c.first
    )
    return [Place(row.first, row.last, row.parent_id, tuple(row.entities), row.period) for row in connection.execute(query) if row.entities]


def _passages(connection: Connection, place: Place) -> Passages:
    query = (
        select(records.c.seq, records.c.locator, records.c.title, func.length(records.c.body))
        .where(records.c.seq.between(place.first, place.last), records.c.parent_id == place.parent)
        .order_by(records.c.seq)
    )
    found = Passages([], [], [])
    last = ""
    for seq, locator, title, length in connection.execute(query):
        page = re.match(r"p\. \d+", locator)
        group = page[0] if page else title
        found.groups.append((found.groups[-1] if found.groups else -1) + (group != last or not found.groups))
        found.seqs.append(seq)
        found.lengths.append(length)
        last = group
    return found
