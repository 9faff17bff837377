"""Who may join the desk, and which outside tools a person has looked at: two small tables."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select, update
from ulid import ULID

from memory.clock import Clock
from memory.database import Database
from memory.errors import ConflictError, InputError, NotFoundError
from memory.tables import pins, tokens

PREFIX = "stoa_"
"""So that a token that was pasted somewhere is recognised by people and by secret scanners."""


class TokenRow(NamedTuple):
    """A person's token as it may be shown: without the token."""

    person: str
    created_at: datetime
    revoked_at: datetime | None


class Tokens:
    """One live token a person. Only its hash is stored: 256 random bits need no slow hash."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, person: str) -> str:
        """A new token for a person; it is returned here and never again.

        Raises:
            InputError: the name is empty.
            ConflictError: the person has a live token.
        """
        if not person.strip():
            raise InputError("a token belongs to a person: give a name")
        token = PREFIX + secrets.token_urlsafe(32)
        with self._database.writing() as connection:
            live = select(tokens.c.id).where(tokens.c.person == person, tokens.c.revoked_at.is_(None))
            if connection.execute(live).first() is not None:
                raise ConflictError(f"{person} has a token: revoke it first with stoa mcp token revoke {person}")
            connection.execute(
                insert(tokens).values(id=_new(self._clock), person=person, hash=_hash(token), created_at=self._clock(), revoked_at=None)
            )
        return token

    def revoke(self, person: str) -> None:
        """End a person's token at once.

        Raises:
            NotFoundError: the person has no live token.
        """
        with self._database.writing() as connection:
            ended = connection.execute(
                update(tokens).where(tokens.c.person == person, tokens.c.revoked_at.is_(None)).values(revoked_at=self._clock())
            )
        if ended.rowcount == 0:
            raise NotFoundError(f"{person} has no live token: stoa mcp token list shows who has one")

    def person(self, token: str) -> str | None:
        """Whose live token this is; None for any other text."""
        query = select(tokens.c.person).where(tokens.c.hash == _hash(token), tokens.c.revoked_at.is_(None))
        with self._database.reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def rows(self) -> list[TokenRow]:
        """Every token there was, oldest first."""
        query = select(tokens.c.person, tokens.c.created_at, tokens.c.revoked_at).order_by(tokens.c.created_at, tokens.c.id)
        with self._database.reading() as connection:
            return [TokenRow(*row) for row in connection.execute(query)]


class Pin(NamedTuple):
    """A tool of an outside server as a person approved it."""

    server: str
    tool: str
    hash: str
    definition: str
    approved_by: str
    approved_at: datetime


class Pins:
    """What was approved of outside servers; the newest row of a tool counts, the earlier ones tell its history."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of(self, server: str) -> dict[str, Pin]:
        """The newest approval of each tool of a server."""
        columns = (pins.c.server, pins.c.tool, pins.c.hash, pins.c.definition, pins.c.approved_by, pins.c.approved_at)
        query = select(*columns).where(pins.c.server == server).order_by(pins.c.approved_at, pins.c.id)
        with self._database.reading() as connection:
            return {row.tool: Pin(*row) for row in connection.execute(query)}

    def approve(self, server: str, definitions: Mapping[str, str], by: str) -> list[str]:
        """Approve tools by their canonical definitions; returns those that were new or had changed."""
        known, fresh = self.of(server), []
        with self._database.writing() as connection:
            for tool, definition in sorted(definitions.items()):
                digest = definition_hash(definition)
                if tool in known and known[tool].hash == digest:
                    continue
                connection.execute(
                    insert(pins).values(
                        id=_new(self._clock), server=server, tool=tool, hash=digest, definition=definition,
                        approved_by=by, approved_at=self._clock(),
                    )
                )  # fmt: skip
                fresh.append(tool)
        return fresh


def definition_hash(definition: str) -> str:
    """sha256 of a tool's canonical definition, hexadecimal."""
    return _hash(definition)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _new(clock: Clock) -> str:
    return str(ULID.from_datetime(clock()))
