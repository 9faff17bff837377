"""Where the graphs keep their state: a saver on SQLite or PostgreSQL that revives no class and writes only for a run's holder.

A saver of LangGraph lets two processes write one thread, and writes are lost without an error. So each write here checks the
fence of the run, and holds off who would take it over until it is done. Old checkpoints go as new ones come: the state is in the
newest, and a history of growing states grows with the square of the steps.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from memory.database import BUSY_MILLISECONDS, IDLE_MILLISECONDS, NAME, disk_or_busy
from memory.errors import BusyError

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver


class Guard(Protocol):
    """Watches over the writes of one run."""

    def holding(self, *, step_ends: bool) -> AbstractContextManager[None]:
        """Around a write to a file: raises LostError when the run belongs to another process, and nobody takes it meanwhile.

        Where a step ends with the write, raises PausedError after it, when a person wants that.
        """
        ...

    def question(self) -> tuple[str, Sequence[Any]]:
        """The same within a transaction on PostgreSQL: the query that locks the run's row."""
        ...

    def heed(self, row: Mapping[str, Any], *, step_ends: bool) -> Exception | None:
        """And what follows from the row: LostError is raised at once, PausedError is returned for after the write."""
        ...


CONNECT: dict[str, Any] = {
    "connect_timeout": 10,
    "application_name": NAME,
    "options": f"-c idle_in_transaction_session_timeout={IDLE_MILLISECONDS} -c lock_timeout={BUSY_MILLISECONDS}",
}

SET_UP_LOCK, SET_UP_SECONDS = 0x570B, 30

_TRIM_SQLITE = (
    "DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < (SELECT checkpoint_id FROM checkpoints "
    "WHERE thread_id = ? AND checkpoint_ns = {table}.checkpoint_ns ORDER BY checkpoint_id DESC LIMIT 1 OFFSET ?)"
)
_OLDER = (
    "thread_id = %(run)s AND checkpoint_id < (SELECT checkpoint_id FROM checkpoints c WHERE c.thread_id = old.thread_id "
    "AND c.checkpoint_ns = old.checkpoint_ns ORDER BY checkpoint_id DESC LIMIT 1 OFFSET %(older)s)"
)
_UNUSED = (
    "thread_id = %(run)s AND NOT EXISTS (SELECT 1 FROM checkpoints c WHERE c.thread_id = old.thread_id "
    "AND c.checkpoint_ns = old.checkpoint_ns AND c.checkpoint -> 'channel_versions' ->> old.channel = old.version)"
)
_TRIM_POSTGRES = tuple(
    f"DELETE FROM {table} old WHERE {which}"  # noqa: S608 - our own words
    for table, which in (("checkpoint_writes", _OLDER), ("checkpoints", _OLDER), ("checkpoint_blobs", _UNUSED))
)


@contextmanager
def open_saver(where: Path | str, guard: Guard | None, keep: int = 1) -> Iterator["BaseCheckpointSaver[Any]"]:
    """A saver on a file, or on the PostgreSQL at a URL.

    Args:
        where: the file or the URL.
        guard: asked at each write; none where nobody advances the run.
        keep: checkpoints of a run that stay; the newest holds the whole state.

    Raises:
        BusyError: the database cannot be reached.
    """
    if isinstance(where, Path):
        where.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(where, check_same_thread=False, timeout=30)) as connection:
            # What a power cut takes back is done again: every effect has its key. So the log is not synced at each step.
            try:
                connection.execute("PRAGMA synchronous=NORMAL")
                yield _sqlite_saver(connection, guard, keep)
            except sqlite3.OperationalError as error:
                raise disk_or_busy(error)(
                    f"the checkpoints in {where.name} cannot be written ({error}): mend it, then resume the run"
                ) from error
    else:
        with _postgres(where) as connection:
            yield _postgres_saver(connection, guard, keep)


def forget(where: Path | str, run_ids: Sequence[str]) -> None:
    """Drop the checkpoints of runs that are over."""
    if isinstance(where, Path):
        with closing(sqlite3.connect(where, timeout=30)) as connection, connection:
            _sqlite_saver(connection, None, 1).setup()  # type: ignore[attr-defined]
            for table in ("checkpoints", "writes"):
                connection.executemany(f"DELETE FROM {table} WHERE thread_id = ?", [(name,) for name in run_ids])  # noqa: S608
    else:
        with _postgres(where) as connection:
            _postgres_saver(connection, None, 1).prune(run_ids, strategy="delete")


def copy_checkpoints(source: Path | str, target: Path | str) -> int:
    """Copy the state of every run that has one to another database; returns how many checkpoints."""
    count = 0
    with open_saver(source, None) as here, open_saver(target, None) as there:
        for found in list(here.list(None)):
            ours = found.config["configurable"]
            parent = (found.parent_config or {}).get("configurable", {}).get("checkpoint_id")
            place: Any = {"thread_id": ours["thread_id"], "checkpoint_ns": ours["checkpoint_ns"], "checkpoint_id": parent}
            there.put({"configurable": place}, found.checkpoint, found.metadata, found.checkpoint["channel_versions"])
            count += 1
        _copy_writes(here.conn, there.conn)  # type: ignore[attr-defined]
        if isinstance(target, Path):
            there.conn.commit()  # type: ignore[attr-defined]
    return count


def _copy_writes(here: Any, there: Any) -> None:
    """What steps wrote after their checkpoint, as it lies there: both savers keep it in the same form."""
    names = "thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type"
    from_sqlite, to_sqlite = (isinstance(connection, sqlite3.Connection) for connection in (here, there))
    read = f"SELECT {names}, value FROM writes" if from_sqlite else f"SELECT {names}, blob FROM checkpoint_writes"  # noqa: S608
    rows = [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in here.execute(read)]
    if to_sqlite:
        there.executemany(f"INSERT OR REPLACE INTO writes ({names}, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
    else:
        with there.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO checkpoint_writes ({names}, blob) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",  # noqa: S608
                rows,
            )


def strict() -> Any:
    """The serializer: None is the strict allow-list, plain values only, no class is revived from a stored row."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    return JsonPlusSerializer(allowed_msgpack_modules=None)


def _sqlite_saver(connection: sqlite3.Connection, guard: Guard | None, keep: int) -> "BaseCheckpointSaver[Any]":
    from langgraph.checkpoint.sqlite import SqliteSaver

    def holding(*, step_ends: bool) -> AbstractContextManager[None]:
        return guard.holding(step_ends=step_ends) if guard else nullcontext()

    class Saver(SqliteSaver):
        """Writes for the run's holder only, and keeps the newest."""

        def put(self, config: Any, *rest: Any) -> Any:
            with holding(step_ends=True):
                saved = super().put(config, *rest)
                with self.cursor() as cursor:
                    run = config["configurable"]["thread_id"]
                    for table in ("writes", "checkpoints"):
                        cursor.execute(_TRIM_SQLITE.format(table=table), (run, run, keep - 1))
            return saved

        def put_writes(self, *rest: Any) -> None:
            with holding(step_ends=False):
                super().put_writes(*rest)

    return Saver(connection, serde=strict())


@contextmanager
def _postgres(url: str) -> Iterator[Any]:
    import psycopg
    from psycopg.rows import dict_row

    try:
        connection = psycopg.connect(url, autocommit=True, prepare_threshold=0, row_factory=dict_row, **CONNECT)
    except psycopg.OperationalError as error:
        raise BusyError(f"the checkpoints' database cannot be reached ({str(error).splitlines()[0]}): run stoa doctor") from error
    with connection:
        try:
            yield connection
        except psycopg.OperationalError as error:
            raise BusyError(f"the checkpoints' database went away ({str(error).splitlines()[0]}): the run can be resumed") from error


def _postgres_saver(connection: Any, guard: Guard | None, keep: int) -> Any:
    from langgraph.checkpoint.postgres import PostgresSaver

    alone = threading.RLock()

    @contextmanager
    def holding(*, step_ends: bool) -> Iterator[None]:
        paused: Exception | None = None
        with alone, connection.transaction():
            if guard:
                paused = guard.heed(connection.execute(*guard.question()).fetchone(), step_ends=step_ends)
            yield
        if paused:
            raise paused

    class Saver(PostgresSaver):
        """Writes for the run's holder only, in one transaction with the look at the fence, and keeps the newest."""

        def put(self, config: Any, *rest: Any) -> Any:
            with holding(step_ends=True):
                saved = super().put(config, *rest)
                with connection.pipeline():
                    for statement in _TRIM_POSTGRES:
                        connection.execute(statement, {"run": config["configurable"]["thread_id"], "older": keep - 1})
            return saved

        def put_writes(self, *rest: Any) -> None:
            with holding(step_ends=False):
                super().put_writes(*rest)

    saver = Saver(connection, serde=strict())
    if not _is_set_up(connection, len(saver.MIGRATIONS)):
        _set_up(connection, saver)
    return saver


def _is_set_up(connection: Any, versions: int) -> bool:
    import psycopg

    try:
        return bool(connection.execute("SELECT count(*) AS done FROM checkpoint_migrations").fetchone()["done"] == versions)
    except psycopg.errors.UndefinedTable:
        return False


def _set_up(connection: Any, saver: Any) -> None:
    """Make the tables; of several workers that start at once, one does."""
    import time

    last = time.monotonic() + SET_UP_SECONDS
    # Tried, not waited for: an index that is made concurrently waits for every open statement, also for one that waits for it.
    while not connection.execute("SELECT pg_try_advisory_lock(%s) AS mine", [SET_UP_LOCK]).fetchone()["mine"]:
        if time.monotonic() > last:
            raise BusyError("the checkpoints' tables are being made by another process for too long: run stoa doctor")
        time.sleep(0.05)
    try:
        saver.setup()
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [SET_UP_LOCK])
