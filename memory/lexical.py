"""The lexical channel: which records hold a question's words, and how well, by BM25.

Both databases hold our own tokens and give the same scores. SQLite's FTS5 keeps the inverted index and ranks. PostgreSQL keeps
the words of each record as a ``tsvector`` under a GIN index; its own ranking knows no word's rarity, so BM25 is computed here
over the records that the index names, from counts that are kept beside it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, Float, TextClause, bindparam, text

K1, B = 1.2, 0.75
"""BM25's parameters, as FTS5 has them."""

LONGEST_WORD = 2_000
"""Bytes; a tsvector takes words of 2,046."""

LONGEST_TEXT = 900_000
"""Bytes of distinct words in a record; a tsvector takes 1 MB. What stands behind them is not found through its words."""

MOST_SCORED = 20_000
"""Records that are scored where words stand in very many, the newest: a word that stands everywhere tells nothing else of them."""

_WRITE = "INSERT INTO record_tokens(rowid, tokens) VALUES (?, ?)"
_MATCH = text("SELECT rowid, -bm25(record_tokens) AS score FROM record_tokens WHERE record_tokens MATCH :query ORDER BY rank LIMIT :limit")
_NEWEST = text(
    "SELECT rowid, score FROM (SELECT rowid, -bm25(record_tokens) AS score FROM record_tokens WHERE record_tokens MATCH :query "
    "ORDER BY rowid DESC LIMIT :most) ORDER BY score DESC LIMIT :limit"
).bindparams(most=MOST_SCORED)
_WITHIN = text(
    "SELECT rowid, -bm25(record_tokens) AS score FROM record_tokens WHERE record_tokens MATCH :query "
    # The plus, and an order by another name than rank, keep the full-text table from scoring a row before it is filtered.
    "AND +rowid IN (SELECT rowid FROM record_tokens WHERE record_tokens MATCH :within ORDER BY rowid DESC LIMIT :most) "
    "ORDER BY bm25(record_tokens) LIMIT :limit"
).bindparams(most=MOST_SCORED)
_FREQUENCY = text("SELECT term, doc FROM record_vocabulary WHERE term IN :terms").bindparams(bindparam("terms", expanding=True))

_PG_WRITE = text(
    "INSERT INTO record_tokens (seq, tokens, repeats, length) SELECT s, t::tsvector, r::jsonb, n FROM unnest("
    "CAST(:seqs AS bigint[]), CAST(:words AS text[]), CAST(:repeats AS text[]), CAST(:lengths AS int[])) AS new(s, t, r, n)"
)
_PG_COUNT = text(
    "INSERT INTO record_vocabulary (term, doc) SELECT t, n FROM unnest(CAST(:terms AS text[]), CAST(:docs AS int[])) AS new(t, n) "
    'ORDER BY t COLLATE "C" ON CONFLICT (term) DO UPDATE SET doc = record_vocabulary.doc + excluded.doc'
)
_PG_TOTAL = text("UPDATE record_totals SET records = records + :records, words = words + :words")
_PG_BY_INDEX = text("SET LOCAL enable_seqscan = off")
_PG_RANK = text(
    # FTS5's formula: idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean length)), and idf never below a millionth.
    "WITH total AS (SELECT records::float8 AS n, words::float8 / greatest(records, 1) AS mean FROM record_totals), "
    "asked AS (SELECT v.term, greatest(ln((n - doc::float8 + 0.5) / (doc::float8 + 0.5)), 1e-6) AS idf, mean "
    "FROM record_vocabulary v, total WHERE v.term = ANY(CAST(:terms AS text[]))), "
    "found AS (SELECT r.seq, asked.idf, asked.mean, r.length, coalesce((r.repeats ->> asked.term)::float8, 1) AS tf "
    "FROM asked JOIN record_tokens r ON r.tokens @@ asked.term::tsquery) "
    "SELECT seq, sum(idf * tf * (:k1 + 1) / (tf + :k1 * (1 - :b + :b * length / mean))) AS score "
    "FROM found GROUP BY seq ORDER BY score DESC, seq LIMIT :limit"
).bindparams(bindparam("k1", K1, type_=Float), bindparam("b", B, type_=Float))


def write_words(connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
    """Enter records: each its number and ``fts_document`` of its text."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_WRITE, list(rows))
        return
    counts = [(seq, _counted(words.split())) for seq, words in rows]
    repeats = [json.dumps({word: n for word, n in found.items() if n > 1}) for _, found in counts]
    lengths = [words.count(" ") + 1 if words else 0 for _, words in rows]
    connection.execute(
        _PG_WRITE, {"seqs": [seq for seq, _ in counts], "words": [" ".join(found) for _, found in counts], "repeats": repeats,
                    "lengths": lengths},
    )  # fmt: skip
    held = Counter(word for _, found in counts for word in found)
    connection.execute(_PG_COUNT, {"terms": list(held), "docs": list(held.values())})
    connection.execute(_PG_TOTAL, {"records": len(rows), "words": sum(lengths)})


def rewrite_words(connection: Connection, seq: int, before: str, after: str) -> None:
    """Give a record other words: ``before`` are those it was entered with, which a contentless index needs to take it out."""
    if connection.dialect.name == "sqlite":
        drop = text("INSERT INTO record_tokens(record_tokens, rowid, tokens) VALUES ('delete', :seq, :tokens)")
        connection.execute(drop, {"seq": seq, "tokens": before})
        connection.exec_driver_sql(_WRITE, (seq, after))
        return
    old = _counted(before.split())
    connection.execute(text("DELETE FROM record_tokens WHERE seq = :seq"), {"seq": seq})
    connection.execute(_PG_COUNT, {"terms": list(old), "docs": [-1] * len(old)})
    connection.execute(_PG_TOTAL, {"records": -1, "words": -(before.count(" ") + 1 if before else 0)})
    write_words(connection, [(seq, after)])


def frequency(connection: Connection, words: Sequence[str]) -> dict[str, int]:
    """In how many records each word stands; words that stand in none are left out."""
    if not words:
        return {}
    asked = {_stored(word): word for word in words} if connection.dialect.name == "postgresql" else {word: word for word in words}
    return {asked[str(term)]: int(doc) for term, doc in connection.execute(_FREQUENCY, {"terms": list(asked)})}


class WordCounts:
    """In how many records words stand, kept until there is another record: counting reads every posting of a word."""

    MOST = 50_000

    def __init__(self) -> None:
        self._kept: tuple[int, dict[str, int]] = (0, {})

    def of(self, connection: Connection, words: Sequence[str], total: int) -> dict[str, int]:
        """``frequency`` of the words, where ``total`` is the number of the newest record."""
        counted_at, kept = self._kept
        if counted_at != total or len(kept) > self.MOST:
            self._kept = counted_at, kept = total, {}
        new = [word for word in words if word not in kept]
        kept |= dict.fromkeys(new, 0) | frequency(connection, new)
        return {word: kept[word] for word in words if kept[word]}


def best_by_words(connection: Connection, words: Sequence[str], limit: int, *, narrow: bool = False) -> dict[int, float]:
    """The records that hold any of the words, best first: their numbers and BM25 scores.

    With ``narrow``, for words that stand in very many records, those that hold all words, else two of them, are enough when there are
    ``limit`` of them: who has one word comes before them only by rare exception, and scoring all takes ten times as long. Of those that
    hold them the newest ``MOST_SCORED`` are scored.
    """
    if not words:
        return {}
    if connection.dialect.name != "sqlite":
        # A planner without statistics of the words reads the whole table.
        connection.execute(_PG_BY_INDEX)
        return _scores(connection, _PG_RANK, {"terms": [_stored(word) for word in words], "limit": limit})
    quoted = [f'"{word}"' for word in words]
    question = {"query": " OR ".join(quoted), "limit": limit}
    if narrow:
        found = _scores(connection, _NEWEST, question | {"query": " AND ".join(quoted)})
        if len(found) < limit and len(words) > 1:
            pairs = " OR ".join(f"({one} AND {other})" for one, other in combinations(quoted, 2))
            found = _scores(connection, _WITHIN, question | {"within": pairs})
        if len(found) >= limit:
            return found
    return _scores(connection, _MATCH, question)


def holders(connection: Connection, words: Sequence[str], ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Which of the words (by their places in the list) stand in which records of some stretches of the store.

    It reads the postings of the stretches alone, so common words cost little.
    """
    if not words or not ranges:
        return []
    if connection.dialect.name == "sqlite":
        one = "SELECT {:d}, rowid FROM record_tokens WHERE record_tokens MATCH :w{:d} AND rowid BETWEEN {:d} AND {:d}"
        parts = [one.format(n, n, *ends) for n in range(len(words)) for ends in ranges]
        values: dict[str, Any] = {f"w{n}": f'"{word}"' for n, word in enumerate(words)}
    else:
        one = (
            "SELECT (a.place - 1)::int, r.seq FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS a(word, place) "
            "JOIN record_tokens r ON r.tokens @@ a.word::tsquery WHERE r.seq BETWEEN {:d} AND {:d}"
        )
        parts = [one.format(*ends) for ends in ranges]
        values = {"words": [_stored(word) for word in words]}
    return [(int(word), int(seq)) for word, seq in connection.execute(text(" UNION ALL ".join(parts)), values)]


def _scores(connection: Connection, statement: TextClause, values: dict[str, Any]) -> dict[int, float]:
    return {int(seq): float(score) for seq, score in connection.execute(statement, values)}


def _stored(word: str) -> str:
    """A word as a tsvector takes it: a longer one by its hash."""
    return word if len(word) * 4 <= LONGEST_WORD else f"0{hashlib.sha256(word.encode()).hexdigest()}"


def _counted(words: Sequence[str]) -> Counter[str]:
    """How often each word stands in a text, as far as a tsvector goes."""
    found = Counter(map(_stored, words))
    if sum(len(word.encode()) + 8 for word in found) <= LONGEST_TEXT:
        return found
    kept: Counter[str] = Counter()
    room = LONGEST_TEXT
    for word, n in found.items():
        room -= len(word.encode()) + 8
        if room < 0:
            break
        kept[word] = n
    return kept
