"""A desk of 100,000 records moves to PostgreSQL and back: every id, hash and count is kept."""

import hashlib
import os
import random

import pytest
from sqlalchemy import select, text

from memory.book import Book
from memory.clock import system_clock
from memory.database import Database
from memory.move import move
from memory.recall import Recall
from memory.store import Store
from memory.tables import metadata
from tests.bench.test_bench import drafts

RECORDS = int(os.environ.get("STOA_RECORDS", "100000"))


def digest(database):
    """One hash over every row of every table."""
    found = hashlib.sha256()
    with database.reading() as connection:
        for table in metadata.sorted_tables:
            if table.name != "meta":
                query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=2_000)
                for row in connection.execute(query):
                    found.update(repr(tuple(row)).encode())
    return found.hexdigest()


def answers(database, store, questions):
    recall = Recall(database, store, lambda: None)
    return [[(hit.id, hit.score) for hit in recall.search(question).hits] for question in questions]


@pytest.mark.parametrize("records", [RECORDS])
def test_a_large_desk_moves_there_and_back(benchmark, tmp_path, postgres_server, records):
    first, last = Database(tmp_path / "first" / "desk.db"), Database(tmp_path / "last" / "desk.db")
    url = postgres_server.new_url()
    server = Database(url)
    store = Store(first, system_clock)
    notes = list(drafts(records, sentences=3))
    store.remember_many(notes)
    draw = random.Random(1)
    questions = [" ".join(draw.choice(notes).body.split()[:6]) for _ in range(20)]

    def there_and_back():
        move(first, server)
        move(server, last)

    benchmark.pedantic(there_and_back, rounds=1)
    assert digest(first) == digest(server) == digest(last)
    assert Book(first, system_clock).head_hash() == Book(last, system_clock).head_hash()
    found = answers(first, store, questions)
    assert found == answers(server, Store(server, system_clock), questions) == answers(last, Store(last, system_clock), questions)
    with server.reading() as connection:
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    benchmark.extra_info["postgresql_megabytes"] = round(size / 1e6)
    benchmark.extra_info["sqlite_megabytes"] = round((tmp_path / "first" / "desk.db").stat().st_size / 1e6)
    for database in (first, server, last):
        database.close()
    postgres_server.drop(url)


def test_a_question_to_a_large_desk_on_postgresql(benchmark, postgres_server):
    url = postgres_server.new_url()
    server = Database(url)
    store = Store(server, system_clock)
    notes = list(drafts(RECORDS, sentences=3))
    store.remember_many(notes)
    recall = Recall(server, store, lambda: None)
    draw = random.Random(2)
    benchmark.pedantic(lambda: recall.search(" ".join(draw.choice(notes).body.split()[:6])), rounds=50, warmup_rounds=5)
    server.close()
    postgres_server.drop(url)
