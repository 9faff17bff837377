"""What becomes of records: archives, expiry, repetitions, contradictions."""

from datetime import date

import pytest

from memory.archive import export, take_in
from memory.database import Database
from memory.errors import ConflictError, InputError
from memory.life import contradictions, disputes, expire, keep_note, repeats, stats
from memory.recall import Recall
from memory.records import Draft, Kind, Relation, Status
from memory.store import Store


@pytest.fixture
def recall(database, store):
    return Recall(database, store, lambda: None)


@pytest.fixture
def other(tmp_path, clock):
    opened = Database(tmp_path / "other.db")
    yield opened, Store(opened, clock)
    opened.close()


def fill(store):
    first = store.remember(Draft(body="Stocks are 450", idempotency_key="a", thesis_slugs=("silver",), valid_to=date(2026, 6, 1)))
    second = store.remember(Draft(body="库存降到 417"), supersedes=first.id, linked=[(Relation.CITES, first.id)])
    gone = store.remember(Draft(body="Wrong", kind=Kind.FINDING, data={"x": [1, None]}))
    store.end(gone.id, Status.RETRACTED, "a typing mistake")
    return first, second, gone


def test_an_archive_gives_the_same_memory_with_versions_ends_and_links_and_twice_changes_nothing(database, store, other):
    kept = fill(store)
    lines = list(export(database))
    target, into = other
    done = take_in(target, into, lines)
    assert (done.records, done.links, done.known) == (3, 2, 0)
    assert [into.get(record.id) for record in kept] == [store.get(record.id) for record in kept]
    assert into.links_of(kept[1].id) == store.links_of(kept[1].id)
    assert [hit.id for hit in Recall(target, into, lambda: None).search("库存").hits] == [kept[1].id]
    assert take_in(target, into, lines) == (0, 0, 3)
    assert list(export(target)) == lines
    assert dict(into.live_texts()) == dict(store.live_texts())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[1:], "no archive"),
        (lambda lines: [], "no archive"),
        (lambda lines: [*lines, "{"], "no JSON"),
        (lambda lines: [*lines, '{"record": {"body": "x"}, "ended_at": null}'], "no record of an archive"),
    ],
)
def test_a_file_that_is_no_archive_changes_nothing(database, store, other, change, said):
    fill(store)
    target, into = other
    with pytest.raises(InputError, match=said):
        take_in(target, into, change(list(export(database))))
    assert into.count() == 0


def test_an_archive_that_says_otherwise_of_what_is_here_is_refused_whole(database, store, other):
    fill(store)
    lines = list(export(database))
    target, into = other
    into.remember(Draft(body="Something else", idempotency_key="a"))
    with pytest.raises(ConflictError, match="a is another record here"):
        take_in(target, into, lines)
    with pytest.raises(ConflictError, match="has another text here"):
        take_in(database, store, [lines[0], lines[1].replace("Stocks", "Shares")])
    assert (into.count(), store.count()) == (1, 3)


def test_what_is_no_longer_valid_expires_with_its_reason_and_stays_readable(database, store):
    old, _, _ = fill(store)
    due = store.remember(Draft(body="Margin is 18", valid_to=date(2026, 2, 28)))
    kept = store.remember(Draft(body="Margin is 20", valid_to=date(2026, 3, 2)))
    assert expire(database, store, date(2026, 3, 2)) == [due.id]
    assert expire(database, store, date(2026, 3, 2)) == []
    ended = store.get(due.id)
    assert (ended.status, ended.reason) == (Status.EXPIRED, "it was valid to 2026-02-28")
    assert store.get(kept.id).status is Status.LIVE
    assert store.get(old.id).status is Status.SUPERSEDED


SAID = "Lease rates in London rose because three vaults lend no more silver"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (SAID, True),
        (SAID.upper() + ".", True),
        (f"{SAID} at 7.2 per cent", False),
        ("Lease rates in Shanghai rose because two smelters lend no more copper", False),
        ("Yes", False),
    ],
)
def test_what_says_nothing_new_is_noticed_and_a_new_number_is_new(store, recall, text, same):
    store.remember(Draft(body=SAID))
    assert (repeats(recall, Draft(body=text)) is not None) is same


def test_the_same_words_on_another_thesis_are_no_repetition(store, recall):
    store.remember(Draft(body=SAID, thesis_slugs=("silver",)))
    assert repeats(recall, Draft(body=SAID, thesis_slugs=("silver",)))
    assert repeats(recall, Draft(body=SAID, thesis_slugs=("copper",))) is None


def test_another_number_for_the_same_is_put_as_a_question_and_both_stay(store, recall):
    first = store.remember(Draft(body="Refined tin output of Peru grew 7 per cent"))
    (found,) = contradictions(recall, Draft(body="Refined tin output of Peru grew 3 per cent"))
    assert found.record == first.id
    assert found.question.endswith("which holds, and on which source?")
    assert contradictions(recall, Draft(body="Refined tin output of Peru grew 7 per cent")) == []
    assert contradictions(recall, Draft(body="Wages in the tram depot grew 3 per cent")) == []
    assert store.get(first.id).status is Status.LIVE


def test_the_counts_are_by_kind_status_and_language(database, store):
    fill(store)
    assert stats(database) == {
        "kind": {"finding": 1, "note": 2},
        "status": {"live": 1, "retracted": 1, "superseded": 1},
        "lang": {"en": 2, "zh": 1},
    }


def test_a_note_that_says_nothing_new_is_not_kept_and_one_that_contradicts_is_asked_about_until_it_is_settled(store, recall, clock):
    first = keep_note(store, recall, Draft(body="Refined tin output of Peru grew 7 per cent", thesis_slugs=("tin",)))
    again = keep_note(store, recall, Draft(body="refined tin output of Peru grew 7 per cent."))
    assert (again.record.id, again.repeats, store.count()) == (first.record.id, True, 1)
    against = keep_note(store, recall, Draft(body="Refined tin output of Peru grew 3 per cent"))
    assert len(against.questions) == 1
    (found,) = disputes(store, clock())
    assert (found.records, found.theses) == ((against.record.id, first.record.id), ("tin",))
    keep_note(store, recall, Draft(body="Refined tin output of Peru grew 7 per cent, as the ministry says"), against.record.id)
    assert disputes(store, clock()) == []
