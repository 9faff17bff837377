"""Opening the desk's database: SQLite in WAL mode, migrated to the newest schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, OperationalError

from memory.errors import BusyError, IntegrityError

HEAD = "0030"
"""The newest migration; opening an older database upgrades it."""

BUSY_MILLISECONDS = 30_000


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


class Database:
    """One desk's SQL store. ``reading()`` and ``writing()`` each give one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # isolation_level None: the driver begins nothing by itself, so that BEGIN below is the only one.
        self.engine: Engine = create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
        event.listen(self.engine, "connect", _pragmas)
        event.listen(self.engine, "begin", _begin)
        self._writes = self.engine.execution_options(writes=True)
        self._migrate()

    def _migrate(self) -> None:
        try:
            with self.engine.begin() as connection:
                known = connection.execute(text("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'")).scalar_one()
                version = known and connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        except OperationalError as error:
            raise BusyError(_sentence(self.path, error)) from error
        except DatabaseError as error:
            raise IntegrityError(_sentence(self.path, error)) from error
        if version != HEAD:
            upgrade(self)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: one consistent snapshot."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction: all of it or nothing; waits for another writer up to 30 s.

        Raises:
            BusyError: the database stayed locked, or its disk is full.
        """
        try:
            with self._writes.begin() as connection:
                yield connection
        except OperationalError as error:
            raise BusyError(_sentence(self.path, error)) from error

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()


def upgrade(database: Database) -> None:
    """Bring the schema to ``HEAD`` with Alembic."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _sentence(path: Path, error: DatabaseError) -> str:
    return f"the desk's database {path.name} cannot be used ({error.orig}): run stoa doctor, which names the mend"
