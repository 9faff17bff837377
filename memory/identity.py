"""A desk's own name among others that share a server."""

from sqlalchemy import insert, select
from ulid import ULID

from memory.database import Database
from memory.tables import meta

KEY = "desk_id"


def desk_id(database: Database) -> str:
    """An id that is made once and moves with the desk."""
    with database.reading() as connection:
        known = connection.execute(select(meta.c.value).where(meta.c.key == KEY)).scalar()
    if known:
        return str(known)
    with database.writing() as connection:
        known = connection.execute(select(meta.c.value).where(meta.c.key == KEY)).scalar()
        if not known:
            known = str(ULID()).lower()
            connection.execute(insert(meta).values(key=KEY, value=known))
    return str(known)
