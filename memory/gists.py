"""Gists: one line of a record in English and in Chinese, added once a model has read it; its body stays as it was."""

from collections.abc import Mapping

from sqlalchemy import insert, select, update

from memory.database import Database
from memory.lexical import rewrite_words
from memory.records import Kind, Status
from memory.store import searchable
from memory.tables import index_outbox, records
from memory.text import fts_document

_COLUMNS = (records.c.seq, records.c.id, records.c.kind, records.c.title, records.c.body, records.c.gist_en, records.c.gist_zh)


def add_gists(database: Database, lines: Mapping[str, tuple[str, str]]) -> int:
    """Give live records without a gist theirs, (English, Chinese) by record id, and make them findable by it.

    A record that has one keeps it. Returns how many were added.
    """
    with database.writing() as connection:
        query = select(*_COLUMNS).where(records.c.id.in_(list(lines)), records.c.status == Status.LIVE.value, records.c.gist_en == "")
        rows = connection.execute(query).all()
        for row in rows:
            english, chinese = lines[row.id]
            before = {**row._mapping}  # noqa: SLF001 - the library offers no public name
            after = {**before, "gist_en": english, "gist_zh": chinese}
            connection.execute(update(records).where(records.c.id == row.id).values(gist_en=english, gist_zh=chinese))
            if row.kind != Kind.DOCUMENT.value:
                rewrite_words(connection, row.seq, fts_document(searchable(before)), fts_document(searchable(after)))
                connection.execute(insert(index_outbox), [{"record_id": row.id, "action": "upsert"}])
    return len(rows)
