"""Questions in SQL: what was known, and nothing else; every way out is closed."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from memory.errors import InputError, NotFoundError
from memory.market import Market
from memory.market_query import Limits
from memory.observation import Observation, SeriesInfo


def at(day):
    return datetime.fromisoformat(day).replace(hour=22, tzinfo=UTC)


NOW = at("2026-03-01")


@pytest.fixture
def market(tmp_path):
    found = Market(tmp_path / "data", tmp_path / "log")
    rows = [
        ("2026-01-05", "2026-01-05", 76.9),
        ("2026-01-05", "2026-02-01", 77.1),
        ("2026-01-06", "2026-01-06", 78.0),
        ("2026-03-05", "2026-03-05", 99.0),
    ]
    found.record([Observation(series="silver", valid_time=date.fromisoformat(v), known_at=at(k), value=x, unit="$/oz") for v, k, x in rows])
    found.describe([SeriesInfo(series="silver", title="Silver", unit="$/oz")])
    yield found
    found.close()


def test_the_three_tables_hold_what_was_known(market):
    assert market.query("SELECT count(*) AS n FROM observations", at("2026-01-10")).rows == [{"n": 2}]
    latest = market.query("SELECT valid_time, value FROM latest ORDER BY valid_time", NOW).rows
    assert latest == [{"valid_time": "2026-01-05", "value": 77.1}, {"valid_time": "2026-01-06", "value": 78.0}]
    assert market.query("SELECT title FROM series WHERE unit = '$/oz'", NOW).rows == [{"title": "Silver"}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT max(value) AS m FROM main.observations",
        "SELECT max(value) AS m FROM memory.main.observations",
        "SELECT max(value) AS m FROM query('SELECT value FROM observations')",
        "WITH x AS (SELECT * FROM observations) SELECT max(value) AS m FROM x",
    ],
)
def test_no_name_of_the_table_shows_what_became_known_later(market, sql):
    assert market.query(sql, NOW).rows == [{"m": 78.0}]
    assert market.query(sql, at("2026-03-06")).rows == [{"m": 99.0}]


ESCAPES = [
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_csv_auto('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('/etc/passwd')", "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_parquet('/tmp/x.parquet')", "SELECT * FROM parquet_metadata('/tmp/x.parquet')", "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM read_json('/etc/passwd')", "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')", "SELECT * FROM 's3://bucket/x.parquet'",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')", "SELECT * FROM sqlite_scan('/tmp/x.db', 't')", "SELECT getenv('HOME')",
    "COPY observations TO '{out}'", "COPY (SELECT 1) TO '{out}' (FORMAT parquet)", "EXPORT DATABASE '{out}'", "ATTACH '{out}' AS x",
    "INSTALL httpfs", "LOAD httpfs", "INSTALL 'x' FROM 'http://127.0.0.1:9'", "PRAGMA database_list", "PRAGMA enable_external_access=true",
    "PRAGMA table_info('observations')", "SET enable_external_access=true", "SET lock_configuration=false", "SET memory_limit='8GB'",
    "RESET enable_external_access", "CREATE TABLE y AS SELECT 1", "CREATE MACRO f() AS 1", "DROP TABLE observations", "DELETE FROM observations",
    "UPDATE observations SET value = 0", "INSERT INTO observations SELECT * FROM observations", "CALL pragma_version()", "CHECKPOINT",
    "USE memory", "PREPARE p AS SELECT 1", "BEGIN; SELECT 1", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE observations", "EXPLAIN ANALYZE SELECT 1",
    "WITH w AS (INSERT INTO observations SELECT * FROM observations RETURNING *) SELECT count(*) FROM w",
    "WITH w AS (DELETE FROM observations RETURNING *) SELECT count(*) FROM w", "", "not sql at all", "SELECT nothing FROM nowhere",
]  # fmt: skip


@pytest.mark.parametrize("sql", ESCAPES)
def test_a_way_out_fails_with_one_sentence_and_leaves_no_file(market, tmp_path, sql):
    out = tmp_path / "escape"
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(InputError) as caught:
        market.query(sql.replace("{out}", str(out)), NOW)
    assert "\n" not in str(caught.value)
    assert "root:" not in str(caught.value)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not Path(".tmp").exists()
    assert market.query("SELECT count(*) AS n FROM observations", NOW).rows == [{"n": 3}]


def test_rows_beyond_the_limit_are_cut_and_it_is_said(market):
    found = market.query("SELECT * FROM range(10000)", NOW, Limits(rows=7))
    assert len(found.rows) == 7
    assert found.truncated
    assert not market.query("SELECT * FROM range(7)", NOW, Limits(rows=7)).truncated


def test_a_question_that_takes_too_long_is_stopped(market):
    with pytest.raises(InputError, match=r"more than 0\.2 seconds"):
        market.query("SELECT sum(a.range * b.range) FROM range(10000000) a, range(100000) b", NOW, Limits(seconds=0.2))


def test_a_question_that_wants_too_much_memory_is_refused(market):
    with pytest.raises(InputError, match="more than 64 MB"):
        market.query("SELECT list(range) FROM range(100000000)", NOW, Limits(memory_mb=64))


def test_long_texts_are_cut_and_columns_of_one_name_are_kept_apart(market):
    row = market.query("SELECT repeat('x', 5000) AS a, 1 AS b, 2 AS b, 'inf'::DOUBLE AS c", NOW).rows[0]
    assert len(row["a"]) < 2100
    assert (row["b"], row["b_2"], row["c"]) == (1, 2, None)


def test_without_data_it_says_what_to_do(tmp_path):
    with pytest.raises(NotFoundError, match="stoa data pull"):
        Market(tmp_path / "data", tmp_path / "log").query("SELECT 1", NOW)
