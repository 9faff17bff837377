"""Questions in SQL by an agent or a person: read-only, over a copy that holds nothing known later, within limits."""

import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from memory.errors import InputError, NotFoundError
from memory.observation import SeriesInfo

if TYPE_CHECKING:
    import duckdb

SCHEMA = (
    "series VARCHAR, valid_time DATE, known_at TIMESTAMP, value DOUBLE, unit VARCHAR, currency VARCHAR, "
    "kind VARCHAR, source VARCHAR, vintage VARCHAR"
)
_LATEST = (
    "CREATE VIEW latest AS SELECT series, valid_time, arg_max(value, known_at) AS value, max(known_at) AS known_at, "
    "any_value(unit) AS unit FROM observations GROUP BY series, valid_time"
)
_FIELDS = ("series", "title", "unit", "currency", "kind", "frequency", "source", "licence", "venue", "formula")
_TEXT = 2000


class Limits(NamedTuple):
    """What one question may use; longer texts in a row are cut at 2,000 characters."""

    rows: int = 500
    seconds: float = 5.0
    memory_mb: int = 256


class Answer(NamedTuple):
    """The rows, and whether there were more."""

    columns: list[str]
    rows: list[dict[str, Any]]
    truncated: bool


def read_only(files: Sequence[str], infos: Iterable[SeriesInfo], as_of: datetime, sql: str, limits: Limits) -> Answer:
    """Run one SELECT on a private in-memory copy: nothing it does can reach a file, a network or another question.

    Raises:
        InputError: it is not one SELECT, does not run, or takes more time or memory than allowed.
        NotFoundError: there is no data.
    """
    if not files:
        raise NotFoundError("the desk has no data yet: put CSV or Parquet files under data/, or pull a source with stoa data pull")
    import duckdb

    # An in-memory database without a place for temporary files: what does not fit in memory fails.
    connection = duckdb.connect(":memory:", config={"threads": "2"})
    try:
        _load(connection, files, infos, as_of)
        _lock(connection, limits)
        _one_select(connection, sql)
        return _run(connection, sql, limits)
    except duckdb.OutOfMemoryException as error:
        raise InputError(f"the query needs more than {limits.memory_mb} MB: ask for fewer rows or one series") from error
    except duckdb.InterruptException as error:
        raise InputError(f"the query takes more than {limits.seconds:g} seconds: ask for less") from error
    except duckdb.Error as error:
        raise InputError(f"the query does not run: {str(error).splitlines()[0]}") from error
    finally:
        connection.close()


def _load(connection: "duckdb.DuckDBPyConnection", files: Sequence[str], infos: Iterable[SeriesInfo], as_of: datetime) -> None:
    connection.execute(f"CREATE TABLE observations ({SCHEMA})")
    connection.execute(
        "INSERT INTO observations BY NAME SELECT * FROM read_parquet(?, union_by_name = true) WHERE known_at <= ?",
        [list(files), as_of.astimezone(UTC).replace(tzinfo=None)],
    )
    connection.execute(_LATEST)
    connection.execute(f"CREATE TABLE series ({', '.join(f'{name} VARCHAR' for name in _FIELDS)})")
    rows = [[getattr(info, name) for name in _FIELDS] for info in infos]
    if rows:
        connection.executemany(f"INSERT INTO series VALUES ({', '.join('?' * len(_FIELDS))})", rows)  # noqa: S608 - our own names


def _lock(connection: "duckdb.DuckDBPyConnection", limits: Limits) -> None:
    """From here on no setting can be changed back."""
    for setting in (
        "temp_directory = ''",
        f"memory_limit = '{limits.memory_mb}MB'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def _one_select(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    import duckdb

    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise InputError("give one SELECT over the tables observations, latest and series: the data is read-only")


def _run(connection: "duckdb.DuckDBPyConnection", sql: str, limits: Limits) -> Answer:
    timer = threading.Timer(limits.seconds, connection.interrupt)
    timer.start()
    try:
        # A SELECT may hide an INSERT in its WITH; a transaction that only reads refuses it.
        connection.execute("BEGIN TRANSACTION READ ONLY")
        found = connection.execute(sql)
        names = _unique([column[0] for column in found.description or ()])
        rows = found.fetchmany(limits.rows + 1)
    finally:
        timer.cancel()
        timer.join()
    plain = [dict(zip(names, map(_plain, row), strict=True)) for row in rows[: limits.rows]]
    return Answer(names, plain, len(rows) > limits.rows)


def _unique(names: Sequence[str]) -> list[str]:
    """Column names; the second of one name is called name_2, so that no value is lost."""
    found: list[str] = []
    for name in names:
        count = sum(known == name or known.startswith(f"{name}_") for known in found) if name in found else 0
        found.append(f"{name}_{count + 1}" if count else name)
    return found


def _plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if value is None or isinstance(value, bool | int):
        return value
    text = str(value)
    return text if len(text) <= _TEXT else text[:_TEXT] + " …"
