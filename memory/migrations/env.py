"""Alembic's entry: the connection is handed in by memory.database."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, String, Table, event
from sqlalchemy.types import TypeDecorator

from memory.tables import metadata


def _compare_bytes(table: Table, connection: Connection, **_: Any) -> None:
    """Text of a new table sorts by its bytes, as in SQLite: an order that hangs on the server's language changes hashes."""
    if connection.dialect.name == "postgresql":
        for column in table.columns:
            plain = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
            if isinstance(plain, String):
                column.type = type(plain)(plain.length, collation="C")


event.listen(Table, "before_create", _compare_bytes)
try:
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
finally:
    event.remove(Table, "before_create", _compare_bytes)
