import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.database import Database
from memory.embedding import HashedBM25
from memory.errors import BusyError, IndexBrokenError
from memory.index import VectorIndex
from memory.ingest import chunk, read_document
from memory.intake import Intake
from memory.recall import Indexer, Recall
from memory.records import Draft, Kind, Status, Trust
from memory.store import Store

SET = Path(__file__).parents[2] / "memory" / "recall_set"
QUERIES = json.loads((SET / "queries.json").read_text(encoding="utf-8"))


@pytest.fixture
def index(tmp_path):
    opened = VectorIndex.open(tmp_path / "chroma", HashedBM25())
    yield opened
    opened.close()


@pytest.fixture
def recall(database, store, index):
    return Recall(database, store, lambda: index)


def paragraphs(store):
    """Each paragraph of the set as a passage of its own, so that the right one has to be told from its neighbours."""
    drafts = [
        Draft(kind=Kind.CHUNK, body=paragraph, title=path.stem, source_uri=path.name)
        for path in sorted((SET / "documents").glob("*.md"))
        for paragraph in path.read_text(encoding="utf-8").split("\n\n")[1:]
    ]
    store.remember_many(drafts)
    return len(drafts)


def found_within(recall, query, k):
    hits = recall.search(query["query"], k).hits
    return any(query["quote"] in hit.text and hit.source_uri == query["document"] for hit in hits)


def test_the_set_is_sound():
    for lang in ("en", "zh"):
        assert sum(q["lang"] == lang and q["group"] == "plain" for q in QUERIES) >= 40
    for query in QUERIES:
        text = (SET / "documents" / query["document"]).read_text(encoding="utf-8")
        assert text.count(query["quote"]) == 1
        assert query["query"] not in text
    assert len({q["query"] for q in QUERIES}) == len(QUERIES)


def test_recall_at_five_is_at_least_four_fifths_in_each_language(store, index, recall):
    assert paragraphs(store) >= 90
    Indexer(store, index).drain()
    shares = {}
    for lang in ("en", "zh"):
        asked = [query for query in QUERIES if query["lang"] == lang and query["group"] == "plain"]
        shares[lang] = sum(found_within(recall, query, 5) for query in asked) / len(asked)
    assert shares["en"] >= 0.80, shares
    assert shares["zh"] >= 0.80, shares


def test_what_is_written_is_found_at_once_through_the_words(store, recall):
    record = store.remember(Draft(body="The lease rate in London is above six per cent"))
    found = recall.search("lease rate London")
    assert [hit.id for hit in found.hits] == [record.id]
    assert found.index_lag == 1
    assert set(found.hits[0].why) == {"lexical"}


def test_superseded_and_later_known_records_are_not_found(store, recall, clock):
    old = store.remember(Draft(body="silver stocks are 450"))
    store.remember(Draft(body="silver stocks are 417"), supersedes=old.id)
    store.remember(Draft(body="silver stocks are 390", known_from=datetime(2027, 1, 1, tzinfo=UTC)))
    assert [hit.text[-3:] for hit in recall.search("silver stocks", as_of=clock()).hits] == ["417"]


def test_kind_and_thesis_narrow_the_search(store, recall):
    store.remember(Draft(body="copper note", kind=Kind.NOTE, thesis_slugs=("copper",)))
    store.remember(Draft(body="copper finding", kind=Kind.FINDING))
    assert [hit.kind for hit in recall.search("copper", kinds=[Kind.FINDING]).hits] == [Kind.FINDING]
    assert [hit.text for hit in recall.search("copper", thesis="copper").hits] == ["copper note"]


@pytest.mark.parametrize("query", ["", "  ", "!!! ???", '"; DROP TABLE records; --', "NEAR(a b) OR *", "的", "🙂"])
def test_a_query_without_words_finds_nothing_and_breaks_nothing(store, recall, query):
    store.remember(Draft(body="silver"))
    assert recall.search(query).hits == []


def test_equal_texts_are_one_hit_and_people_come_first(store, recall):
    store.remember(Draft(body="tin is short", trust=Trust.OUTSIDE))
    person = store.remember(Draft(body="tin is short", trust=Trust.PERSON))
    assert [hit.id for hit in recall.search("tin short").hits] == [person.id]


def test_a_document_is_found_by_its_passages_with_their_place(store, recall, tmp_path):
    (tmp_path / "note.md").write_text("# Silver\n\nLease rates rose to seven per cent in London.\n", encoding="utf-8")
    report = Intake(store, tmp_path).add([tmp_path / "note.md"])
    (hit,) = recall.search("lease rates London").hits
    assert (report.documents, hit.source_uri, "Silver" in hit.locator) == (1, "note.md", True)
    assert hit.text in (tmp_path / "note.md").read_text(encoding="utf-8")


def test_a_changed_document_replaces_its_passages_and_an_unchanged_one_is_not_read_again(store, recall, tmp_path):
    path = tmp_path / "note.md"
    path.write_text("Stocks are 450 now.\n", encoding="utf-8")
    intake = Intake(store, tmp_path)
    intake.add([path])
    assert intake.add([path]).unchanged == 1
    path.write_text("Stocks are 417 now.\n", encoding="utf-8")
    assert intake.add([path]).documents == 1
    assert [hit.text for hit in recall.search("stocks").hits] == ["Stocks are 417 now."]
    assert [r.body for r in store.find(kinds=[Kind.CHUNK], live=False)] == ["Stocks are 450 now.", "Stocks are 417 now."]


def test_each_passage_is_a_slice_of_its_document(tmp_path):
    for path in sorted((SET / "documents").glob("*.md")):
        document = read_document(path)
        assert all(document.text[piece.start : piece.end] == piece.text for piece in chunk(document))


def test_what_has_nothing_in_common_with_a_question_has_no_say_in_the_order(store, index, recall):
    store.remember_many([Draft(body=f"Zinc stocks are {n} tonnes", known_from=datetime(2025, n, 1, tzinfo=UTC)) for n in (3, 4, 5)])
    Indexer(store, index).drain()
    before = [hit.text for hit in recall.search("zinc stocks now").hits]
    for n in range(30):
        store.remember(Draft(body=f"Harbour pilots rested {n} hours", thread_id="pilots", known_from=datetime(2025, 12, 1, tzinfo=UTC)))
    Indexer(store, index).drain()
    assert {row.thread_id for row in recall.candidates("zinc stocks now").rows} == {""}
    assert [hit.text for hit in recall.search("zinc stocks now").hits] == before


def test_the_index_survives_a_restart_vector_by_vector(store, tmp_path):
    ids = store.remember_many([Draft(body=f"passage {i} about silver and copper {i * 7}") for i in range(50)])
    with VectorIndex.open(tmp_path / "v", HashedBM25()) as index:
        Indexer(store, index).drain()
    with VectorIndex.open(tmp_path / "v", HashedBM25()) as index:
        assert index.ids() == set(ids)
        index.check(list(store.live_texts()))
        store.end(ids[3], Status.RETRACTED, "wrong")
        Indexer(store, index).drain()
        assert index.ids() == set(ids) - {ids[3]}
        Indexer(store, index).check()


def test_a_second_opener_is_refused_with_the_fix(index, tmp_path):
    with pytest.raises(BusyError, match="chroma run"):
        VectorIndex.open(tmp_path / "chroma", HashedBM25())


def test_another_embedding_model_is_noticed(tmp_path):
    VectorIndex.open(tmp_path / "v", HashedBM25()).close()
    with pytest.raises(IndexBrokenError, match="rebuild"):
        VectorIndex.open(tmp_path / "v", HashedBM25(512))


def test_vectors_that_are_not_what_was_written_are_noticed(tmp_path):
    class Drifted(HashedBM25):
        K1 = 3.0
        fingerprint = HashedBM25().fingerprint

    VectorIndex.open(tmp_path / "v", HashedBM25()).close()
    with pytest.raises(IndexBrokenError, match="rebuild"):
        VectorIndex.open(tmp_path / "v", Drifted())


def test_a_half_deleted_index_is_noticed_and_rebuilt_from_sql(store, tmp_path):
    ids = store.remember_many([Draft(body=f"passage {i}") for i in range(20)])
    with VectorIndex.open(tmp_path / "v", HashedBM25()) as index:
        Indexer(store, index).drain()
    (tmp_path / "v" / "chroma.sqlite3").unlink()
    with pytest.raises(IndexBrokenError):
        VectorIndex.open(tmp_path / "v", HashedBM25())
    with VectorIndex.rebuild(tmp_path / "v", HashedBM25(), store.live_texts()) as index:
        assert index.ids() == set(ids)
        Indexer(store, index).check()


COMMON_WORDS = {
    "all": ("copper", "tin", "zinc"),
    "two": ("wool", "silk", "jute"),
    "one": ("iron", "salt", "jade"),
    "han": ("白银", "库存", "上海"),
}


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """13,000 notes in which a word of each group stands; in 150 of them all of the first and the last group, and two of the second."""
    database = Database(tmp_path_factory.mktemp("crowded") / "desk.db")
    store = Store(database, lambda: datetime(2026, 3, 2, tzinfo=UTC))
    notes = [[words[number % 3] for words in COMMON_WORDS.values()] for number in range(13_000)]
    for said in notes[40::80][:150]:
        said[1:2] = COMMON_WORDS["two"][:2]
        said += [*COMMON_WORDS["all"], *COMMON_WORDS["han"]]
    store.remember_many(Draft(body=f"{' '.join(dict.fromkeys(said))} {number}") for number, said in enumerate(notes))
    yield Recall(database, store, lambda: None)
    database.close()


@pytest.mark.parametrize(("group", "together"), [("all", 3), ("two", 2), ("one", 1), ("han", 3)])
def test_of_common_words_the_records_with_most_of_them_come_first(crowded, group, together):
    words = COMMON_WORDS[group]
    hits = crowded.search(" ".join(words)).hits
    assert [sum(word in hit.text for word in words) for hit in hits] == [together] * 8


@pytest.mark.parametrize("bound", ["as_of", "kinds", "thesis", "without"])
def test_a_bound_question_is_answered_though_hundreds_out_of_bounds_answer_better(store, recall, bound):
    wanted = store.remember(
        Draft(body="refined silver left the vaults of one bank in the long winter of the strike", kind=Kind.FINDING, thesis_slugs=("silver",), author="a")
    )  # fmt: skip
    later = datetime(2027, 1, 1, tzinfo=UTC)
    store.remember_many(
        Draft(body=f"silver vaults, note {n}", kind=Kind.NOTE, thesis_slugs=("tin",), author="b", known_from=later) for n in range(400)
    )
    bounds = {
        "as_of": {"as_of": wanted.known_at},
        "kinds": {"kinds": [Kind.FINDING]},
        "thesis": {"thesis": "silver"},
        "without": {"without": "b"},
    }
    assert wanted.id not in [hit.id for hit in recall.search("silver vaults", 50).hits]
    assert [hit.id for hit in recall.search("silver vaults", **bounds[bound]).hits] == [wanted.id]
