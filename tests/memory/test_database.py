import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from memory.database import Database
from memory.errors import InputError
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
