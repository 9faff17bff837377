"""Moving a desk between databases: every row as it is, with its number, its hash and its time."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, insert, select, text

from memory.database import Database
from memory.errors import BusyError, InputError, IntegrityError
from memory.lexical import write_words
from memory.records import Kind
from memory.slack_tables import slack_inbox
from memory.store import searchable
from memory.tables import effects, index_outbox, meta, records, runs
from memory.text import fts_document

BATCH = 2_000
MOVED = "moved_to"

_ALL = slack_inbox.metadata.sorted_tables
"""Every table, Slack's too, parents before children."""


class Moved(NamedTuple):
    """How many rows of each table were moved."""

    rows: dict[str, int]


def moved_to(database: Database) -> str:
    """Where the desk of this database went; empty while it is here."""
    with database.reading() as connection:
        return str(connection.execute(select(meta.c.value).where(meta.c.key == MOVED)).scalar() or "")


def move(source: Database, target: Database, progress: Callable[[str, int], None] | None = None) -> Moved:
    """Copy a desk into an empty database; the source stays as it is, with a note of where the desk went.

    Nobody writes to the source meanwhile. The target is filled in one transaction: all of it or nothing.

    Raises:
        BusyError: runs are under way.
        InputError: the target holds a desk already.
        IntegrityError: what arrived is not what was sent.
    """
    with source.writing() as here:
        _take_time(here, source)
        _check_rest(here)
        with target.writing() as there:
            _take_time(there, target)
            _refuse_full(there, target)
            sent = {table.name: _copy(table, here, there, progress) for table in _ALL}
            _words(there, progress)
            if target.postgres:
                _set_sequences(there)
            for table in _ALL:
                arrived = there.execute(select(func.count()).select_from(table)).scalar_one()
                if arrived != sent[table.name]:
                    raise IntegrityError(f"of {sent[table.name]} rows of {table.name} {arrived} arrived: nothing was moved, try again")
        # Only now: a target that could not be committed must not be pointed to.
        here.execute(insert(meta).values(key=MOVED, value=target.name or "elsewhere"))
    return Moved(sent)


def _take_time(connection: Connection, database: Database) -> None:
    """The server, and workers of the desk, let a silent transaction be: while one side works, the other has nothing to say."""
    if database.postgres:
        connection.execute(text("SET LOCAL application_name = 'stoa move'"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def _check_rest(connection: Connection) -> None:
    busy = connection.execute(select(runs.c.run_id).where(runs.c.lease_until.is_not(None), runs.c.status == "running")).scalars().all()
    if busy:
        raise BusyError(f"run {busy[0]} is under way: stop the workers, or stoa runs resume {busy[0]}, then move the desk")
    if moved := connection.execute(select(meta.c.value).where(meta.c.key == MOVED)).scalar():
        raise InputError(f"this desk was moved to {moved} before: set database.url to it")


def check_empty(target: Database) -> None:
    """Whether a desk may move into a database.

    Raises:
        InputError: it holds one already.
    """
    with target.reading() as connection:
        _refuse_full(connection, target)


def _refuse_full(connection: Connection, target: Database) -> None:
    for table in _ALL:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise InputError(f"the database {target.name} holds a desk already: name an empty one")


def _copy(table: Table, here: Connection, there: Connection, progress: Callable[[str, int], None] | None) -> int:
    count = 0
    query = select(table).order_by(*table.primary_key.columns)
    for batch in here.execute(query.execution_options(yield_per=BATCH)).partitions():
        there.execute(insert(table), [dict(row._mapping) for row in batch])  # noqa: SLF001 - the library offers no public name
        count += len(batch)
        if progress:
            progress(table.name, count)
    return count


def _words(there: Connection, progress: Callable[[str, int], None] | None) -> None:
    """The search words are made anew: each database keeps them in its own way."""
    last = 0
    while True:
        query = select(records).where(records.c.seq > last).order_by(records.c.seq).limit(BATCH)
        rows: list[Any] = list(there.execute(query))
        if not rows:
            return
        found = [row for row in rows if row.kind != Kind.DOCUMENT.value]
        write_words(there, [(row.seq, fts_document(searchable({**row._mapping}))) for row in found])  # noqa: SLF001 - as above
        last = rows[-1].seq
        if progress:
            progress("search words", last)


def _set_sequences(there: Connection) -> None:
    """New rows are numbered after those that came with a number of their own."""
    for table in (records, index_outbox, effects):
        last = there.execute(select(func.max(table.c.seq))).scalar()
        if last:
            there.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "seq"), last)))
