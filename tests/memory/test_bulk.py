"""Rows that go in together are the rows that SQLAlchemy would have written one by one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, Column, Float, Integer, MetaData, Table, Text, create_engine, insert, select, text
from ulid import ULID

from memory.bulk import insert_rows, new_ids
from memory.tables import Moment

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)
THINGS = Table(
    "things",
    MetaData(),
    Column("n", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", Moment),
    Column("data", JSON),
    Column("share", Float),
)
COLUMNS = ("name", "at", "data", "share")
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
            "at": st.none() | st.datetimes(min_value=datetime(1, 1, 3), timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])),
            "data": st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
            | st.dictionaries(st.text(), st.integers()),
            "share": st.none() | st.floats(allow_nan=False),
        }
    )
)


@pytest.fixture(scope="module")
def engine():
    made = create_engine("sqlite://")
    THINGS.metadata.create_all(made)
    yield made
    made.dispose()


@settings(max_examples=60)
@given(ROWS)
def test_the_driver_gets_what_sqlalchemy_would_have_given_it(engine, rows):
    stored = text("SELECT name, at, data, share FROM things ORDER BY n")
    seen = []
    with engine.connect() as connection:
        for write in (
            lambda: insert_rows(connection, THINGS, COLUMNS, rows),
            lambda: [connection.execute(insert(THINGS), row) for row in rows],
        ):
            write()
            seen.append(connection.execute(stored).all())
            connection.rollback()
    assert seen[0] == seen[1]
    assert len(seen[0]) == len(rows)


def test_what_a_row_holds_beside_the_columns_is_left_out(engine):
    with engine.connect() as connection:
        insert_rows(connection, THINGS, ("name", "share"), [{"name": "a", "share": 0.5, "data": "left out", "more": 1}])
        assert connection.execute(select(THINGS.c.name, THINGS.c.share, THINGS.c.data)).all() == [("a", 0.5, None)]


def test_a_naive_time_is_refused(engine):
    with engine.connect() as connection, pytest.raises(ValueError, match="no time zone"):
        insert_rows(connection, THINGS, ("name", "at"), [{"name": "a", "at": datetime(2026, 1, 1)}])


def test_new_ids_are_ulids_of_their_instant_that_ascend_and_never_meet():
    ids = [*new_ids(NOW, 3_000), *new_ids(NOW, 3_000)]
    assert len(set(ids)) == 6_000
    assert ids[:3_000] == sorted(ids[:3_000])
    assert {ULID.from_str(name).milliseconds for name in ids} == {int(NOW.timestamp() * 1000)}
    assert {str(ULID.from_str(name)) for name in ids} == set(ids)
    assert set("".join(name[10:] for name in ids)) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_no_id_is_no_id():
    assert new_ids(NOW, 0) == []


def test_a_row_that_is_there_already_leaves_the_new_one_out(engine):
    with engine.connect() as connection:
        for name in ("first", "second"):
            insert_rows(
                connection, THINGS, ("n", "name"), [{"n": 1, "name": name}, {"n": 2, "name": name}][: 1 if name == "first" else 2], once="n"
            )
        assert connection.execute(text("SELECT n, name FROM things ORDER BY n")).all() == [(1, "first"), (2, "second")]
        connection.rollback()
