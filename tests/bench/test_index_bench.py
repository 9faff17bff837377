"""What the search channels cost. Run with ``make bench``; the aim: 1,000 records a second in, milliseconds a query."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from memory.embedding import HashedBM25
from memory.index import HNSW, VectorIndex, close_client, open_client
from memory.text import fts_document, tokens

WORDS = 15_000
TOPICS = 400
Benchmark = Callable[..., object]


def records(number: int, seed: int = 3) -> list[str]:
    """Short records of 10 to 59 words: a third from one of 400 topics, the rest as common as words are (Zipf)."""
    draw = np.random.default_rng(seed)
    vocabulary = np.array([f"{a}{b}{c}" for a in "bcdfgklmnprstvz" for b in ["al", "en", "ir", "on"] for c in ENDINGS])
    vocabulary = draw.permutation(vocabulary)[:WORDS]
    odds = 1 / np.arange(1, WORDS + 1)
    odds /= odds.sum()
    topics = draw.integers(0, WORDS, (TOPICS, 40))
    texts = []
    for length in draw.integers(10, 60, number):
        own = draw.choice(topics[draw.integers(TOPICS)], length // 3)
        common = draw.choice(WORDS, length - length // 3, p=odds)
        texts.append(" ".join(vocabulary[np.concatenate([own, common])]))
    return texts


ENDINGS = [f"{a}{b}{c}" for a in "bdgkmnprst" for b in "aeiou" for c in "bdgmnr"]


def p95(ask: Callable[[str], object], questions: list[str]) -> float:
    """Milliseconds that 95 % of the questions stay under."""
    spent = []
    for question in questions:
        start = time.perf_counter()
        ask(question)
        spent.append(time.perf_counter() - start)
    return 1e3 * float(np.quantile(spent, 0.95))


def filled(folder: Path, texts: list[str]) -> VectorIndex:
    index = VectorIndex.open(folder, HashedBM25())
    index.upsert([f"r{n}" for n in range(len(texts))], texts)
    return index


def per_second(benchmark: Benchmark, number: int) -> None:
    info = benchmark.extra_info  # type: ignore[attr-defined]
    info["per_second"] = round(number / benchmark.stats.stats.median)  # type: ignore[attr-defined]


def test_tokens_of_short_records(benchmark: Benchmark) -> None:
    texts = records(20_000)
    benchmark(lambda: [tokens(text) for text in texts])
    per_second(benchmark, len(texts))


def test_tokens_of_short_chinese_records(benchmark: Benchmark) -> None:
    texts = ["白銀期貨溢價在上海持續擴大，庫存下降，租借利率上升"] * 20_000
    benchmark(lambda: [tokens(text) for text in texts])
    per_second(benchmark, len(texts))


def test_full_text_rows_of_short_records(benchmark: Benchmark) -> None:
    texts = records(20_000)
    benchmark(lambda: [fts_document(text) for text in texts])
    per_second(benchmark, len(texts))


def test_vectors_of_short_records(benchmark: Benchmark) -> None:
    texts = records(20_000)
    benchmark(HashedBM25().embed_documents, texts)
    per_second(benchmark, len(texts))


def test_20_000_records_into_the_vector_index(benchmark: Benchmark, tmp_path: Path) -> None:
    texts = records(20_000)
    number = count()

    def ingest() -> None:
        filled(tmp_path / f"{next(number)}" / "chroma", texts).close()

    benchmark.pedantic(ingest, rounds=1)  # type: ignore[attr-defined]
    per_second(benchmark, len(texts))


@pytest.fixture(scope="module", params=[20_000, 100_000])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    with filled(tmp_path_factory.mktemp("bench") / "chroma", records(request.param)) as opened:
        yield opened


def test_a_question_to_the_vector_index(benchmark: Benchmark, index: VectorIndex) -> None:
    questions = [" ".join(text.split()[:6]) for text in records(200, seed=5)]
    index.query(questions[0], 120)
    waiting = iter(questions * 1_000)
    benchmark(lambda: index.query(next(waiting), 120))
    benchmark.extra_info["p95_ms"] = round(p95(lambda text: index.query(text, 120), questions), 1)  # type: ignore[attr-defined]
    benchmark.extra_info["records"] = index.count()  # type: ignore[attr-defined]


@pytest.mark.parametrize("parts", [1, 4, 12])
def test_a_question_to_an_index_in_parts(benchmark: Benchmark, tmp_path: Path, parts: int) -> None:
    """The same 20,000 vectors in one collection or in several, all of which are asked; docs/decisions/0011."""
    draw = np.random.default_rng(7)
    centres = draw.normal(size=(300, 384))
    vectors = centres[draw.integers(0, 300, 20_000)] + 0.9 * draw.normal(size=(20_000, 384))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    client = open_client(tmp_path)
    collections = [
        client.create_collection(f"part-{n}", embedding_function=None, configuration=cast("Any", {"hnsw": HNSW})) for n in range(parts)
    ]
    for n, collection in enumerate(collections):
        for start in range(n, len(vectors), parts * 2_000):
            rows = range(start, min(start + parts * 2_000, len(vectors)), parts)
            collection.upsert(ids=[str(row) for row in rows], embeddings=vectors[list(rows)])
    asked = iter(vectors[draw.integers(0, len(vectors), 10_000)])

    def ask() -> None:
        question = next(asked)[np.newaxis]
        for collection in collections:
            collection.query(query_embeddings=question, n_results=120, include=["distances"])

    benchmark.pedantic(ask, rounds=60, warmup_rounds=3)  # type: ignore[attr-defined]
    close_client(client)


def test_opening_the_vector_index(benchmark: Benchmark, tmp_path: Path) -> None:
    filled(tmp_path / "chroma", records(3_999)).close()
    benchmark(lambda: VectorIndex.open(tmp_path / "chroma", HashedBM25()).close())
