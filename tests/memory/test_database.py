import time
from contextlib import suppress
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from memory.database import _ALONE, WRITERS, Database
from memory.errors import BusyError, InputError
from memory.move import _take_time
from memory.tables import metadata


def test_the_migrations_make_exactly_the_tables_that_the_code_reads(database):
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": lambda o, name, *_: not name.startswith("record_")})
        assert compare_metadata(context, metadata) == []


def test_opening_an_existing_database_keeps_its_rows_and_makes_nothing_twice(database, store):
    from memory.records import Draft

    store.remember(Draft(body="kept"))
    again = Database(database.where)
    with again.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM records")).scalar() == 1
    again.close()


def test_text_sorts_by_its_bytes_whatever_the_server_speaks(postgres_url):
    database = Database(postgres_url)
    with database.reading() as connection:
        others = connection.execute(
            text(
                "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_collation l ON "
                "l.oid = a.attcollation WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 "
                "AND l.collname <> 'C' AND c.relname <> 'alembic_version'"
            )
        ).all()
    database.close()
    assert others == []


def test_a_database_that_keeps_no_unicode_is_refused_with_the_way_to_one_that_does(postgres_server):
    url = postgres_server.new_url("template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    try:
        with pytest.raises(
            InputError, match=r"keeps its text in SQL_ASCII: make one with CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'"
        ):
            Database(url)
    finally:
        postgres_server.drop(url)


@pytest.fixture
def cut_off(postgres_url):
    """A transaction whose process holds the writers' lock and has sent half of what it was to send."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres_url, application_name="stoa") as connection, suppress(psycopg.OperationalError), connection.pipeline():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS])
        yield connection


def test_of_silent_transactions_the_one_that_was_cut_off_is_ended_and_who_works_reads_or_moves_is_not(postgres_url, cut_off):
    database, done = Database(postgres_url), []
    mover = database.engine.connect()
    _take_time(mover, database)
    mover.execute(text("LOCK TABLE effects IN ROW EXCLUSIVE MODE"))
    reader = database.reading()
    reading = reader.__enter__()
    reading.execute(text("SELECT count(*) FROM runs"))

    def work():
        with database.engine.begin() as connection:
            connection.execute(text("LOCK TABLE runs IN ROW EXCLUSIVE MODE"))
            connection.execute(text("SELECT pg_sleep(1.5)"))
            done.append("worked")

    thread = Thread(target=work)
    thread.start()
    time.sleep(1)
    assert database.end_silent(30) == 0
    assert database.end_silent(0.5) == 1
    with database.writing() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    thread.join()
    assert done == ["worked"]
    for connection in (mover, reading):
        assert connection.execute(text("SELECT 1")).scalar() == 1
    reader.__exit__(None, None, None)
    mover.close()
    database.close()


def test_who_waited_in_vain_for_a_cut_off_transaction_gets_through_the_next_time(postgres_url, cut_off, monkeypatch):
    database = Database(postgres_url)
    monkeypatch.setattr("memory.database._ALONE", _ALONE.bindparams(busy="500"))
    monkeypatch.setattr(Database.end_silent, "__defaults__", (0.2,))
    with pytest.raises(BusyError, match="lock timeout"), database.writing():
        pass
    with database.writing() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()


def test_the_journal_is_durable_for_decisions(tmp_path):
    database = Database(tmp_path / "desk.db")
    with database.reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    database.close()


def test_what_the_last_day_cost_is_read_from_an_index_and_not_from_every_answer(tmp_path):
    database = Database(tmp_path / "desk.db")
    with database.reading() as connection:
        plan = connection.execute(text("EXPLAIN QUERY PLAN SELECT sum(cost_usd) FROM receipts WHERE at >= '2026-01-01'")).all()
    database.close()
    assert "COVERING INDEX receipts_at" in str(plan)
