"""Records in SQL: written once, found at once, never destroyed."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, bindparam, case, delete, func, insert, or_, select, update
from ulid import ULID

from memory.bulk import insert_rows, new_ids
from memory.clock import Clock
from memory.database import Database
from memory.errors import ConflictError, NotFoundError
from memory.lexical import write_words
from memory.records import Draft, Kind, Link, Record, RecordId, Relation, Status, Trust
from memory.tables import index_outbox, links, meta, records
from memory.text import fts_document, language

BATCH = 2_000
"""Records a transaction: large enough to be quick, small enough that a reader does not wait."""

INDEXED = "indexed"
_LIVE, _DOCUMENT = Status.LIVE.value, Kind.DOCUMENT.value  # asked of every row, and an enumeration takes long to give its value

_PLAIN = (
    "title", "body", "gist_en", "gist_zh", "author", "author_role", "run_id", "thread_id", "parent_id", "source_uri",
    "locator", "span_start", "span_end", "period", "confidence", "data", "content_hash",
)  # fmt: skip

_COLUMNS = tuple(column.name for column in records.c if column.name not in {"seq", "ended_at"})
_LINK = ("source", "relation", "target", "recorded_at")

# Asked at every step of every run, and a statement takes longer to put together than SQLite to answer.
_ONE = select(records).where(records.c.id == bindparam("id"))
_MANY = select(records).where(records.c.id.in_(bindparam("ids", expanding=True)))
_BY_KEY = select(records.c.idempotency_key, records.c.id).where(records.c.idempotency_key.in_(bindparam("keys", expanding=True)))
_FIRST = select(records.c.seq).where(records.c.id == bindparam("first")).scalar_subquery()
_SEQS = select(records.c.id, records.c.seq).where(records.c.seq >= _FIRST)
_EMBEDDED = [records.c[name] for name in ("id", "kind", "author", "title", "body", "gist_en", "gist_zh")]


class IndexWork(NamedTuple):
    """One line of the outbox that the vector index has not seen."""

    seq: int
    record_id: str
    action: str


class Store:
    """The desk's records. Every method is one transaction unless a connection is handed in."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def remember(self, draft: Draft, *, supersedes: str = "", linked: Sequence[tuple[Relation, str]] = ()) -> Record:
        """Store one record; with an idempotency key seen before, return the first one unchanged.

        Args:
            draft: what to store.
            supersedes: id of the version this one replaces; it must still be live.
            linked: relations from the new record to others.

        Raises:
            ConflictError: the superseded version is no longer live: somebody replaced it first.
            NotFoundError: there is no such version.
        """
        with self._database.writing() as connection:
            return self.write(connection, draft, supersedes=supersedes, linked=linked)

    @property
    def database(self) -> Database:
        """Where the records are kept."""
        return self._database

    @property
    def clock(self) -> Clock:
        """The time that records are stamped with."""
        return self._clock

    def remember_many(self, drafts: Iterable[Draft]) -> list[RecordId]:
        """Store many records in batches of one transaction each; ids in the order given."""
        ids: list[RecordId] = []
        batch: list[Draft] = []
        for draft in drafts:
            batch.append(draft)
            if len(batch) == BATCH:
                ids += self._write_batch(batch)
                batch = []
        return ids + self._write_batch(batch) if batch else ids

    def write(
        self,
        connection: Connection,
        draft: Draft,
        *,
        supersedes: str = "",
        linked: Sequence[tuple[Relation, str]] = (),
    ) -> Record:
        """``remember`` inside a transaction that the caller owns."""
        known = self._by_key(connection, [draft]).get(draft.idempotency_key)
        if known:
            return self._one(connection, known)
        now = self._clock()
        row = _row(draft, now, str(ULID.from_datetime(now)))
        if supersedes:
            row |= self._replace(connection, supersedes, str(row["id"]))
            linked = (*linked, (Relation.SUPERSEDES, supersedes))
        self._insert(connection, [row])
        self._link(connection, [Link(source=str(row["id"]), relation=kind, target=target) for kind, target in linked])
        return self._one(connection, str(row["id"]))

    def remember_document(self, document: Draft, passages: Sequence[Draft], replaced: Sequence[str] = ()) -> Record:
        """Store a document, its passages, and the end of the documents it replaces: all of it or nothing."""
        with self._database.writing() as connection:
            record = self.write(connection, document)
            now = self._clock()
            new = zip(passages, new_ids(now, len(passages)), strict=True)
            self._insert(connection, [_row(passage, now, name) | {"parent_id": record.id} for passage, name in new])
            for old in replaced:
                reason = f"the document was replaced by {record.id}"
                parts = select(records.c.id).where(records.c.parent_id == old, records.c.status == Status.LIVE.value)
                for name in [*connection.execute(parts).scalars(), old]:
                    self._end(connection, name, Status.SUPERSEDED, reason)
                self._link(connection, [Link(source=record.id, relation=Relation.SUPERSEDES, target=old)])
        return record

    def _write_batch(self, drafts: list[Draft]) -> list[RecordId]:
        with self._database.writing() as connection:
            known = self._by_key(connection, drafts)
            now, rows, ids = self._clock(), [], []
            for draft, new in zip(drafts, new_ids(now, len(drafts)), strict=True):
                found = known.get(draft.idempotency_key)
                if not found:
                    rows.append(_row(draft, now, new))
                    found = new
                    if draft.idempotency_key:
                        known[draft.idempotency_key] = found
                ids.append(RecordId(found))
            self._insert(connection, rows)
        return ids

    def _by_key(self, connection: Connection, drafts: Sequence[Draft]) -> dict[str, str]:
        keys = [draft.idempotency_key for draft in drafts if draft.idempotency_key]
        found: dict[str, str] = {}
        for start in range(0, len(keys), 900):
            chunk = keys[start : start + 900]
            found |= {row[0]: row[1] for row in connection.execute(_BY_KEY, {"keys": chunk})}
        return found

    def _replace(self, connection: Connection, old: str, new: str) -> dict[str, Any]:
        row = connection.execute(_ONE, {"id": old}).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no record {old}: look its id up with stoa recall")
        ended = connection.execute(
            update(records)
            .where(records.c.id == old, records.c.status == Status.LIVE.value)
            .values(status=Status.SUPERSEDED.value, superseded_by=new, ended_at=self._clock())
        )
        if ended.rowcount != 1:
            newest = row.superseded_by or "nothing"
            raise ConflictError(f"record {old} is {row.status} (by {newest}): read the newest version and supersede that")
        connection.execute(insert(index_outbox), [{"record_id": old, "action": "delete"}])
        return {"entity_id": row.entity_id, "version": row.version + 1}

    def _insert(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        # Only an archive brings records that have ended already.
        columns = (*_COLUMNS, "ended_at") if "ended_at" in rows[0] else _COLUMNS
        insert_rows(connection, records, columns, rows)
        seqs = dict(connection.execute(_SEQS, {"first": rows[0]["id"]}).all())
        # A whole document is found through its chunks; searching both would answer everything twice.
        found = [(seqs[row["id"]], row) for row in rows if row["kind"] != _DOCUMENT]
        if found:
            write_words(connection, [(seq, fts_document(searchable(row))) for seq, row in found])
            work = ({"record_id": row["id"], "action": "upsert"} for _, row in found)
            insert_rows(connection, index_outbox, ("record_id", "action"), work)

    def _link(self, connection: Connection, new: Sequence[Link]) -> None:
        now = self._clock()
        rows = ({**link.model_dump(mode="json"), "recorded_at": now} for link in new)
        insert_rows(connection, links, _LINK, rows, once="source, relation, target")

    def link(self, source: str, relation: Relation, target: str) -> None:
        """Add a link; adding it twice changes nothing."""
        with self._database.writing() as connection:
            self._link(connection, [Link(source=source, relation=relation, target=target)])

    def end(self, record_id: str, status: Status, reason: str) -> None:
        """Retract, expire or quarantine a live record. It stays readable; recall no longer finds it.

        Raises:
            ConflictError: it is not live any more.
        """
        with self._database.writing() as connection:
            self._end(connection, record_id, status, reason)

    def _end(self, connection: Connection, record_id: str, status: Status, reason: str) -> None:
        ended = connection.execute(
            update(records)
            .where(records.c.id == record_id, records.c.status == Status.LIVE.value)
            .values(status=status.value, reason=reason, ended_at=self._clock())
        )
        if ended.rowcount != 1:
            raise ConflictError(f"record {record_id} is not live: stoa recall shows the version that is")
        connection.execute(insert(index_outbox), [{"record_id": record_id, "action": "delete"}])

    def get(self, record_id: str) -> Record:
        """One record, whatever its status.

        Raises:
            NotFoundError: no record has this id.
        """
        with self._database.reading() as connection:
            return self._one(connection, record_id)

    def many(self, ids: Sequence[str]) -> dict[str, Record]:
        """Those of the records that exist, by id, in the order asked for."""
        with self._database.reading() as connection:
            found = {row.id: row for row in connection.execute(_MANY, {"ids": list(ids)})}
        return {name: record_of(found[name]) for name in ids if name in found}

    def find(  # noqa: PLR0913 - each is an independent part
        self,
        *,
        kinds: Sequence[Kind] = (),
        thread_id: str = "",
        run_id: str = "",
        source_uri: str = "",
        content_hash: str = "",
        parent_id: str = "",
        thesis: str = "",
        as_of: datetime | None = None,
        since: tuple[datetime, datetime] | None = None,
        live: bool = True,
    ) -> list[Record]:
        """Records that match every filter given, oldest first; with ``as_of``, as they stood then.

        ``since``: only what became known after the first instant, or was recorded after the second.
        """
        query = select(records).order_by(records.c.seq)
        for column, value in (("thread_id", thread_id), ("run_id", run_id), ("source_uri", source_uri),
                              ("content_hash", content_hash), ("parent_id", parent_id)):  # fmt: skip
            if value:
                query = query.where(records.c[column] == value)
        if kinds:
            query = query.where(records.c.kind.in_([kind.value for kind in kinds]))
        if since is not None:
            query = query.where(or_(records.c.known_at > since[0], records.c.recorded_at > since[1]))
        if as_of is not None:
            query = query.where(visible(as_of))
        elif live:
            query = query.where(records.c.status == Status.LIVE.value)
        with self._database.reading() as connection:
            found = [record_of(row) for row in connection.execute(query)]
        return [record for record in found if not thesis or thesis in record.thesis_slugs]

    def versions(self, entity_id: str) -> list[Record]:
        """Every version of one entity, first to last."""
        with self._database.reading() as connection:
            query = select(records).where(records.c.entity_id == entity_id).order_by(records.c.version)
            return [record_of(row) for row in connection.execute(query)]

    def links_of(self, record_id: str) -> list[Link]:
        """Links from and to a record."""
        query = (
            select(links.c.source, links.c.relation, links.c.target)
            .where(or_(links.c.source == record_id, links.c.target == record_id))
            .order_by(links.c.source, links.c.relation, links.c.target)
        )
        with self._database.reading() as connection:
            return [Link(source=s, relation=Relation(r), target=t) for s, r, t in connection.execute(query)]

    def count(self, kind: Kind | None = None) -> int:
        """How many records there are, of one kind or of all."""
        query = select(func.count()).select_from(records)
        if kind:
            query = query.where(records.c.kind == kind.value)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def index_work(self, limit: int) -> list[IndexWork]:
        """What the vector index has still to do, oldest first."""
        query = select(index_outbox).order_by(index_outbox.c.seq).limit(limit)
        with self._database.reading() as connection:
            return [IndexWork(*row) for row in connection.execute(query)]

    def index_lag(self) -> int:
        """How many records wait for the vector index."""
        with self._database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(index_outbox)).scalar_one())

    def index_done(self, through: int) -> None:
        """Drop the outbox up to and with line ``through``: the index holds it on disk."""
        with self._database.writing() as connection:
            connection.execute(delete(index_outbox).where(index_outbox.c.seq <= through))
            if connection.execute(update(meta).where(meta.c.key == INDEXED).values(value=_later(through))).rowcount == 0:
                connection.execute(insert(meta).values(key=INDEXED, value=f"{through:019d}"))

    def indexed(self) -> int:
        """The last line of the outbox that an index was told of: one that was told less is an older copy."""
        with self._database.reading() as connection:
            return int(connection.execute(select(meta.c.value).where(meta.c.key == INDEXED)).scalar() or 0)

    def live_texts(self, ids: Sequence[str] | None = None) -> Iterator[tuple[str, str]]:
        """(id, text to embed) of live records that the vector index should hold, of ``ids`` or of all."""
        query = select(*_EMBEDDED).where(records.c.status == Status.LIVE.value, records.c.kind != Kind.DOCUMENT.value)
        if ids is not None:
            query = query.where(records.c.id.in_(list(ids)))
        with self._database.reading() as connection:
            for row in connection.execute(query.order_by(records.c.seq)):
                words = searchable({**row._mapping})  # noqa: SLF001 - the library offers no public name
                # A turn of a talk says I and you: to a model it means little without who says it.
                yield row.id, f"{row.author}: {words}" if row.kind == Kind.MESSAGE.value and row.author else words

    def mismatched_bodies(self) -> list[str]:
        """Ids of records whose body no longer has the hash it was stored under."""
        bad: list[str] = []
        with self._database.reading() as connection:
            for row in connection.execute(select(records.c.id, records.c.body, records.c.body_hash)):
                if body_hash(row.body) != row.body_hash:
                    bad.append(row.id)
        return bad

    def _one(self, connection: Connection, record_id: str) -> Record:
        row = connection.execute(_ONE, {"id": record_id}).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no record {record_id}: look its id up with stoa recall")
        return record_of(row)


def _later(through: int) -> Any:
    new = f"{through:019d}"  # of fixed length, so that texts compare as the numbers do
    return case((meta.c.value < new, new), else_=meta.c.value)


def visible(as_of: datetime) -> Any:
    """The condition that a record was known and still live at ``as_of``."""
    return and_(records.c.known_at <= as_of, or_(records.c.ended_at.is_(None), records.c.ended_at > as_of))


def searchable(row: Mapping[str, Any]) -> str:
    """The text that both channels index: where it stands, what it says, and its gists."""
    return "\n".join(part for part in (row["title"], row["body"], row["gist_en"], row["gist_zh"]) if part)


def body_hash(body: str) -> str:
    """sha256 of a body, hexadecimal."""
    return hashlib.sha256(body.encode()).hexdigest()


def _row(draft: Draft, now: datetime, new_id: str) -> dict[str, Any]:
    return {
        **vars(draft),
        "id": new_id,
        "entity_id": new_id,
        "version": 1,
        "kind": str(draft.kind),
        "lang": draft.lang or language(draft.body[:4000]),
        "trust": str(draft.trust),
        "thesis_slugs": list(draft.thesis_slugs),
        "entities": list(draft.entities),
        "valid_from": draft.valid_from.isoformat() if draft.valid_from else None,
        "valid_to": draft.valid_to.isoformat() if draft.valid_to else None,
        "idempotency_key": draft.idempotency_key or None,
        "body_hash": body_hash(draft.body),
        "recorded_at": now,
        "known_at": draft.known_from or now,
        "status": _LIVE,
        "superseded_by": "",
        "reason": "",
    }


def record_of(row: Row[Any]) -> Record:
    """A row as a model."""
    values = {name: getattr(row, name) for name in _PLAIN}
    return Record(
        **values,
        id=RecordId(row.id),
        entity_id=row.entity_id,
        version=row.version,
        kind=Kind(row.kind),
        lang=row.lang,
        trust=Trust(row.trust),
        thesis_slugs=tuple(row.thesis_slugs),
        entities=tuple(row.entities),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        idempotency_key=row.idempotency_key or "",
        recorded_at=row.recorded_at,
        known_at=row.known_at,
        status=Status(row.status),
        superseded_by=row.superseded_by,
        reason=row.reason,
    )
