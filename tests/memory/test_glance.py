"""Reads for screens give what the book gives, once parsed or not."""

from datetime import UTC, datetime, timedelta

import pytest

from memory.glance import STEPS, Glance, decided, pulse, recent_runs, thread
from memory.journal import Journal
from memory.records import Draft, Kind
from memory.thesis import Approval, Proposal

START = datetime(2025, 1, 1, tzinfo=UTC)


def revise(book, slug, number, conviction):
    against = book.get(slug).revision.hash if number else ""
    patch = {"conviction": conviction} if number else {"title": slug, "claim": "It rises.", "stance": "long", "conviction": conviction}
    at = START + timedelta(days=number)
    proposal = Proposal(thesis=slug, against=against, author="person", patch=patch, rationale=f"r{number}")
    return book.commit(proposal, Approval(by="p", at=at), at)


@pytest.fixture
def grown(book):
    for slug in ("copper", "silver"):
        for number in range(6):
            revise(book, slug, number, 0.5 + number / 100)
    return book


def test_the_book_at_a_glance_is_the_book_now_and_on_every_day(database, grown):
    glance = Glance(database)
    assert glance.entries() == grown.theses()
    for day in range(-1, 7):
        as_of = START + timedelta(days=day, hours=1)
        assert glance.entries(as_of) == grown.theses(as_of)


def test_a_new_revision_is_seen_by_a_glance_that_was_taken_before(database, grown):
    glance = Glance(database)
    assert [step.n for step in glance.steps()["copper"]] == [1, 2, 3, 4, 5, 6]
    revise(grown, "copper", 6, 0.9)
    assert glance.steps()["copper"][-1].conviction == 0.9
    assert glance.entries() == grown.theses()
    assert [step.n for step in glance.steps(START + timedelta(days=2))["copper"]] == [1, 2, 3]


def test_a_long_history_is_bounded_and_read_page_by_page(database, book):
    for number in range(STEPS + 10):
        revise(book, "copper", number, 0.5)
    glance = Glance(database)
    assert len(glance.steps()["copper"]) == STEPS
    newest = glance.history("copper", limit=5)
    assert [entry.revision.n for entry in newest] == [70, 69, 68, 67, 66]
    assert [entry.revision.n for entry in glance.history("copper", before=66, limit=2)] == [65, 64]
    assert glance.revision("copper", 3) == book.history("copper")[2]
    assert glance.revision("copper", 99) is None


def test_a_thread_is_read_from_its_end(database, store):
    for number in range(7):
        store.remember(Draft(kind=Kind.MESSAGE, body=f"m{number}", thread_id="t"))
    last, older = thread(database, "t", limit=3)
    assert ([record.body for _, record in last], older) == (["m4", "m5", "m6"], True)
    first, older = thread(database, "t", before=last[0][0], limit=9)
    assert ([record.body for _, record in first], older) == (["m0", "m1", "m2", "m3"], False)


def test_the_pulse_changes_with_what_it_stands_for_and_with_nothing_else(database, store, book, clock):
    journal = Journal(database, clock)
    seen = pulse(database)
    assert pulse(database) == seen
    store.remember(Draft(body="note"))
    spoken = pulse(database)
    assert [a == b for a, b in zip(seen, spoken, strict=True)] == [True, False, True, True]
    revision = revise(book, "copper", 0, 0.5)
    assert pulse(database).book != spoken.book
    journal.start("run", "research", START, {}, "1")
    assert pulse(database).runs != spoken.runs
    proposal = Proposal(thesis="copper", against=revision.hash, author="a", patch={"conviction": 0.6}, rationale="x", idempotency_key="k")
    with database.writing() as connection:
        asked = journal.ask(connection, "run", "why?", proposal, clock())
    waiting = pulse(database)
    assert waiting.approvals != spoken.approvals
    journal.decide(asked, "approved", "Ada", "")
    assert pulse(database).approvals != waiting.approvals
    assert [item.decided_by for item in decided(database)] == ["Ada"]
    assert [row.run_id for row in recent_runs(database)] == ["run"]
