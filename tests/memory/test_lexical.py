import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.database import Database
from memory.lexical import MOST_SCORED, WordCounts, best_by_words, frequency, write_words
from memory.recall import Recall
from memory.records import Draft, Kind
from memory.store import Store
from memory.text import fts_document, fts_word, tokens

SET = Path(__file__).parents[2] / "memory" / "recall_set"
WORDS = st.sampled_from(["silver", "copper", "stocks", "fall", "1,000.5", "café", "白银", "库存下降", "a" * 3000, "lease", "rates"])
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=30).map(" ".join), min_size=1, max_size=12)


def ranked(database, texts, question):
    """Scores by record number on an empty table; nothing of it stays."""
    words = [fts_word(token) for token in dict.fromkeys(tokens(question))]
    with database.engine.connect() as connection:
        write_words(connection, [(number, fts_document(text)) for number, text in enumerate(texts, 1)])
        found = frequency(connection, words), best_by_words(connection, words, 100)
        connection.rollback()
    return found


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS, question=st.lists(WORDS, min_size=1, max_size=4).map(" ".join))
def test_both_databases_count_and_score_alike(both, texts, question):
    (here, scores), (there, others) = (ranked(database, texts, question) for database in both)
    assert here == there
    assert scores == pytest.approx(others, rel=1e-9, abs=1e-12)


def test_both_databases_answer_every_question_of_the_set_alike(both, clock):
    drafts = [
        Draft(kind=Kind.CHUNK, body=paragraph, title=path.stem, source_uri=path.name)
        for path in sorted((SET / "documents").glob("*.md"))
        for paragraph in path.read_text(encoding="utf-8").split("\n\n")[1:]
    ]
    answers = []
    for database in both:
        store = Store(database, clock)
        place = {name: number for number, name in enumerate(store.remember_many(drafts))}
        recall = Recall(database, store, lambda: None)
        asked = json.loads((SET / "queries.json").read_text(encoding="utf-8"))
        answers.append([[(place[hit.id], hit.score) for hit in recall.search(query["query"], 8).hits] for query in asked])
    assert answers[0] == answers[1]


def test_a_text_larger_than_the_index_takes_is_found_by_its_first_words(database):
    text = "opening " + " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{'x' * (n // 676)}" for n in range(40_000))
    _, scores = ranked(database, [text, "other"], "opening")
    assert list(scores) == [1]


@pytest.fixture
def everywhere(tmp_path):
    """A table in which one word stands in every record, and two in a few."""
    database = Database(tmp_path / "desk.db")
    texts = ["desk"] * (MOST_SCORED + 1_000)
    texts[5], texts[7], texts[9] = "desk silver", "desk copper", "desk silver copper"
    with database.engine.connect() as connection:
        write_words(connection, list(enumerate(texts)))
        yield connection
        connection.rollback()
    database.close()


def test_of_a_word_that_stands_everywhere_the_newest_records_are_scored(everywhere):
    found = best_by_words(everywhere, ["desk"], 50_000, narrow=True)
    assert len(found) == MOST_SCORED + 1_000  # fewer were wanted than there are: all are scored after all
    found = best_by_words(everywhere, ["desk"], 100, narrow=True)
    assert len(found) == 100
    assert min(found) >= 1_000


def test_narrowed_those_that_hold_all_words_come_before_those_that_hold_two(everywhere):
    assert list(best_by_words(everywhere, ["silver", "copper", "desk"], 1, narrow=True)) == [9]
    assert list(best_by_words(everywhere, ["silver", "copper", "desk"], 3, narrow=True)) == [9, 5, 7]


def test_words_are_counted_anew_when_there_is_another_record(everywhere):
    counts = WordCounts()
    assert counts.of(everywhere, ["silver", "tin"], 21_000) == {"silver": 2}
    write_words(everywhere, [(50_000, "silver tin")])
    assert counts.of(everywhere, ["silver", "tin"], 21_000) == {"silver": 2}
    assert counts.of(everywhere, ["silver", "tin"], 50_000) == {"silver": 3, "tin": 1}
