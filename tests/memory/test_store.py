from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from memory.errors import ConflictError, NotFoundError
from memory.records import Draft, Kind, Relation, Status


def test_a_note_is_found_again_whole(store):
    draft = Draft(body="白银库存 fell", author="quant", thesis_slugs=("silver",), data={"x": [1, 2.5]}, locator="p. 3")
    record = store.remember(draft)
    again = store.get(record.id)
    assert (again.body, again.author, again.thesis_slugs, again.data, again.locator) == (
        draft.body,
        "quant",
        ("silver",),
        {"x": [1, 2.5]},
        "p. 3",
    )
    assert again.version == 1
    assert again.lang == "mixed"


def test_the_same_idempotency_key_writes_once(store):
    first = store.remember(Draft(body="once", idempotency_key="k"))
    second = store.remember(Draft(body="other words", idempotency_key="k"))
    assert second == first
    assert store.count() == 1


def test_a_batch_answers_in_order_and_writes_a_doubled_key_once(store):
    drafts = [Draft(body=f"note {i}", idempotency_key=f"k{i % 3}") for i in range(7)]
    ids = store.remember_many(drafts)
    assert len(ids) == 7
    assert ids[0] == ids[3] == ids[6]
    assert store.count() == 3


def test_superseding_makes_the_next_version_and_keeps_the_old_one_readable(store, clock):
    first = store.remember(Draft(body="stocks are 450"))
    clock.advance(days=1)
    between = clock()
    clock.advance(days=1)
    second = store.remember(Draft(body="stocks are 417"), supersedes=first.id)
    assert (second.version, second.entity_id) == (2, first.entity_id)
    assert store.get(first.id).status is Status.SUPERSEDED
    assert [r.body for r in store.find(kinds=[Kind.NOTE])] == ["stocks are 417"]
    assert [r.body for r in store.find(kinds=[Kind.NOTE], as_of=between)] == ["stocks are 450"]
    assert [r.id for r in store.versions(first.entity_id)] == [first.id, second.id]


def test_the_second_of_two_who_supersede_one_version_is_refused_and_told_who_was_first(store):
    first = store.remember(Draft(body="a"))
    winner = store.remember(Draft(body="b"), supersedes=first.id)
    with pytest.raises(ConflictError, match=winner.id):
        store.remember(Draft(body="c"), supersedes=first.id)
    assert store.count() == 2


def test_superseding_what_does_not_exist_is_refused(store):
    with pytest.raises(NotFoundError, match="recall"):
        store.remember(Draft(body="b"), supersedes="01NOTHERE")


def test_what_is_known_later_is_not_seen_earlier(store):
    store.remember(Draft(body="later", known_from=datetime(2026, 2, 1, tzinfo=UTC)))
    assert store.find(as_of=datetime(2026, 1, 31, tzinfo=UTC)) == []
    assert len(store.find(as_of=datetime(2026, 2, 1, tzinfo=UTC))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET body = 'forged'",
        "DELETE FROM records",
        "UPDATE records SET known_at = '2020'",
        "UPDATE records SET status = 'live'",
    ],
)
def test_a_stored_record_cannot_be_rewritten(store, database, statement):
    record = store.remember(Draft(body="said"))
    store.end(record.id, Status.RETRACTED, "wrong")
    with pytest.raises(DatabaseError, match=r"append-only|has ended"), database.writing() as connection:
        connection.execute(text(statement))
    assert store.get(record.id).body == "said"


def test_records_come_in_the_order_they_are_asked_for(store):
    ids = store.remember_many([Draft(body=f"note {i}") for i in range(20)])[::-1]
    assert list(store.many(ids)) == ids


def test_links_are_written_once_and_found_from_both_ends(store):
    a, b = store.remember(Draft(body="a")), store.remember(Draft(body="b"))
    store.link(a.id, Relation.CONTRADICTS, b.id)
    store.link(a.id, Relation.CONTRADICTS, b.id)
    assert len(store.links_of(a.id)) == 1
    assert store.links_of(a.id) == store.links_of(b.id)


def test_a_retracted_record_leaves_the_index_by_the_outbox(store):
    record = store.remember(Draft(body="a"))
    store.end(record.id, Status.RETRACTED, "a typing error")
    assert [(w.record_id, w.action) for w in store.index_work(10)] == [(record.id, "upsert"), (record.id, "delete")]
    assert dict(store.live_texts([record.id])) == {}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.text(min_size=1).filter(lambda s: "\x00" not in s and s.isprintable()), min_size=1, max_size=5))
def test_every_text_comes_back_as_it_was_given(store, bodies):
    ids = store.remember_many([Draft(body=body) for body in bodies])
    found = store.many(ids)
    assert [found[name].body for name in ids] == bodies
    assert store.mismatched_bodies() == []
