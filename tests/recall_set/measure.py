"""Recall and reciprocal rank of each channel and of the fusion, by group, on the recall set.

``python -m tests.recall_set.measure`` prints the table that stands in docs/recall.md.
"""

import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

from memory.database import Database
from memory.embedding import HashedBM25
from memory.index import VectorIndex
from memory.recall import CANDIDATES, Asked, Indexer, Recall, _only, inverse_document_frequency
from memory.recall_set.load import GROUPS, fill, questions, score
from memory.store import Store
from memory.text import fts_word

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
CHANNELS = ("words", "vectors", "fusion")


class Scores(NamedTuple):
    """Means over questions. A question with several answers counts the share of them that was found."""

    at_5: float
    at_10: float
    mrr: float
    count: int


@contextmanager
def desk(folder, extra=()):
    """The set in a store of its own with its index; ``extra`` drafts stand around it as noise."""
    database = Database(folder / "desk.db")
    # Ids made at one instant would be in another order each time, and the graph of the vectors built in another order.
    instants = count()
    store = Store(database, lambda: NOW + timedelta(milliseconds=next(instants)))
    fill(store)
    store.remember_many(extra)
    memo = {}

    def idf(token):
        if token not in memo:
            word = fts_word(token)
            memo[token] = inverse_document_frequency(store.count(), recall.document_frequency([word]).get(word, 0))
        return memo[token]

    with VectorIndex.open(folder / "chroma", HashedBM25(idf=idf)) as index:
        recall = Recall(database, store, lambda: index)
        Indexer(store, index).drain()
        yield Measured(store, index, recall)
    database.close()


class Measured(NamedTuple):
    """A store to ask, channel by channel."""

    store: Store
    index: VectorIndex
    recall: Recall

    def ranked(self, question, channel, k=10):
        """The texts that a channel finds, best first."""
        if channel == "fusion":
            return [hit.text for hit in self.recall.search(question.query, k, variants=question.variants).hits]
        if channel == "vectors":
            ids = [hit.id for hit in self.index.query(question.query, k)]
        else:
            with self.recall._database.reading() as connection:
                found = self.recall._found(Asked(connection, CANDIDATES, ()), question.query).lexical
                rows = self.recall._rows(connection, list(found), [], _only((), None, ""))
            ids = [row.id for row in sorted(rows, key=lambda row: -found[row.seq])][:k]
        known = self.store.many(ids)
        return [known[name].body for name in ids]


def table(measured, split=None, channels=CHANNELS):
    """Scores by group and channel."""
    rows = {}
    for group in GROUPS:
        asked = [q for q in questions() if q.group == group and split in (None, q.split)]
        for channel in channels:
            each = [score(measured.ranked(q, channel), q.answers) for q in asked]
            rows[group, channel] = Scores(*(sum(column) / len(each) for column in zip(*each, strict=True)), len(asked))
    return rows


def shown(rows):
    """The table in Markdown: recall@5, recall@10 and MRR."""
    lines = ["| group | questions | words | vectors | fusion |", "|---|---|---|---|---|"]
    for group in GROUPS:
        cells = [f"{s.at_5:.2f} / {s.at_10:.2f} / {s.mrr:.2f}" for s in (rows[group, channel] for channel in CHANNELS)]
        lines.append(f"| {group} | {rows[group, 'fusion'].count} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main():
    """Print the table of both halves and of the half that no weight was chosen on."""
    with tempfile.TemporaryDirectory() as folder, desk(Path(folder)) as measured:
        for split in ("dev", "test"):
            sys.stdout.write(f"\n{split}\n{shown(table(measured, split))}\n")


if __name__ == "__main__":
    main()
