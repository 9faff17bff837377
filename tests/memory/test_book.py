from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from memory.errors import InputError, IntegrityError, NotFoundError, StaleError
from memory.thesis import Approval, Evidence, Proposal

RUNS = count()
NOW = datetime(2026, 3, 1, tzinfo=UTC)
BASE = {"title": "Silver", "claim": "It rises.", "stance": "long", "conviction": 0.6}


def propose(against="", patch=None, slug="silver", key=""):
    return Proposal(thesis=slug, against=against, author="person", patch=patch or BASE, rationale="because", idempotency_key=key)


def approved():
    return Approval(by="person", at=NOW, mode="person")


def test_a_thesis_grows_by_revisions_and_each_names_its_parent(book):
    first = book.commit(propose(), approved(), NOW)
    second = book.commit(propose(first.hash, {"conviction": 0.7}), approved(), NOW)
    assert (second.n, second.parent) == (2, first.hash)
    assert book.get("silver").thesis.conviction == 0.7
    assert [entry.thesis.conviction for entry in book.history("silver")] == [0.6, 0.7]
    assert book.verify() == 2


def test_a_stale_proposal_is_refused_and_names_the_current_revision(book):
    first = book.commit(propose(), approved(), NOW)
    book.commit(propose(first.hash, {"conviction": 0.7}), approved(), NOW)
    with pytest.raises(StaleError, match="revision 2"):
        book.commit(propose(first.hash, {"conviction": 0.5}), approved(), NOW)
    assert book.get("silver").thesis.conviction == 0.7


def test_the_same_proposal_again_returns_the_revision_it_made(book):
    first = book.commit(propose(key="k"), approved(), NOW)
    assert book.commit(propose(key="k"), approved(), NOW) == first
    assert len(book.history("silver")) == 1


def test_the_book_as_of_a_day_shows_what_was_believed_then(book):
    first = book.commit(propose(), approved(), NOW)
    book.commit(propose(first.hash, {"conviction": 0.8}), approved(), NOW + timedelta(days=10))
    assert book.get("silver", NOW + timedelta(days=5)).thesis.conviction == 0.6
    with pytest.raises(NotFoundError):
        book.get("silver", NOW - timedelta(days=1))
    assert book.theses(NOW - timedelta(days=1)) == []


def test_a_revision_cannot_be_dated_before_the_one_it_follows(book):
    first = book.commit(propose(), approved(), NOW)
    with pytest.raises(StaleError, match="cannot follow"):
        book.commit(propose(first.hash, {"conviction": 0.8}), approved(), NOW - timedelta(days=1))


@pytest.mark.parametrize(
    ("patch", "word"),
    [({"conviction": 1.4}, "conviction"), ({"stance": "up"}, "stance"), ({"colour": "red"}, "no such field"), ({"slug": "gold"}, "rename")],
)
def test_a_patch_that_gives_no_thesis_is_one_clear_sentence_and_changes_nothing(book, patch, word):
    first = book.commit(propose(), approved(), NOW)
    with pytest.raises(InputError, match=word) as caught:
        book.commit(propose(first.hash, patch), approved(), NOW)
    assert "\n" not in str(caught.value)
    assert book.get("silver").revision == first


@pytest.mark.parametrize("column", ["body", "state", "hash", "parent", "effective_at"])
def test_one_changed_byte_of_a_stored_revision_is_found(book, database, column):
    first = book.commit(propose(), approved(), NOW)
    book.commit(propose(first.hash, {"conviction": 0.7}), approved(), NOW)
    with database.writing() as connection:
        connection.execute(text("DROP TRIGGER revisions_no_update" + " ON revisions" * database.postgres))
        value = connection.execute(text(f"SELECT {column} FROM revisions WHERE n = 2")).scalar()
        place = next(i for i, c in enumerate(value) if c.isdigit())
        forged = value[:place] + str((int(value[place]) + 1) % 10) + value[place + 1 :]
        connection.execute(text(f"UPDATE revisions SET {column} = :v WHERE n = 2"), {"v": forged})
    with pytest.raises(IntegrityError, match="silver revision 2"):
        book.verify()


@pytest.mark.parametrize("statement", ["UPDATE revisions SET body = ''", "DELETE FROM revisions"])
def test_the_database_itself_refuses_to_rewrite_the_record(book, database, statement):
    book.commit(propose(), approved(), NOW)
    with pytest.raises(DatabaseError, match="append-only"), database.writing() as connection:
        connection.execute(text(statement))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(["a", "a", "b", "b", "c"]), data=st.data())
def test_whatever_the_order_of_proposals_each_chain_holds_and_no_accepted_change_is_lost(book, order, data):
    run = next(RUNS)
    accepted = {}
    for number, name in enumerate(order):
        slug = f"{name}-{run}-{number % 2}"
        try:
            head = book.get(slug).revision.hash
        except NotFoundError:
            head = ""
        against = head if data.draw(st.booleans()) else "0" * 64
        try:
            book.commit(propose(against, {**BASE, "conviction": 0.1 + number / 10}, slug), approved(), NOW)
        except StaleError:
            assert against != head
            continue
        accepted[slug] = accepted.get(slug, 0) + 1
        assert book.get(slug).thesis.conviction == 0.1 + number / 10
    for slug, times in accepted.items():
        assert [entry.revision.n for entry in book.history(slug)] == list(range(1, times + 1))
    book.verify()


def test_evidence_and_approval_are_part_of_what_the_hash_covers(book):
    evidence = (Evidence(record="01A", quote="81 m oz", source_uri="sources/a.md", locator="p. 1", stance="supports"),)
    revision = book.commit(propose().model_copy(update={"evidence": evidence}), approved(), NOW)
    forged = revision.model_copy(update={"evidence": ()})
    assert forged.canonical() != revision.canonical()
