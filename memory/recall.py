"""Finding: two channels, fused into cited hits.

Both channels are asked, their scores are normalised to the best of each and added with weights over the union of
their candidates. (Reciprocal rank fusion with a weak channel loses what the strong one knows: measured on Chinese.)
"""

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from memory.database import Database
from memory.errors import IndexBrokenError
from memory.index import BATCH, VectorIndex
from memory.lexical import best_by_words, frequency
from memory.records import Hit, Kind, Status, Trust
from memory.store import Store, visible
from memory.tables import records
from memory.text import fts_word, tokens

LEXICAL_WEIGHT = 0.9
VECTOR_WEIGHT = 0.1
"""Hashed BM25 sees the same words as the lexical channel, so it adds little: on the recall set more weight only loses
(Chinese recall@5 0.90, 0.85, 0.80 and 0.68 at 0, 0.25, 0.5 and 1). An embedding model earns more."""
TRUST_BONUS = {Trust.PERSON.value: 0.02, Trust.AGENT.value: 0.0, Trust.OUTSIDE.value: 0.0}
CANDIDATES = 120
COMMON = 0.12
"""A token in more than this share of all records says little and costs most: it is left out if rarer ones remain."""

POSTINGS = 12_000
FEWEST = 3
"""Full-text ranking reads every posting of every word. The rarest words say most, so past this many postings the commoner
ones are left out, but never the rarest three; if these alone have more, only records with several of them are ranked."""

_COLUMNS = (
    records.c.seq, records.c.id, records.c.kind, records.c.author, records.c.source_uri, records.c.locator,
    records.c.title, records.c.body, records.c.known_at, records.c.trust, records.c.thesis_slugs,
)  # fmt: skip


class Telling(NamedTuple):
    """The words of a question that are searched for, rarest first, and how many postings they have."""

    words: list[str]
    postings: int


class Recalled(NamedTuple):
    """The hits, best first, and how many records the vector channel has not seen yet."""

    hits: list[Hit]
    index_lag: int


class Recall:
    """Search over the desk's live records, or over those live at an earlier instant."""

    def __init__(self, database: Database, store: Store, index: Callable[[], VectorIndex | None]) -> None:
        self._database = database
        self._store = store
        self._index = index

    def search(
        self,
        query: str,
        k: int = 8,
        *,
        kinds: Sequence[Kind] = (),
        as_of: datetime | None = None,
        thesis: str = "",
    ) -> Recalled:
        """The ``k`` records that answer the query best. A query without a word in it finds nothing."""
        with self._database.reading() as connection:
            telling = self._telling_terms(connection, query)
            lexical = best_by_words(connection, telling.words, max(CANDIDATES, 4 * k), narrow=telling.postings > POSTINGS)
            vector = self._vector(query, max(CANDIDATES, k))
            rows = self._rows(connection, list(lexical), [name for name, _ in vector], kinds, as_of)
        hits = _distinct(_fuse(rows, lexical, dict(vector)), k, thesis)
        return Recalled(hits, self._store.index_lag())

    def document_frequency(self, words: Sequence[str]) -> dict[str, int]:
        """In how many records each search token stands."""
        with self._database.reading() as connection:
            return frequency(connection, words)

    def _telling_terms(self, connection: Connection, query: str) -> Telling:
        distinct = [fts_word(token) for token in dict.fromkeys(tokens(query))][:64]
        known = frequency(connection, distinct)
        present = [word for word in distinct if known.get(word)]
        total = connection.execute(select(func.max(records.c.seq))).scalar() or 0
        rare = [word for word in present if known[word] <= max(COMMON * total, 50)]
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

    def _vector(self, query: str, limit: int) -> list[tuple[str, float]]:
        index = self._index()
        return [(hit.id, hit.score) for hit in index.query(query, limit)] if index else []

    def _rows(self, connection: Connection, seqs: list[int], ids: list[str], kinds: Sequence[Kind], as_of: datetime | None) -> list[Any]:
        live = visible(as_of) if as_of is not None else records.c.status == Status.LIVE.value
        query = select(*_COLUMNS).where(live, records.c.seq.in_(seqs) | records.c.id.in_(ids))
        if kinds:
            query = query.where(records.c.kind.in_([kind.value for kind in kinds]))
        return list(connection.execute(query))


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
            raise IndexBrokenError(f"the vector index lacks {len(missing)} records: run stoa memory rebuild")
        step = max(1, len(settled) // 64)
        self._index.check([(name, wanted[name]) for name in settled[::step]])


def inverse_document_frequency(total: int, containing: int) -> float:
    """BM25's idf, ``ln(1 + (N - n + 0.5) / (n + 0.5))`` (Robertson and Zaragoza 2009)."""
    return math.log(1 + (total - containing + 0.5) / (containing + 0.5))


def _fuse(rows: Sequence[Any], lexical: dict[int, float], vector: dict[str, float]) -> list[tuple[Any, dict[str, float]]]:
    """The rows, best first, each with every channel's share of its score."""
    best_lexical = max((lexical.get(row.seq, 0.0) for row in rows), default=0.0) or 1.0
    best_vector = max((vector.get(row.id, 0.0) for row in rows), default=0.0) or 1.0
    scored = []
    for row in rows:
        why = {
            "lexical": LEXICAL_WEIGHT * lexical.get(row.seq, 0.0) / best_lexical,
            "vector": VECTOR_WEIGHT * max(0.0, vector.get(row.id, 0.0)) / best_vector,
            "trust": TRUST_BONUS[row.trust],
        }
        scored.append((row, why))
    # Equal scores in the order of writing: an id is partly drawn by chance.
    return sorted(scored, key=lambda pair: (-round(sum(pair[1].values()), 6), pair[0].seq))


def _distinct(scored: Sequence[tuple[Any, dict[str, float]]], k: int, thesis: str) -> list[Hit]:
    """The best ``k``, on a thesis if one is named; of equal texts the best."""
    hits: dict[str, Hit] = {}
    for row, why in scored:
        if len(hits) == k:
            break
        if row.body not in hits and (not thesis or thesis in row.thesis_slugs):
            hits[row.body] = _hit(row, why)
    return list(hits.values())


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
        why={name: round(share, 4) for name, share in why.items() if share},
    )
