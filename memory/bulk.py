"""Many rows at once: their values are made ready here and the driver gets them in one call.

SQLAlchemy's own way takes longer for a row of thirty columns than SQLite takes to store it.
"""

import os
from base64 import b32hexencode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import JSON, Connection, Table, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine
from ulid import ULID

# A ULID leaves out I, L, O and U; the order of its letters is that of base32hex.
_CROCKFORD = str.maketrans("IJKLMNOPQRSTUV", "JKMNPQRSTVWXYZ")
_STAMP, _CHANCE = 10, 16


class _Plan(NamedTuple):
    """How one table takes rows: the statement, the columns it names in order, and what a column's values pass through."""

    statement: str
    names: tuple[str, ...]
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]
    positional: bool


@lru_cache(maxsize=64)
def _plan(table: Table, dialect: Dialect, columns: tuple[str, ...], once: str) -> _Plan:
    compiled = insert(table).inline().compile(dialect=dialect, column_keys=list(columns))
    names = tuple(compiled.positiontup or columns)
    made = ((place, _converter(table.c[name].type, dialect)) for place, name in enumerate(names))
    converters = tuple((place, converter) for place, converter in made if converter)
    rest = f" ON CONFLICT ({once}) DO NOTHING" if once else ""
    return _Plan(str(compiled) + rest, names, converters, compiled.positional)


def _converter(of: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    converter = of.dialect_impl(dialect).bind_processor(dialect)
    if converter is None or not isinstance(of, JSON):
        return converter
    # Most lists and objects are empty, and a JSON encoder is set up anew for every one.
    empty = {kind: converter(kind()) for kind in (list, dict)}
    return lambda value: empty[type(value)] if value in ([], {}) else converter(value)


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, once: str = ""
) -> None:  # fmt: skip
    """Insert rows, each with a value for every one of ``columns``, two at least; what else a row holds is left out.

    Args:
        connection: a write transaction.
        table: where they go.
        columns: those that are given.
        rows: as many as there are; the driver gets them in one call.
        once: the unique columns, with commas, of which a row that is there already leaves the new one out.
    """
    plan = _plan(table, connection.dialect, tuple(columns), once)
    pick = itemgetter(*plan.names)
    values: list[Any] = []
    for row in rows:
        picked = list(pick(row))
        for place, converter in plan.converters:
            picked[place] = converter(picked[place])
        values.append(tuple(picked) if plan.positional else dict(zip(plan.names, picked, strict=True)))
    if values:
        connection.exec_driver_sql(plan.statement, values)


def new_ids(now: datetime, count: int) -> list[str]:
    """ULIDs of one instant, ascending."""
    chance = b32hexencode(os.urandom(10 * count)).decode().translate(_CROCKFORD)
    stamp = str(ULID.from_datetime(now))[:_STAMP]
    return [stamp + part for part in sorted(chance[at : at + _CHANCE] for at in range(0, len(chance), _CHANCE))]
