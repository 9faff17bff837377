"""Questions taken apart, and the order of hits: each feature by what it changes."""

from datetime import UTC, datetime

import pytest

from memory.index import VectorHit
from memory.question import leans, names, understand
from memory.recall import Recall
from memory.recall_set.load import GROUPS, drafts, passages, questions
from memory.records import Draft, Kind
from tests.recall_set.measure import desk, table


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("Who bought the Korsund smelter, and what stopped it?", ["Who bought the Korsund smelter", "what stopped it"]),
        ("What is the price and how does it move?", ["What is the price", "how does it move"]),
        ("寿险现在的对冲比率是多少，理由又是什么？", ["寿险现在的对冲比率是多少", "理由又是什么"]),
        ("What did buyers and sellers say?", []),
    ],
)
def test_a_question_with_several_parts_is_taken_apart(query, parts):
    assert list(understand(query).parts) == parts


@pytest.mark.parametrize(
    ("query", "year", "months"),
    [
        ("stocks in June 2025", "2025", (6, 6)),
        ("stocks in autumn 2025", "2025", (9, 11)),
        ("stocks at the end of 2024", "2024", (12, 12)),
        ("2025 年 8 月的库存", "2025", (8, 8)),
        ("2025 年底库存", "2025", (12, 12)),
        ("2025年第三季度", "2025", (7, 9)),
        ("Q2 2023 revenue", "2023", (4, 6)),
        ("net debt in fiscal 2022", "2022", (1, 12)),
    ],
)
def test_the_time_that_a_question_names(query, year, months):
    found = understand(query)
    assert found.year == year
    assert (found.span.start.month, found.span.end.month) == months
    assert not found.newest


@pytest.mark.parametrize("query", ["What are stocks now?", "the latest lease rate", "目前的库存", "現在誰是局長"])
def test_a_question_for_the_newest(query):
    assert understand(query).newest


def test_a_part_that_leans_on_another_and_the_names_it_may_mean():
    assert leans("what stopped it the year after")
    assert not leans("how much tin did Indonesia refine")
    assert names("It was sold to Veldt Metals for 415 million") == ["Veldt Metals", "415"]


@pytest.fixture
def recall(database, store):
    return Recall(database, store, lambda: None)


def at(year, month):
    return datetime(year, month, 1, tzinfo=UTC)


def test_the_newest_comes_first_when_asked_for_and_the_one_of_then_when_a_time_is_named(store, recall):
    for month, value in ((1, 450), (5, 417), (9, 390)):
        store.remember(Draft(body=f"Silver stocks in the vaults are {value} tonnes", known_from=at(2025, month)))
    assert "390" in recall.search("silver stocks in the vaults now").hits[0].text
    assert "417" in recall.search("silver stocks in the vaults in June 2025").hits[0].text
    assert "450" in recall.search("silver stocks in the vaults in March 2025").hits[0].text
    assert recall.search("silver stocks now").hits[0].why["time"] > 0


def test_of_two_periods_the_one_asked_for_comes_first(store, recall):
    for year in ("2023", "2024"):
        store.remember(Draft(body="Net debt fell at year end", title="Halden, annual report", period=year))
    found = recall.search("Halden net debt 2023").hits
    assert found[0].why["period"] > 0
    assert store.get(found[0].id).period == "2023"


def talk(store, thread, *turns):
    for author, text in turns:
        store.remember(Draft(kind=Kind.MESSAGE, body=text, author=author, thread_id=thread))


def test_an_answer_is_found_beside_its_question_and_by_who_gave_it(store, recall):
    talk(store, "a", ("anna", "How much margin does the clearing house want?"), ("boris", "Eighteen more by noon."), ("chen", "Fine."))
    talk(store, "b", ("dora", "The road is open."), ("boris", "Good to hear."))
    found = recall.search("How much margin does the clearing house want?", 2).hits
    assert found[0].text == "Eighteen more by noon."
    assert found[0].why["neighbours"] > 0
    assert recall.search("What does Boris say about the margin of the clearing house?", 2).hits[0].author == "boris"


def test_what_was_said_on_the_day_that_a_question_names_comes_first(store, recall):
    for day in (3, 17, 28):
        said = datetime(2025, 6, day, 9, tzinfo=UTC)
        store.remember(
            Draft(kind=Kind.MESSAGE, body=f"We spoke of the tin price, note {day}", thread_id=f"t{day}", author="dora", known_from=said)
        )
    assert recall.search("What did Dora say of the tin price on 17 June?").hits[0].text.endswith("17")
    assert recall.search("六月 28 日 tin price 2025 年 6 月 28 日").hits[0].text.endswith("28")


def test_a_turn_that_holds_the_kind_of_answer_comes_before_one_that_does_not_or_only_asks(store, recall):
    talk(
        store,
        "a",
        ("anna", "When does the margin fall due?"),
        ("boris", "The margin? As always."),
        ("chen", "The margin falls due tomorrow."),
    )
    found = recall.search("When does the margin fall due?").hits
    assert found[0].text == "The margin falls due tomorrow."
    assert found[0].why["answer"] > 0
    assert [hit.why["asks"] < 0 for hit in found if hit.text.startswith("When")] == [True]


def test_talk_does_not_push_aside_a_document_that_answers(store, recall):
    store.remember(Draft(kind=Kind.CHUNK, body="Margin of the clearing house: eighteen more by noon", title="Circular"))
    talk(
        store,
        "a",
        ("anna", "The clearing house?"),
        ("boris", "More margin."),
        ("anna", "The clearing house again."),
        ("boris", "Margin, margin."),
    )
    assert recall.search("How much more margin does the clearing house want by noon?").hits[0].kind is Kind.CHUNK


def test_neighbours_that_may_not_be_seen_are_not_brought_in(store, recall, clock):
    talk(store, "a", ("anna", "How much margin does the clearing house want?"))
    store.remember(Draft(kind=Kind.MESSAGE, body="Eighteen more.", thread_id="a", known_from=at(2027, 1)))
    store.remember(Draft(kind=Kind.NOTE, body="A note in the thread.", thread_id="a"))
    seen = recall.search("margin clearing house", kinds=[Kind.MESSAGE], as_of=clock()).hits
    assert [hit.author for hit in seen] == ["anna"]


def test_texts_that_say_the_same_are_one_hit_but_for_their_numbers(store, recall):
    said = "Treatment charges in the spot market went below zero and smelters pay miners for feed"
    store.remember_many([Draft(body=text) for text in (said, said + ".", f"{said} now", f"{said} 12", f"{said} 14")])
    assert len(recall.search("treatment charges spot market smelters").hits) == 3


def test_a_wording_in_the_other_language_finds_what_was_written_in_it(store, recall):
    store.remember(Draft(body="伦敦金库的可流通白银降到 1.35 亿盎司"))
    store.remember(Draft(body="Silver ear rings can be borrowed for a wedding"))
    query, wording = "How much of the silver can still be borrowed?", "伦敦还有多少可流通白银"
    assert len(recall.search(query, variants=[wording]).hits) == 2
    assert ["ear rings" in hit.text for hit in recall.search(query).hits] == [True]


def test_the_shares_of_a_hit_add_up_to_its_score(store, recall):
    store.remember_many(drafts()[:60])
    for hit in recall.search("How far has the head grade of the ore fallen now?", 5).hits:
        assert sum(hit.why.values()) == pytest.approx(hit.score, abs=2e-3)


def test_of_a_models_vectors_counts_what_sets_a_record_apart(database, store):
    class Near:
        fingerprint = "a model"

        def query(self, _text, _k):
            return [VectorHit(name, near) for name, near in zip(ids, (0.8, 0.7, 0.6), strict=False)]

    texts = ("a turbine", "a dam in the hills", "rain and a dam upstream")
    ids = store.remember_many([Draft(body=text) for text in texts])
    hits = Recall(database, store, Near).search("rain over the dam").hits
    shares = {hit.id: hit.why["vector"] / hits[0].score for hit in hits if "vector" in hit.why}
    assert shares[ids[1]] == pytest.approx(shares[ids[0]] / 2, rel=0.01)
    assert ids[2] not in shares  # as near as anything: its words alone count
    assert ids[2] in [hit.id for hit in hits]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    with desk(tmp_path_factory.mktemp("set")) as opened:
        yield table(opened, "test")  # the half that no weight was chosen on


def test_the_set_is_as_large_as_it_says_and_every_answer_is_in_one_passage():
    bodies = [draft.body for draft in passages()]
    assert len(bodies) >= 300
    assert len(questions()) >= 240
    assert {question.group for question in questions()} == set(GROUPS)
    for question in questions():
        assert all(sum(answer in body for body in bodies) == 1 for answer in question.answers), question.id


@pytest.mark.parametrize("group", GROUPS)
def test_the_fusion_is_nowhere_below_a_channel_and_somewhere_above_each(measured, group):
    """Of recall@5, recall@10 and MRR."""
    fusion, *channels = ([round(value, 9) for value in measured[group, name][:3]] for name in ("fusion", "words", "vectors"))
    for channel in channels:
        assert all(ours >= theirs for ours, theirs in zip(fusion, channel, strict=True))
        assert fusion > channel


def test_the_fusion_finds_four_fifths_of_what_is_asked_in_words_of_the_passage(measured):
    groups = [group for group in GROUPS if group != "paraphrase"]
    total = sum(measured[group, "fusion"].at_10 * measured[group, "fusion"].count for group in groups)
    assert total / sum(measured[group, "fusion"].count for group in groups) >= 0.93
