"""The desk among many records: what it costs to build and to ask, and whether the same questions still find their answers.

``python -m tests.bench.test_scale_bench 10000 100000`` prints the table, each size in a process of its own so that its memory is its
own; ``STOA_BENCH_RECORDS`` sets the size that ``make bench`` takes. The noise is made of the words that the questions use.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memory.database import Database
from memory.embedding import HashedBM25
from memory.index import VectorIndex
from memory.recall import Indexer, Recall, inverse_document_frequency
from memory.recall_set.load import fill, questions, score
from memory.store import Store
from memory.text import fts_word
from tests.bench.test_bench import drafts as noise
from tests.recall_set.measure import NOW

RECORDS = int(os.environ.get("STOA_BENCH_RECORDS", "5000"))
DIMENSIONS = int(os.environ.get("STOA_BENCH_DIMENSIONS", str(HashedBM25().dimensions)))
"""Of the hashed vectors; 0 measures the words alone."""


class Row(NamedTuple):
    """One size: seconds to write and to index, megabytes on disk and in memory, milliseconds a question, and what was found."""

    records: int
    words_s: float
    vectors_s: float
    sql_mb: float
    chroma_mb: float
    rss_mb: float
    peak_mb: float
    p50_ms: float
    p95_ms: float
    at_5: float
    at_10: float
    mrr: float


def measured(folder, count):
    """Build a store of the recall set among noise, ask every question of the set, and weigh it all."""
    database = Database(folder / "desk.db")
    store, memo = Store(database, lambda: NOW), {}
    began = time.perf_counter()
    store.remember_many(noise(count // 2, seed=1))
    fill(store)
    store.remember_many(noise(count - count // 2, seed=2))
    words = time.perf_counter() - began

    def idf(token):
        if token not in memo:
            word = fts_word(token)
            memo[token] = inverse_document_frequency(store.count(), recall.document_frequency([word]).get(word, 0))
        return memo[token]

    index = VectorIndex.open(folder / "chroma", HashedBM25(DIMENSIONS, idf=idf)) if DIMENSIONS else None
    recall = Recall(database, store, lambda: index)
    began = time.perf_counter()
    if index:
        Indexer(store, index).drain()
        # Opened anew, as a command or a server finds it.
        index.close()
        index = VectorIndex.open(folder / "chroma", HashedBM25(DIMENSIONS, idf=idf))
    vectors = time.perf_counter() - began
    spent, found = [], []
    recall.search("silver", 10)
    for question in questions():
        began = time.perf_counter()
        hits = recall.search(question.query, 10, variants=question.variants).hits
        spent.append(time.perf_counter() - began)
        found.append(score([hit.text for hit in hits], question.answers))
    row = Row(
        count, words, vectors, *(_megabytes(folder, name) for name in ("desk.db*", "chroma/**/*")), _resident(),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, *(1e3 * float(np.quantile(spent, q)) for q in (0.5, 0.95)),
        *(sum(column) / len(found) for column in zip(*found, strict=True)),
    )  # fmt: skip
    if index:
        index.close()
    database.close()
    return row


def _megabytes(folder, pattern):
    return sum(file.stat().st_size for file in folder.glob(pattern) if file.is_file()) / 1e6


def _resident():
    """Megabytes in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def shown(rows):
    """The table in Markdown."""
    heads = (
        "records",
        "write s",
        "index s",
        "SQL MB",
        "Chroma MB",
        "RSS MB",
        "peak MB",
        "p50 ms",
        "p95 ms",
        "recall@5",
        "recall@10",
        "MRR",
    )
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [f"{row.records:,}", *(f"{value:,.0f}" for value in row[1:9]), *(f"{value:.3f}" for value in row[9:])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def test_the_same_questions_find_their_answers_among_more_noise(benchmark, tmp_path):
    small = measured(tmp_path / "small", RECORDS // 10)
    large = benchmark.pedantic(measured, (tmp_path / "large", RECORDS), rounds=1)
    sys.stdout.write(f"\n{shown([small, large])}\n")
    benchmark.extra_info |= large._asdict()
    assert large.p95_ms <= 150
    assert large.rss_mb <= 6_442
    assert large.at_10 >= small.at_10 - 0.02


def main(sizes):
    """Each size in its own process, or one in this."""
    if len(sizes) == 1:
        with tempfile.TemporaryDirectory() as folder:
            sys.stdout.write(f"{shown([measured(Path(folder), sizes[0])])}\n")
        return
    for size in sizes:
        done = subprocess.run([sys.executable, "-m", __spec__.name, str(size)], stdout=subprocess.PIPE, text=True, check=True)
        lines = done.stdout.splitlines()
        sys.stdout.write("\n".join(lines if size == sizes[0] else lines[-1:]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [RECORDS])
