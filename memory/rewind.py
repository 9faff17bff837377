"""A copy of a desk's database as it stood at an instant, for replays. The original is never touched."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, text
from ulid import ULID

from memory.database import Database
from memory.errors import InputError
from memory.records import Kind
from memory.store import searchable
from memory.text import fts_document


def copied(database: Database, to: Path) -> Database:
    """The database, copied whole while others may write to it.

    Raises:
        InputError: it is on PostgreSQL, whose copy is the operator's to make.
    """
    if isinstance(database.where, str):
        raise InputError("a replay needs a desk in a file of its own: stoa desk move copies one there")
    to.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database.where)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
    copy = Database(to)
    # A copy that is thrown away need not outlive a power cut, and waiting for the disk is most of what a replay would do.
    event.listen(copy.engine, "connect", _unsynced)
    copy.engine.dispose()
    return copy


def _unsynced(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def rewind(copy: Database, at: datetime, run_id: str, without_gists: Sequence[str]) -> None:
    """Take out of a copy what came after ``at``; receipts stay, and ``run_id`` is to be done again.

    Args:
        copy: never a desk's own database: rows are deleted, which its triggers forbid.
        at: what was recorded later goes, what ended later is live again.
        run_id: its effects and its state go too.
        without_gists: records whose gists came from this run.
    """
    with copy.writing() as connection:
        for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        # SQLite keeps these instants as text that sorts; binding one as the column does keeps the comparison exact.
        when = {"at": _as_stored(connection, at)}
        connection.execute(text("DELETE FROM links WHERE recorded_at > :at"), when)
        connection.execute(text("DELETE FROM records WHERE recorded_at > :at"), when)
        live = "UPDATE records SET status = 'live', superseded_by = '', reason = '', ended_at = NULL WHERE ended_at > :at"
        connection.execute(text(live), when)
        for name in without_gists:
            connection.execute(text("UPDATE records SET gist_en = '', gist_zh = '' WHERE id = :id"), {"id": name})
        connection.execute(text("DELETE FROM effects WHERE run_id = :run"), {"run": run_id})
        _forget(connection, at)
        running = "UPDATE runs SET status = 'running', reason = '', steps = 0, result = NULL, lease_until = NULL WHERE run_id = :run"
        connection.execute(text(running), {"run": run_id})
        _reindexed(connection)


def _as_stored(connection: Connection, at: datetime) -> Any:
    from memory.tables import Moment

    process = Moment().bind_processor(connection.dialect)
    return process(at) if process else at


def _forget(connection: Connection, at: datetime) -> None:
    """Revisions and approvals of later instants; their own times stand in the body and in the id."""
    for thesis, number, body in connection.execute(text("SELECT thesis, n, body FROM revisions")).all():
        if datetime.fromisoformat(json.loads(body)["recorded_at"]) > at:
            connection.execute(text("DELETE FROM revisions WHERE thesis = :thesis AND n = :n"), {"thesis": thesis, "n": number})
    for name in connection.execute(text("SELECT id FROM approvals")).scalars().all():
        if ULID.from_str(name).datetime > at:
            connection.execute(text("DELETE FROM approvals WHERE id = :id"), {"id": name})


def _reindexed(connection: Connection) -> None:
    connection.execute(text("INSERT INTO record_tokens(record_tokens) VALUES ('delete-all')"))
    query = text("SELECT seq, title, body, gist_en, gist_zh FROM records WHERE kind != :kind ORDER BY seq")
    rows = [
        {"seq": row.seq, "tokens": fts_document(searchable({**row._mapping}))}  # noqa: SLF001 - the library offers no public name
        for row in connection.execute(query, {"kind": Kind.DOCUMENT.value})
    ]
    if rows:
        connection.execute(text("INSERT INTO record_tokens(rowid, tokens) VALUES (:seq, :tokens)"), rows)


def begin_again(copy: Database) -> None:
    """Make of a copy a desk that has its sources and its people's words, but has not yet worked: for a replay over time.

    Documents, notes and messages of people stay, recorded when they could be known; so do forecasts, and the resolutions
    that people gave. Revisions, runs, questions, effects, what agents wrote and what rules resolved go.
    """
    with copy.writing() as connection:
        for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        for table in ("revisions", "approvals", "runs", "effects", "receipts", "links", "index_outbox"):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names from the line above
        connection.execute(text("DELETE FROM records WHERE run_id != '' AND trust = 'agent'"))
        connection.execute(text("UPDATE records SET recorded_at = known_at, gist_en = '', gist_zh = ''"))
        for name, evidence in connection.execute(text("SELECT forecast_id, evidence FROM resolutions")).all():
            if not any(row.get("by") for row in json.loads(evidence)):
                connection.execute(text("DELETE FROM resolutions WHERE forecast_id = :id"), {"id": name})
        _reindexed(connection)
