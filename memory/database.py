"""Opening the desk's database: a SQLite file, or PostgreSQL at a URL, migrated to the newest schema."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, DBAPIError, OperationalError

from memory.clock import system_clock
from memory.errors import BusyError, DiskError, InputError, IntegrityError

log = logging.getLogger("stoa.database")

HEAD = "0050"
"""The newest migration; opening an older database upgrades it."""

BUSY_MILLISECONDS = 30_000
IDLE_MILLISECONDS = 15_000
"""PostgreSQL ends a write transaction whose process says nothing for so long: a frozen process must not hold the desk, and those who
wait for it must not give up before."""

NAME = "stoa"
"""What our connections are called on PostgreSQL."""

LOCKED = "55P03"
ENDED = ("25P03", "57P01", "57P02", "57P03", "57P05")
"""What PostgreSQL says when it ends a connection: for its silence, or because it shuts down or starts up."""

WRITERS = 0x570A
"""The advisory lock of a desk's writers."""


def _pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # FULL, not NORMAL: a decision that was answered "done" must survive a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MILLISECONDS}",
                   "cache_size=-65536", "temp_store=MEMORY", "mmap_size=268435456"):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # IMMEDIATE takes the write lock at once: two writers queue instead of one failing at its first write.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _sqlite(path: Path) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    # isolation_level None: the driver begins nothing by itself, so that BEGIN below is the only one.
    engine = create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
    event.listen(engine, "connect", _pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _in_unicode(connection: Any, _record: Any) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise InputError(f"the database keeps its text in {encoding}: make one with CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'")


def _postgres(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InputError(f"database.url is no URL: write it as postgresql://user@host/name ({error})") from error
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise InputError(f"database.url names {parsed.drivername!r}: the desk runs on postgresql://… or, without a URL, on SQLite")
    try:
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=4, max_overflow=12,
            connect_args={"connect_timeout": 10, "application_name": NAME},
        )  # fmt: skip
    except ModuleNotFoundError as error:
        raise InputError("PostgreSQL needs the extra: pip install 'stoa-desk[postgres]'") from error
    event.listen(engine, "connect", _in_unicode, insert=True)  # before SQLAlchemy asks for the version, which would be bytes
    return engine


class Database:
    """One desk's SQL store. ``reading()`` and ``writing()`` each give one transaction.

    ``where`` is a file for SQLite, or a URL ``postgresql://…``: one database holds one desk, its text in UTF-8.
    """

    def __init__(self, where: Path | str) -> None:
        self.where = where
        self.postgres = isinstance(where, str)
        self.engine: Engine = _postgres(where) if isinstance(where, str) else _sqlite(where)
        self.name = self.engine.url.database if self.postgres else str(Path(str(where)).name)
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if self.postgres else {}
        self._line: AbstractContextManager[object] = nullcontext() if self.postgres else Lock()
        self._reads = self.engine.execution_options(**snapshot)
        self._writes = self.engine.execution_options(writes=True)
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    def _migrate(self) -> None:
        try:
            with self.engine.begin() as connection:
                known = inspect(connection).has_table("alembic_version")
                version = known and connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        except OperationalError as error:
            raise BusyError(self._sentence(error)) from error
        except DatabaseError as error:
            raise IntegrityError(self._sentence(error)) from error
        if version != HEAD:
            upgrade(self)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: one consistent snapshot.

        Raises:
            BusyError: the database cannot be reached, or stayed locked.
        """
        with self._in_words(), self._reads.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        """A write transaction: all of it or nothing; waits for another writer up to 30 s.

        Args:
            alone: no other writer of this desk runs beside it, so that what it has read stays true until it commits. Without,
                on PostgreSQL, only the rows it touches are its own: for what one statement decides.

        Raises:
            BusyError: the database cannot be reached, stayed locked, or its disk is full.
            InputError: a value does not fit the database.
        """
        # SQLite lets a writer that finds the lock taken sleep up to 0.1 s; in one process we can stand in line instead.
        with self._in_words(), self._line, self._writes.begin() as connection:
            if self.postgres:
                connection.execute(_ALONE if alone else _BESIDE)
            yield connection

    def end_silent(self, seconds: float = IDLE_MILLISECONDS / 1000) -> int:
        """End write transactions of this desk whose process fell silent in the midst of what it was sending.

        PostgreSQL's own limit for idle transactions does not see all of them: it counts between two requests, and psycopg sends many
        in one go. Their locks would stand until a frozen process wakes up, or until the network gives a lost machine up, in hours.

        Args:
            seconds: how long the server has waited for the rest.

        Returns:
            How many were ended; on SQLite always 0.

        Raises:
            BusyError: the database cannot be reached.
        """
        if not self.postgres:
            return 0
        with self._in_words(), self.engine.begin() as connection:
            ended = len(connection.execute(_END_SILENT, {"seconds": seconds}).all())
        if ended:
            log.warning("%d transactions of a process that fell silent were ended", ended)
        return ended

    def now(self, connection: Connection) -> datetime:
        """The time that all processes of this desk share: the server's, or this machine's where the database is a file on it."""
        if self.postgres:
            found: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            return found
        return system_clock()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") == LOCKED:
                with suppress(BusyError):  # away by now: what follows says so
                    self.end_silent()
            raise disk_or_busy(error.orig)(self._sentence(error)) from error
        except DataError as error:
            raise InputError(f"this cannot be stored ({_first_line(error)}): shorten it, or remove what is no text from it") from error
        except DBAPIError as error:
            if not error.connection_invalidated and getattr(error.orig, "sqlstate", "") not in ENDED:
                raise
            raise BusyError(self._sentence(error)) from error

    def close(self) -> None:
        """Let go of the file, or of the connections."""
        self.engine.dispose()

    def _sentence(self, error: DBAPIError) -> str:
        return f"the desk's database {self.name} cannot be used ({_first_line(error)}): run stoa doctor, which names the mend"


def disk_or_busy(error: BaseException | None) -> type[BusyError]:
    """What SQLite's error means: a disk that cannot be written, or somebody else who writes."""
    return DiskError if isinstance(error, sqlite3.OperationalError) and ("full" in str(error) or "disk" in str(error)) else BusyError


_BESIDE = text("SELECT set_config('idle_in_transaction_session_timeout', :idle, true), set_config('lock_timeout', :busy, true)").bindparams(
    idle=str(IDLE_MILLISECONDS), busy=str(BUSY_MILLISECONDS)
)
_ALONE = text(
    "WITH limits AS MATERIALIZED (SELECT set_config('idle_in_transaction_session_timeout', :idle, true), "
    "set_config('lock_timeout', :busy, true)) SELECT pg_advisory_xact_lock(:lock) FROM limits"
).bindparams(idle=str(IDLE_MILLISECONDS), busy=str(BUSY_MILLISECONDS), lock=WRITERS)


_END_SILENT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity a WHERE datname = current_database() AND usename = current_user "
    "AND application_name = :name AND wait_event = 'ClientRead' AND state_change < clock_timestamp() - make_interval(secs => :seconds) "
    "AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND granted AND locktype <> 'virtualxid' AND mode <> 'AccessShareLock')"
).bindparams(name=NAME)


def upgrade(database: Database) -> None:
    """Bring the schema to ``HEAD`` with Alembic.

    Raises:
        IntegrityError: a newer version of the desk wrote this database.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise IntegrityError(f"a newer version of Stoa wrote the database {database.name}: upgrade this one ({error})") from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
