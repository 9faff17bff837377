"""Finding: two channels, fused into cited hits.

Both channels are asked for each wording and part of a question; ``memory.ranking`` orders the union of what they find,
with what stands around it. (Reciprocal rank fusion with a weak channel loses what the strong one knows: measured on
Chinese.)
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, and_, func, or_, select

from memory.database import Database
from memory.embedding import HASHED
from memory.errors import IndexBrokenError
from memory.index import BATCH, MEND, VectorHit, VectorIndex
from memory.lexical import WordCounts, best_by_words, frequency
from memory.named import NamedDocuments, Place, nearest, theirs
from memory.question import Question, leans, names, understand
from memory.ranking import LEARNED, SATURATION, WEIGHTS, Found, Weights, folded, rank
from memory.records import Hit, Kind, Status, Trust
from memory.scope import within
from memory.store import Store, visible
from memory.tables import records
from memory.text import fts_word, language
from memory.wording import searched

CANDIDATES = 120
DEEP = 1_200
"""Records of each channel that a question bound to a day, a kind, an author or a thesis is cut from: most may be out of bounds."""

CENTRES = 12
WINDOW = 30
"""Neighbours are looked for around the best twelve, at most thirty places away: other threads are written in between."""

COMMON = 0.12
"""A token in more than this share of all records says little and costs most: it is left out if rarer ones remain,
and the words of the question have more than ``CHEAP`` postings."""

CHEAP = 3_000

POSTINGS = 12_000
FEWEST = 3
"""Full-text ranking reads every posting of every word. The rarest words say most, so past this many postings the commoner
ones are left out, but never the rarest three."""

_COLUMNS = (
    records.c.seq, records.c.id, records.c.kind, records.c.author, records.c.source_uri, records.c.locator,
    records.c.title, records.c.body, records.c.known_at, records.c.trust, records.c.thesis_slugs, records.c.thread_id,
    records.c.parent_id, records.c.period, records.c.entities,
)  # fmt: skip


class Telling(NamedTuple):
    """The words of a question that are searched for, rarest first, and how many postings they have."""

    words: list[str]
    postings: int


class Vectors(Protocol):
    """A vector channel."""

    @property
    def fingerprint(self) -> str:
        """Of the model whose vectors it holds."""
        ...

    def query(self, text: str, k: int) -> list[VectorHit]:
        """The ``k`` nearest records, best first."""
        ...


class Bounds(NamedTuple):
    """What a question may be answered from; see ``Recall.search``."""

    kinds: tuple[Kind, ...] = ()
    as_of: datetime | None = None
    thesis: str = ""
    without: str = ""


class Asked(NamedTuple):
    """Where a question is asked: the snapshot, how many records each channel gives, and the documents that it names."""

    connection: Connection
    most: int
    places: Sequence[Place]


class Candidates(NamedTuple):
    """What may answer a question: the question taken apart, the records, and what each channel says of them."""

    question: Question
    rows: list[Any]
    found: list[Found]


class Recalled(NamedTuple):
    """The hits, best first, and how many records the vector channel has not seen yet."""

    hits: list[Hit]
    index_lag: int


class Recall:
    """Search over the desk's live records, or over those live at an earlier instant."""

    def __init__(
        self, database: Database, store: Store, index: Callable[[], Vectors | None],
        measured: Callable[[str], Weights | None] = lambda _fingerprint: None,
    ) -> None:  # fmt: skip
        """``measured`` gives the weights that were measured for a model, by its fingerprint."""
        self._database = database
        self._store = store
        self._index = index
        self._measured = measured
        self._counts = WordCounts()
        self._documents = NamedDocuments()

    def search(  # noqa: PLR0913 - each is an independent part
        self,
        query: str,
        k: int = 8,
        *,
        kinds: Sequence[Kind] = (),
        as_of: datetime | None = None,
        thesis: str = "",
        variants: Sequence[str] = (),
        without: str = "",
    ) -> Recalled:
        """The ``k`` records that answer the query best. A query without a word in it finds nothing.

        Args:
            query: the question; one with several parts is also asked part by part.
            k: how many.
            kinds: only these kinds.
            as_of: what was known and live then; now without it.
            thesis: only what bears on this thesis.
            variants: the same question in other words or another language.
            without: leave out what this author wrote.
        """
        found = self.candidates(query, k, variants, Bounds(tuple(kinds), as_of, thesis, without))
        ranked = rank(*found, self._weights())
        scored = [pair for pair in ranked if not thesis or thesis in pair[0].thesis_slugs]
        return Recalled([_hit(row, why) for row, why in folded(scored[: 4 * k + 40], k)], self._store.index_lag())

    def candidates(self, query: str, k: int = 8, variants: Sequence[str] = (), bounds: Bounds | None = None) -> Candidates:
        """What ``search`` puts in order: what the channels found, and what stands beside the best of it."""
        bounds = bounds or Bounds()
        question, only, bound = understand(query, variants), _only(bounds.kinds, bounds.as_of, bounds.without), bounds != Bounds()
        most = max(CANDIDATES, 4 * k)
        with self._database.reading() as connection:
            newest = connection.execute(select(func.max(records.c.seq))).scalar() or 0
            asked = Asked(connection, most if not bound else DEEP, self._places(connection, query, question.years, newest, only))
            found = [self._found(asked, wording) for wording in question.wordings]
            found += self._hops(asked, question, found)
            if bound:
                found = [_cut(connection, item, only, bounds.thesis, most) for item in found]
            seqs = {seq for item in found for seq in item.lexical}
            names = {name for item in found for name in item.vector}
            rows = self._rows(connection, sorted(seqs), sorted(names), only)
            if any(row.thread_id or row.parent_id for row in rows):
                best = rank(question, rows, found, self._weights())[:CENTRES]
                rows += self._neighbours(connection, best, rows, only)
            return Candidates(question, rows, found)

    def _places(self, connection: Connection, query: str, years: Sequence[str], newest: int, only: Any) -> list[Place]:
        """The documents of the companies that a question names, as far as they may be seen."""
        mine = theirs(query, self._documents.of(connection, newest))
        if not mine:
            return []
        seen = select(records.c.seq).where(only, records.c.seq.in_([place.first for place in mine]))
        there = set(connection.execute(seen).scalars())
        return nearest([place for place in mine if place.first in there], years)

    def _weights(self) -> Weights:
        index = self._index()
        if index is None or index.fingerprint.startswith(HASHED):
            return WEIGHTS
        return self._measured(index.fingerprint) or LEARNED

    def _found(self, asked: Asked, wording: str, *, is_part: bool = False) -> Found:
        connection, places = asked.connection, asked.places
        words = [fts_word(token) for token in searched(wording)][:64]
        total = connection.execute(select(func.max(records.c.seq))).scalar() or 0
        known = self._counts.of(connection, words, total)
        telling = _telling_terms(words, known, total)
        lexical = best_by_words(connection, telling.words, asked.most, narrow=telling.postings > POSTINGS)
        if places:
            inside = within(connection, [word for word in words if word in known], self._documents, places, asked.most)
            level = sum(inverse_document_frequency(total, known[word]) for word in words if word in known)
            lexical = {seq: max(lexical.get(seq, 0.0), level * inside.get(seq, 0.0)) for seq in {**lexical, **inside}}
        spoken = language(wording)
        # What counts nothing is not asked for.
        weights = self._weights()
        # Hashed words would only bring other companies back.
        wanted = weights.vector_of(spoken) and not (places and weights is WEIGHTS)
        vector = dict(self._vector(wording, asked.most)) if wanted else {}
        return Found(lexical, vector, _attainable(words, known, total or 1), is_part, spoken)

    def _hops(self, asked: Asked, question: Question, found: Sequence[Found]) -> list[Found]:
        """The parts of a question; one that leans on another is asked with the names of the question and of its best answer."""
        if not question.parts or asked.places:  # in the documents of a named company every word counts already
            return []
        parts = [self._found(asked, part, is_part=True) for part in question.parts]
        named = " ".join(names(question.wordings[0]))
        first = parts[0].lexical or found[0].lexical
        best = max(first, key=first.__getitem__, default=0)
        row = asked.connection.execute(select(records.c.body).where(records.c.seq == best)).scalar() or ""
        for part in question.parts[1:]:
            if leans(part):
                parts.append(self._found(asked, f"{part} {named}", is_part=True))
                parts.append(self._found(asked, f"{part} {' '.join(names(row))}", is_part=True))
        return parts

    def document_frequency(self, words: Sequence[str]) -> dict[str, int]:
        """In how many records each search token stands."""
        with self._database.reading() as connection:
            return frequency(connection, words)

    def _vector(self, query: str, limit: int) -> list[tuple[str, float]]:
        """The nearest records. One that has nothing in common with the query is none, however near it comes among its like."""
        index = self._index()
        return [(hit.id, hit.score) for hit in index.query(query, limit) if hit.score > 0] if index else []

    def _rows(self, connection: Connection, seqs: list[int], ids: list[str], only: Any) -> list[Any]:
        return list(connection.execute(select(*_COLUMNS).where(only, records.c.seq.in_(seqs) | records.c.id.in_(ids))))

    def _neighbours(self, connection: Connection, centres: Sequence[Any], rows: Sequence[Any], only: Any) -> list[Any]:
        """What stands beside the best rows in their thread or document and was not found itself."""
        windows = []
        for row, _ in centres:
            column, group = (records.c.thread_id, row.thread_id) if row.thread_id else (records.c.parent_id, row.parent_id)
            if group:
                windows.append(and_(column == group, records.c.seq.between(row.seq - WINDOW, row.seq + WINDOW)))
        if not windows:
            return []
        query = select(*_COLUMNS).where(only, or_(*windows), records.c.kind != Kind.DOCUMENT.value)
        there = {row.seq for row in rows}
        return [row for row in connection.execute(query) if row.seq not in there]


class Indexer:
    """Drains the outbox into the vector index: idempotent upserts, so a crash between the two costs nothing."""

    def __init__(self, store: Store, index: VectorIndex) -> None:
        self._store = store
        self._index = index

    def drain(self, progress: Callable[[int], None] | None = None) -> int:
        """Index everything that waits; returns how many lines of the outbox were done."""
        done = 0
        while work := self._store.index_work(BATCH):
            upserts = {item.record_id for item in work if item.action == "upsert"}
            texts = dict(self._store.live_texts(sorted(upserts)))
            gone = [item.record_id for item in work if item.record_id not in texts]
            self._index.upsert(list(texts), list(texts.values()))
            if gone:
                self._index.delete(gone)
            self._index.mark(work[-1].seq)
            self._store.index_done(work[-1].seq)
            done += len(work)
            if progress:
                progress(done)
        return done

    def check(self) -> None:
        """Hold the index against SQL: the count, and a spread of vectors, re-read.

        Raises:
            IndexBrokenError: they differ.
        """
        wanted = dict(self._store.live_texts())
        waiting = {item.record_id for item in self._store.index_work(1_000_000)}
        settled = [name for name in wanted if name not in waiting]
        missing = set(settled) - self._index.ids()
        if missing:
            raise IndexBrokenError(f"the vector index lacks {len(missing)} records: {MEND}")
        step = max(1, len(settled) // 64)
        self._index.check([(name, wanted[name]) for name in settled[::step]])


def _telling_terms(words: Sequence[str], known: Mapping[str, int], total: int) -> Telling:
    present = [word for word in words if known.get(word)]
    few = sum(known[word] for word in present) <= CHEAP
    rare = [word for word in present if few or known[word] <= max(COMMON * total, 50)]
    rarest = sorted(rare or present, key=lambda word: (known[word], word))[:24]
    if sum(known[word] for word in rarest) > POSTINGS:
        # A Han character stands wherever its pair does: beside the pair it costs as much again and tells nothing.
        covered = {character for word in rarest if len(word) == 2 and not word.isascii() for character in word}
        rarest = [word for word in rarest if word not in covered]
    telling: list[str] = []
    read = 0
    for word in rarest:
        if len(telling) >= FEWEST and read + known[word] > POSTINGS:
            break
        read += known[word]
        telling.append(word)
    return Telling(telling, read)


def _cut(connection: Connection, found: Found, only: Any, thesis: str, most: int) -> Found:
    """What the channels found that may be an answer, the best of each; with a thesis, that which bears on it first."""
    query = select(records.c.seq, records.c.id, records.c.thesis_slugs).where(
        only, records.c.seq.in_(list(found.lexical)) | records.c.id.in_(list(found.vector))
    )
    allowed = [row for row in connection.execute(query) if not thesis or thesis in row.thesis_slugs]
    seqs, names = {row.seq for row in allowed}, {row.id for row in allowed}
    lexical = sorted((seq for seq in found.lexical if seq in seqs), key=lambda seq: -found.lexical[seq])[:most]
    vector = sorted((name for name in found.vector if name in names), key=lambda name: -found.vector[name])[:most]
    return found._replace(lexical={seq: found.lexical[seq] for seq in lexical}, vector={name: found.vector[name] for name in vector})


def _attainable(words: Sequence[str], known: Mapping[str, int], total: int) -> float:
    """The BM25 score of a record that held every word of a wording often; a word nobody wrote counts as the rarest."""
    return SATURATION * sum(inverse_document_frequency(total, known.get(word, 0)) for word in words) or 1.0


def _only(kinds: Sequence[Kind], as_of: datetime | None, without: str) -> Any:
    """The condition that a row may be a hit."""
    wanted = [visible(as_of) if as_of is not None else records.c.status == Status.LIVE.value]
    if kinds:
        wanted.append(records.c.kind.in_([kind.value for kind in kinds]))
    if without:
        wanted.append(records.c.author != without)
    return and_(*wanted)


def inverse_document_frequency(total: int, containing: int) -> float:
    """BM25's idf, ``ln(1 + (N - n + 0.5) / (n + 0.5))`` (Robertson and Zaragoza 2009)."""
    return math.log(1 + (total - containing + 0.5) / (containing + 0.5))


def _hit(row: Any, why: dict[str, float]) -> Hit:
    return Hit(
        id=row.id,
        score=round(sum(why.values()), 6),
        kind=Kind(row.kind),
        author=row.author,
        source_uri=row.source_uri,
        locator=row.locator,
        title=row.title,
        text=row.body,
        known_at=row.known_at,
        trust=Trust(row.trust),
        thesis_slugs=tuple(row.thesis_slugs),
        why={name: round(share, 4) for name, share in why.items() if round(share, 4)},
    )
