"""A memory as one file: every record with every version, its status and its links, a JSON object a line.

What is taken in keeps its ids, its times and its ends, so that quotes, revisions and links still lead somewhere. Taking
the same file in twice changes nothing. Vectors are not in it: they are made from the texts.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from memory.database import Database
from memory.errors import ConflictError, InputError
from memory.records import Record
from memory.store import BATCH, Store, body_hash, record_of
from memory.tables import index_outbox, links, records

FORMAT = "stoa-memory-1"


class Taken(NamedTuple):
    """What an import did."""

    records: int
    links: int
    known: int


def export(database: Database) -> Iterator[str]:
    """The lines of an archive: a header, then records in the order in which they were written, then links."""
    yield json.dumps({"format": FORMAT})
    with database.reading() as connection:
        for row in connection.execute(select(records).order_by(records.c.seq)):
            ended = row.ended_at.isoformat() if row.ended_at else None
            yield json.dumps({"record": record_of(row).model_dump(mode="json"), "ended_at": ended}, ensure_ascii=False)
        for link in connection.execute(select(links).order_by(links.c.recorded_at, links.c.source, links.c.target)):
            fields = {"source": link.source, "relation": link.relation, "target": link.target}
            yield json.dumps({"link": fields | {"recorded_at": link.recorded_at.isoformat()}}, ensure_ascii=False)


def take_in(database: Database, store: Store, lines: Iterable[str]) -> Taken:
    """Write an archive into a memory: all of it or nothing.

    Raises:
        InputError: it is no archive, or a line of it is broken.
        ConflictError: a record of the same id or key is another one here.
    """
    waiting: list[dict[str, Any]] = []
    done = Taken(0, 0, 0)
    with database.writing() as connection:
        for number, item in enumerate(_objects(lines), 2):
            try:
                if "record" in item:
                    waiting.append(_row(item))
                else:
                    done = done._replace(links=done.links + _link(connection, item["link"]))
            except (KeyError, ValueError, TypeError) as error:
                raise InputError(f"line {number} is no record of an archive ({error}): export it again") from error
            if len(waiting) == BATCH:
                done, waiting = _written(connection, store, waiting, done), []
        return _written(connection, store, waiting, done)


def _objects(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    parsed = (_parsed(number, line) for number, line in enumerate(lines, 1) if line.strip())
    if next(parsed, {}).get("format") != FORMAT:
        raise InputError("this is no archive of a memory: make one with stoa memory export FILE")
    return parsed


def _parsed(number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise InputError(f"line {number} is no JSON: export the memory again") from error
    if not isinstance(found, dict):
        raise InputError(f"line {number} is no object: export the memory again")
    return found


def _row(item: dict[str, Any]) -> dict[str, Any]:
    record = Record.model_validate(item["record"])
    plain = record.model_dump(mode="json", exclude={"known_from", "known_at", "recorded_at"})
    return plain | {
        "idempotency_key": record.idempotency_key or None,
        "body_hash": body_hash(record.body),
        "recorded_at": record.recorded_at,
        "known_at": record.known_at,
        "ended_at": datetime.fromisoformat(item["ended_at"]) if item["ended_at"] else None,
    }


def _written(connection: Connection, store: Store, rows: list[dict[str, Any]], done: Taken) -> Taken:
    there = {row.id: row.body_hash for row in connection.execute(
        select(records.c.id, records.c.body_hash).where(records.c.id.in_([row["id"] for row in rows])))}  # fmt: skip
    keys = [row["idempotency_key"] for row in rows if row["idempotency_key"] and row["id"] not in there]
    if clash := connection.execute(select(records.c.idempotency_key).where(records.c.idempotency_key.in_(keys))).scalar():
        raise ConflictError(f"{clash} is another record here: take the archive into an empty desk")
    fresh = []
    for row in rows:
        if row["id"] not in there:
            fresh.append(row)
        elif there[row["id"]] != row["body_hash"]:
            raise ConflictError(f"record {row['id']} has another text here: take the archive into an empty desk")
    store._insert(connection, fresh)  # noqa: SLF001 - the store's own way to write rows, in the same package
    ended = [{"record_id": row["id"], "action": "delete"} for row in fresh if row["ended_at"]]
    if ended:
        connection.execute(insert(index_outbox), ended)
    return Taken(done.records + len(fresh), done.links, done.known + len(rows) - len(fresh))


def _link(connection: Connection, link: dict[str, Any]) -> int:
    there = select(links.c.source).where(*[links.c[name] == link[name] for name in ("source", "relation", "target")])
    if connection.execute(there).first() is not None:
        return 0
    connection.execute(insert(links), [{**link, "recorded_at": datetime.fromisoformat(link["recorded_at"])}])
    return 1
