import pytest

from memory.embedding import HashedBM25
from memory.errors import BusyError, IndexBrokenError
from memory.identity import desk_id
from memory.index_server import ServerIndex
from memory.ranking import LEARNED
from memory.recall import Indexer, Recall
from memory.records import Draft
from tests.fakes.chroma import chroma_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with chroma_server(tmp_path_factory.mktemp("chroma") / "served") as url:
        yield url


def connect(url, desk, said=None):
    return ServerIndex.connect(url, desk, HashedBM25(), (said if said is not None else []).append)


def test_two_processes_share_one_index_and_another_desk_has_its_own(server, store, database):
    name = desk_id(database)
    ids = store.remember_many([Draft(body=f"passage {n} on silver {n * 7}") for n in range(20)])
    with connect(server, name) as here, connect(server, name) as there, connect(server, "other") as other:
        assert here.fresh
        Indexer(store, here).drain()
        assert there.ids() == set(ids)
        Indexer(store, there).check()
        assert other.ids() == set()
        hits = Recall(database, store, lambda: there).search("silver passage 49", 3).hits
        assert hits
        assert any("vector" in hit.why for hit in hits)
    with connect(server, name) as again:
        assert not again.fresh


def test_what_was_measured_for_a_model_counts_on_a_server_too(server, store, database):
    class Learned(HashedBM25):
        fingerprint = "learned"

    store.remember(Draft(body="lease rates of silver in London"))
    with ServerIndex.connect(server, "learned", Learned(), print) as index:
        Indexer(store, index).drain()
        weights = {"learned": LEARNED._replace(vector={"en": 1.0})}
        why = [Recall(database, store, lambda: index, of).search("silver lease rates").hits[0].why for of in (weights.get, lambda _: None)]
    assert [why.keys() & {"lexical", "vector"} for why in why] == [{"vector"}, {"lexical", "vector"}]
    assert why[1]["lexical"] == pytest.approx(why[1]["vector"], rel=0.01)  # half and half


def test_the_index_is_filled_anew_from_the_records(server, store):
    ids = store.remember_many([Draft(body=f"passage {n}") for n in range(5)])
    with connect(server, "refilled") as index:
        index.upsert(["ghost"], ["not in the records"])
        index.refill(store.live_texts())
        assert index.ids() == set(ids)


def test_vectors_of_another_model_are_noticed(server):
    class Drifted(HashedBM25):
        K1 = 3.0
        fingerprint = HashedBM25().fingerprint

    connect(server, "drift").close()
    with pytest.raises(IndexBrokenError, match="rebuild"):
        ServerIndex.connect(server, "drift", Drifted(), print)


def test_while_the_server_is_away_words_alone_are_searched_and_writes_wait(tmp_path):
    said = []
    with chroma_server(tmp_path / "served") as url:
        index = connect(url, "away", said)
    assert index.query("silver", 3) == []
    assert "searching by words alone" in said[0]
    with pytest.raises(BusyError, match="chroma run"):
        index.upsert(["a"], ["silver"])
    with pytest.raises(BusyError, match="chroma run"):
        connect(url, "away")
    index.close()


def test_a_desk_has_one_id_for_ever(database):
    assert desk_id(database) == desk_id(database) != ""
