import math
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.embedding import SLICE, HashedBM25
from memory.text import tokens

TEXTS = st.lists(st.text(alphabet="ab 白银1.\n", max_size=30), max_size=8)


def bm25(query: str, document: str) -> float:
    """The score that the inner product estimates, term by term: BM25, damped by the document's weight."""
    counts = Counter(tokens(document))
    saturation = HashedBM25.K1 * (1 - HashedBM25.B + HashedBM25.B * counts.total() / HashedBM25.MEAN_LENGTH)
    weights = {word: n * (HashedBM25.K1 + 1) / (n + saturation) for word, n in counts.items()}
    asked = set(tokens(query))
    damping = math.sqrt(math.sqrt(sum(weight**2 for weight in weights.values())))
    return sum(weights.get(word, 0.0) for word in asked) / math.sqrt(len(asked)) / damping


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("silver stocks", "silver stocks fell while silver rose"),
        ("白银库存", "上海白银库存下降，现货溢价扩大"),
        ("copper", "silver stocks fell"),
        ("76.93", "the settlement was 76.93 and 76.93 again"),
    ],
)
def test_the_inner_product_is_the_bm25_score_when_nothing_collides(query: str, document: str) -> None:
    embedder = HashedBM25(dimensions=1 << 20)
    product = float(embedder.embed_documents([document])[0] @ embedder.embed_queries([query])[0])
    assert product == pytest.approx(bm25(query, document), abs=1e-5)


def test_at_1024_dimensions_collisions_move_the_score_by_little_and_not_to_one_side() -> None:
    embedder = HashedBM25()
    documents = [" ".join(f"w{'abcdefghij'[i % 10]}x{n % 7}y{i * n % 11}z" for i in range(30)) for n in range(400)]
    documents = [f"{text} silver" if n % 2 else text for n, text in enumerate(documents)]
    products = embedder.embed_documents(documents) @ embedder.embed_queries(["silver"])[0]
    errors = products - np.array([bm25("silver", text) for text in documents])
    assert abs(float(errors.mean())) < 0.2
    assert float(np.abs(errors).max()) < 2.2


def test_a_rarer_word_weighs_more_in_a_question_when_frequencies_are_given() -> None:
    frequency = {"stock": 900, "backward": 2}
    embedder = HashedBM25(idf=lambda token: math.log(1000 / frequency.get(token, 1)))
    rare, common = embedder.embed_documents(["backwardation", "stocks"])
    query = embedder.embed_queries(["stocks in backwardation"])[0]
    assert query @ rare > 10 * (query @ common) > 0


@given(TEXTS)
def test_a_text_has_one_vector_whatever_it_is_embedded_with(texts: list[str]) -> None:
    embedder = HashedBM25()
    for embed in (embedder.embed_documents, embedder.embed_queries):
        together = embed(texts)
        assert together.shape == (len(texts), embedder.dimensions)
        assert together.dtype == np.float32
        assert np.isfinite(together).all()
        for text, vector in zip(texts, together, strict=True):
            assert np.array_equal(embed([text])[0], vector)


def test_texts_beyond_one_slice_keep_their_rows() -> None:
    texts = [f"record {number}" for number in range(SLICE + 3)]
    embedder = HashedBM25(dimensions=64)
    assert np.array_equal(embedder.embed_documents(texts)[-3:], embedder.embed_documents(texts[-3:]))


@given(st.text(max_size=60))
def test_a_question_has_length_one_or_no_word(text: str) -> None:
    query = HashedBM25().embed_queries([text])[0]
    length = float(np.linalg.norm(query))
    # Two words of opposite sign in one place cancel: then nothing is left of a question of those two.
    assert length == pytest.approx(1.0, abs=1e-5) or (length == 0.0 and len(set(tokens(text))) != 1)


def test_another_process_gives_the_same_vector() -> None:
    text = "Silver 白銀 76.93"
    code = (
        "from memory.embedding import HashedBM25\n"
        f"vector = HashedBM25().embed_documents([{text!r}])[0]\n"
        "print([(int(i), round(float(vector[i]), 5)) for i in vector.nonzero()[0]])"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout
    vector = HashedBM25().embed_documents([text])[0]
    assert there == f"{[(int(i), round(float(vector[i]), 5)) for i in vector.nonzero()[0]]}\n"


def test_the_fingerprint_names_what_changes_a_vector() -> None:
    assert HashedBM25().fingerprint == HashedBM25(idf=lambda _: 2.0).fingerprint
    assert HashedBM25().fingerprint != HashedBM25(dimensions=512).fingerprint
