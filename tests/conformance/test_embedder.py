"""What every embedder promises, whichever makes the vectors."""

import numpy as np
import pytest

from integrations.embeddings import make_embedder
from integrations.settings import EmbeddingSettings
from memory.embedding import HashedBM25
from memory.vector_cache import CachedEmbedder, VectorCache
from tests.fakes import tiny_onnx
from tests.fakes.embeddings_api import embeddings_api

TEXTS = ["silver stocks fall in London", "smelters pay miners for feed", "白银库存下降", "the fund cannot issue shares", "x" * 9_000, "  "]
WORDS = sorted({word for text in TEXTS for word in text.split()} | {"silver", "London", "feed", "?"})


@pytest.fixture(params=["hashed", "endpoint", "voyage", "onnx", "cached"])
def embedder(request, tmp_path, monkeypatch):
    monkeypatch.setenv("VOYAGE_API_KEY", "k")
    if request.param == "hashed":
        yield HashedBM25(64)
        return
    if request.param == "onnx":
        tiny_onnx.write(tmp_path / "model", WORDS)
        yield make_embedder(EmbeddingSettings(provider="onnx", path="model", batch=2), tmp_path, HashedBM25)
        return
    with embeddings_api() as api:
        provider = "endpoint" if request.param == "cached" else request.param
        made = make_embedder(EmbeddingSettings(provider=provider, model="m", base_url=api.url, batch=2), tmp_path, HashedBM25)
        cache = VectorCache(tmp_path / "vectors.db")
        yield CachedEmbedder(made, cache, pytest.fail) if request.param == "cached" else made
        cache.close()
        made.close()


def test_a_vector_a_text_of_one_length_and_only_numbers(embedder):
    for vectors in (embedder.embed_documents(TEXTS), embedder.embed_queries(TEXTS)):
        assert vectors.shape == (len(TEXTS), embedder.dimensions)
        assert vectors.dtype == np.float32
        assert np.isfinite(vectors).all()


def test_no_text_gives_no_vector(embedder):
    assert embedder.embed_documents([]).shape == (0, embedder.dimensions)


def test_the_same_text_has_the_same_vector_in_any_company(embedder):
    together = embedder.embed_documents(TEXTS)
    alone = np.vstack([embedder.embed_documents([text]) for text in reversed(TEXTS)])[::-1]
    assert np.allclose(together, alone, atol=1e-5)
    assert np.array_equal(embedder.embed_documents(TEXTS), together)


def test_a_question_is_nearest_to_the_passage_it_shares_its_words_with(embedder):
    documents = embedder.embed_documents(TEXTS[:4])
    for question, wanted in (("silver London", 0), ("feed miners", 1), ("shares fund", 3)):
        assert int(np.argmax(documents @ embedder.embed_queries([question])[0])) == wanted


def test_the_fingerprint_names_the_model_and_stays(embedder):
    first = embedder.fingerprint
    embedder.embed_documents(["a"])
    assert embedder.fingerprint == first
    assert len(first) < 200
