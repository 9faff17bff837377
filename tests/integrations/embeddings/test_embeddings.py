"""Embeddings by setting: requests, faults, the cache, and the change from one model to another."""

import json

import numpy as np
import pytest

from integrations.desk import Desk
from integrations.embeddings import make_embedder
from integrations.embeddings.endpoint import EndpointEmbedder
from integrations.new_desk import make_desk
from integrations.settings import EmbeddingSettings
from memory.embedding import HashedBM25
from memory.errors import EmbedderError, IndexBrokenError, InputError
from memory.records import Draft, Status
from memory.vector_cache import CachedEmbedder, VectorCache
from tests.fakes import tiny_onnx
from tests.fakes.embeddings_api import embeddings_api

JSON = {"content-type": "application/json"}


@pytest.fixture
def api():
    with embeddings_api() as served:
        yield served


@pytest.fixture
def endpoint(api):
    waits = []
    made = EndpointEmbedder(EmbeddingSettings(provider="endpoint", model="bge-m3", base_url=api.url, batch=3), "secret", waits.append)
    made.waits = waits
    yield made
    made.close()


def test_texts_go_out_in_batches_with_the_key_and_come_back_in_order(api, endpoint):
    texts = [f"passage {n} about tin" for n in range(7)]
    vectors = endpoint.embed_documents(texts)
    assert [len(request["input"]) for request in api.requests] == [3, 3, 1]
    assert set(api.keys) == {"Bearer secret"}
    plain = HashedBM25(64).embed_documents(texts)
    assert np.allclose(vectors, plain / np.linalg.norm(plain, axis=1, keepdims=True), atol=1e-5)


def test_prefixes_stand_before_each_side_and_a_long_text_is_cut(api):
    settings = EmbeddingSettings(
        provider="endpoint", model="e5", base_url=api.url, query_prefix="query: ", document_prefix="passage: ", longest=100
    )
    made = EndpointEmbedder(settings, "")
    made.embed_queries(["tin"])
    made.embed_documents(["x" * 500])
    made.close()
    assert api.texts == ["query: tin", "passage: " + "x" * 91]
    assert api.keys == [None, None]


def test_voyage_is_told_the_side_and_the_length_it_should_give(api, monkeypatch, tmp_path):
    monkeypatch.setenv("VOYAGE_API_KEY", "vk")
    settings = EmbeddingSettings(provider="voyage", model="voyage-3.5", base_url=api.url, dimensions=32)
    made = make_embedder(settings, tmp_path, HashedBM25)
    assert made.embed_queries(["tin"]).shape == (1, 32)
    made.embed_documents(["tin"])
    made.close()
    assert [request["input_type"] for request in api.requests] == ["query", "document"]
    assert api.requests[0]["output_dimension"] == 32
    assert api.keys[0] == "Bearer vk"


def test_without_its_key_a_provider_says_which_variable_is_missing(tmp_path):
    with pytest.raises(InputError, match="VOYAGE_API_KEY is not set"):
        make_embedder(EmbeddingSettings(provider="voyage", model="voyage-3.5"), tmp_path, HashedBM25)


def test_a_busy_endpoint_is_asked_again_after_the_time_it_names(api, endpoint):
    api.faults = [(429, "{}", {"retry-after": "7"}), (503, "{}", {})]
    assert endpoint.embed_documents(["tin"]).shape == (1, 64)
    assert endpoint.waits == [7.0, 1.0]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ((401, "{}", {}), "refuses .HTTP 401"),
        ((200, "<html>", {}), "no JSON"),
        ((200, "[]", JSON), "no object"),
        ((200, '{"data": []}', JSON), "no list of 1 vectors"),
        ((200, '{"data": [{"vector": [1]}]}', JSON), "another form"),
        ((200, '{"data": [{"embedding": [0, 0]}]}', JSON), "no direction"),
        ((200, '{"data": [{"embedding": [1, NaN]}]}', JSON), "no direction"),
        ((200, '{"data": [{"embedding": ["a"]}]}', JSON), "different lengths"),
    ],
)
def test_a_wrong_answer_is_an_error_that_says_what_to_check_and_is_not_repeated(api, endpoint, fault, said):
    api.faults = [fault]
    with pytest.raises(EmbedderError, match=said):
        endpoint.embed_documents(["tin"])
    assert len(api.requests) == 1


def test_an_endpoint_that_is_not_there_is_tried_a_few_times(endpoint):
    gone = EndpointEmbedder(EmbeddingSettings(provider="endpoint", model="m", base_url="http://127.0.0.1:9/v1"), "", endpoint.waits.append)
    with pytest.raises(EmbedderError, match=r"gives no vectors .ConnectError.: start it"):
        gone.embed_documents(["tin"])
    assert endpoint.waits == [0.5, 1.0, 2.0]
    gone.close()


@pytest.mark.parametrize("fields", [{"provider": "endpoint", "model": "m"}, {"provider": "onnx"}, {"provider": "voyage"}])
def test_a_provider_without_what_it_needs_is_refused(fields):
    with pytest.raises(ValueError, match="needs"):
        EmbeddingSettings(**fields)


def test_a_local_model_pools_its_tokens_and_another_file_is_another_fingerprint(tmp_path):
    tiny_onnx.write(tmp_path / "a", ["tin", "copper"])
    tiny_onnx.write(tmp_path / "b", ["tin", "copper"], seed=2)
    one, cls, other = (
        make_embedder(EmbeddingSettings(provider="onnx", path=path, pooling=pooling), tmp_path, HashedBM25)
        for path, pooling in (("a", "mean"), ("a", "cls"), ("b", "mean"))
    )
    both = one.embed_documents(["tin copper"])[0]
    parts = one.embed_documents(["tin", "copper"])
    assert not np.allclose(both, parts[0])
    assert np.allclose(cls.embed_documents(["tin copper"])[0], parts[0], atol=1e-6)
    # Padding, which a longer neighbour brings, changes nothing.
    assert np.allclose(one.embed_documents(["tin", "tin copper tin copper"])[0], parts[0], atol=1e-6)
    assert len({one.fingerprint, cls.fingerprint, other.fingerprint}) == 3


@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json"])
def test_a_broken_local_model_is_named(tmp_path, broken):
    folder = tiny_onnx.write(tmp_path / "a", ["tin"])
    (folder / broken).write_bytes(b"no model")
    made = make_embedder(EmbeddingSettings(provider="onnx", path="a"), tmp_path, HashedBM25)
    with pytest.raises(EmbedderError, match=broken):
        made.embed_documents(["tin"])
    (folder / broken).unlink()
    with pytest.raises(EmbedderError, match="there is no"):
        make_embedder(EmbeddingSettings(provider="onnx", path="a"), tmp_path, HashedBM25)


def test_a_text_is_paid_for_once_also_after_a_restart_and_another_model_pays_again(api, endpoint, tmp_path):
    for _ in range(2):
        cache = VectorCache(tmp_path / "vectors.db")
        cached = CachedEmbedder(endpoint, cache, pytest.fail)
        first = cached.embed_documents(["tin", "copper", "tin"])
        cached.embed_queries(["tin"])
        cache.close()
    assert api.texts == ["tin", "copper", "tin"]
    assert np.array_equal(first[0], first[2])
    cache = VectorCache(tmp_path / "vectors.db")
    other = EndpointEmbedder(EmbeddingSettings(provider="endpoint", model="other", base_url=api.url), "")
    CachedEmbedder(other, cache, pytest.fail).embed_documents(["tin"])
    assert api.texts[-1] == "tin"
    assert cache.forget(other.fingerprint) == 3
    cache.close()
    other.close()


@pytest.fixture
def folder(tmp_path):
    return make_desk(tmp_path / "desk")


def set_to(folder, **embedding):
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in embedding.items())
    (folder / "stoa.toml").write_text(f"[desk]\nname = 'd'\n[embedding]\n{lines}", encoding="utf-8")


NOTES = [
    f"Desk note {n} about {metal} in {place}" for n, (metal, place) in enumerate((m, p) for m in ("tin", "zinc") for p in ("Lima", "Perth"))
]


def open_desk(folder, said):
    return Desk(folder, warn=said.append)


def test_a_newly_set_model_is_built_beside_while_the_old_index_serves(folder, api):
    said = []
    with open_desk(folder, said) as desk:
        desk.store.remember_many([Draft(body=text) for text in NOTES])
        desk.drain_index()
    set_to(folder, provider="endpoint", model="bge-m3", base_url=api.url)
    with open_desk(folder, said) as desk:
        index = desk.index()
        assert index.fingerprint.startswith("bm25h")
        assert "still of bm25h" in said.pop()
        assert [hit.text for hit in desk.recall.search("tin in Lima", 1).hits] == [NOTES[0]]
        late = desk.store.remember(Draft(body="A late note about cobalt"))
        gone = desk.store.find()[3]
        desk.store.end(gone.id, Status.RETRACTED, "wrong")
        assert desk.reindex().wait(5)
        assert index is desk.index()
        assert index.fingerprint.startswith("endpoint:bge-m3")
        assert index.ids() == {record.id for record in desk.store.find()}
        assert late.id in index.ids()
        assert gone.id not in index.ids()
        index.check(list(desk.store.live_texts()))
        assert desk.drain_index() >= 1
        assert [hit.id for hit in desk.recall.search("cobalt", 1).hits] == [late.id]
    with open_desk(folder, said) as desk:
        assert desk.index().fingerprint.startswith("endpoint:bge-m3")
        assert desk.index().ids() == {record.id for record in desk.store.find()}
    assert said == []


def by_worker(desk):
    from integrations.cli.worker import serve_worker
    from integrations.terminal import SilentChannel

    serve_worker(desk, SilentChannel(), lambda: desk.reindex().wait(5))


def by_slack(desk):
    from integrations.slack.app import _warm

    _warm(desk)
    assert desk.reindex().wait(5)


def by_board(desk):
    from integrations.board.events import Now
    from integrations.board.pen import Pen

    assert desk.vectors.outdated
    pen = Pen(desk, Now())
    pen.renew_index().result(timeout=5)
    pen.close()


@pytest.mark.parametrize("serve", [by_worker, by_slack, by_board])
def test_whatever_serves_builds_the_index_of_a_newly_set_model(folder, api, serve):
    said = []
    with open_desk(folder, said) as desk:
        desk.store.remember_many([Draft(body=text) for text in NOTES])
        desk.drain_index()
    set_to(folder, provider="endpoint", model="bge-m3", base_url=api.url)
    with open_desk(folder, said) as desk:
        serve(desk)
    with open_desk(folder, said) as desk:
        assert desk.index().fingerprint.startswith("endpoint:bge-m3")
        desk.index().check(list(desk.store.live_texts()))


def test_a_build_that_fails_or_is_stopped_leaves_the_old_index_serving(folder, api):
    said = []
    with open_desk(folder, said) as desk:
        desk.store.remember_many([Draft(body=text) for text in NOTES])
        desk.drain_index()
    set_to(folder, provider="endpoint", model="bge-m3", base_url=api.url)
    api.faults = [(401, "{}", {})]
    with open_desk(folder, said) as desk:
        assert desk.reindex().wait(5)
        assert "goes on serving" in said[-1]
        assert desk.index().fingerprint.startswith("bm25h")
        assert "tin" in desk.recall.search("tin", 4).hits[0].text
    with open_desk(folder, said) as desk:
        assert desk.index().fingerprint.startswith("bm25h")
        assert desk.rebuild_index() == 4
    with open_desk(folder, said) as desk:
        assert desk.index().fingerprint.startswith("endpoint:bge-m3")


def test_while_the_endpoint_is_down_the_desk_finds_by_words_and_says_so_and_catches_up_later(folder, api):
    set_to(folder, provider="endpoint", model="bge-m3", base_url=api.url)
    said = []
    with open_desk(folder, said) as desk:
        desk.store.remember_many([Draft(body=text) for text in NOTES])
        desk.drain_index()
        new = desk.store.remember(Draft(body="Nickel in Perth"))
        api.faults = [(401, "{}", {})] * 2
        assert desk.drain_index() == 0
        assert [hit.id for hit in desk.recall.search("nickel", 1).hits] == [new.id]
        assert ["1 records wait" in said[0], "by words alone" in said[1]] == [True, True]
        assert desk.drain_index() == 1
        assert new.id in desk.index().ids()


def test_a_model_that_changed_behind_its_name_is_noticed_at_the_next_start(folder, api):
    set_to(folder, provider="endpoint", model="bge-m3", base_url=api.url)
    said = []
    with open_desk(folder, said) as desk:
        desk.store.remember_many([Draft(body=text) for text in NOTES])
        desk.drain_index()
    api.drift = 0.5
    with open_desk(folder, said) as desk:
        assert desk.index() is not None
    assert "no longer gives the vectors" in said[0]


def test_noise_in_the_last_digits_is_no_change_of_the_model(folder, api):
    set_to(folder, provider="endpoint", model="bge-m3", base_url=api.url)
    said = []
    with open_desk(folder, said) as desk:
        desk.drain_index()
        desk.index()
    api.drift = 1e-4
    with open_desk(folder, said) as desk:
        desk.index().check()
        api.drift = 0.5
        with pytest.raises(IndexBrokenError, match="no longer gives"):
            desk.index().check()
    assert said == []
