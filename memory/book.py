"""The thesis book: hash-chained revisions, the only way a thesis changes."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Connection, String, bindparam, func, insert, select, type_coerce
from sqlalchemy.exc import IntegrityError as RowExistsError

from memory.clock import Clock
from memory.database import Database
from memory.errors import InputError, IntegrityError, NotFoundError, StaleError
from memory.tables import moment_text, revisions
from memory.thesis import Approval, Proposal, Revision, RevisionBody, Thesis, chain_hash


class Entry(NamedTuple):
    """A thesis as it stands, and the revision that made it so."""

    thesis: Thesis
    revision: Revision
    effective_at: datetime


def _heads(*then: Any) -> Any:
    newest = select(revisions.c.thesis, func.max(revisions.c.n).label("n")).where(*then).group_by(revisions.c.thesis)
    heads = newest.subquery()
    same = (revisions.c.thesis == heads.c.thesis) & (revisions.c.n == heads.c.n)
    return select(revisions).join(heads, same).order_by(revisions.c.thesis)


_NOW = _heads()
_THEN = _heads(revisions.c.effective_at <= bindparam("as_of"))


class Book:
    """Theses under append-only revisions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def theses(self, as_of: datetime | None = None) -> list[Entry]:
        """Every thesis as it stood at ``as_of`` (now without one), by slug."""
        with self._database.reading() as connection:
            found = connection.execute(_NOW) if as_of is None else connection.execute(_THEN, {"as_of": as_of})
            return [_entry(row) for row in found]

    def get(self, slug: str, as_of: datetime | None = None) -> Entry:
        """One thesis.

        Raises:
            NotFoundError: the book holds no such thesis (at ``as_of``).
        """
        query = select(revisions).where(revisions.c.thesis == slug).order_by(revisions.c.n.desc()).limit(1)
        if as_of is not None:
            query = query.where(revisions.c.effective_at <= as_of)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"the book holds no thesis {slug!r}: stoa thesis list shows those it has")
        return _entry(row)

    def history(self, slug: str) -> list[Entry]:
        """Every revision of a thesis with the thesis as it then stood, first to last."""
        query = select(revisions).where(revisions.c.thesis == slug).order_by(revisions.c.n)
        with self._database.reading() as connection:
            found = [_entry(row) for row in connection.execute(query)]
        if not found:
            raise NotFoundError(f"the book holds no thesis {slug!r}: stoa thesis list shows those it has")
        return found

    def commit(self, proposal: Proposal, approval: Approval, effective_at: datetime) -> Revision:
        """Let a proposal into the book; the same idempotency key again returns the revision it made.

        Raises:
            StaleError: the thesis has moved on since the proposal was made.
            InputError: the patch does not give a valid thesis.
        """
        with self._database.writing() as connection:
            return self.write(connection, proposal, approval, effective_at)

    def write(self, connection: Connection, proposal: Proposal, approval: Approval, effective_at: datetime) -> Revision:
        """``commit`` inside a transaction that the caller owns."""
        if proposal.idempotency_key:
            query = select(revisions).where(revisions.c.idempotency_key == proposal.idempotency_key)
            done = connection.execute(query).one_or_none()
            if done is not None:
                return _revision(done)
        head = connection.execute(
            select(revisions).where(revisions.c.thesis == proposal.thesis).order_by(revisions.c.n.desc()).limit(1)
        ).one_or_none()
        if (head.hash if head else "") != proposal.against:
            now = f"revision {head.n}" if head else "not in the book"
            raise StaleError(f"{proposal.thesis} is {now} since this was proposed: read it again and propose anew")
        if head and head.effective_at > effective_at:
            raise StaleError(f"{proposal.thesis} has a revision of {head.effective_at:%Y-%m-%d}: an earlier one cannot follow it")
        state = apply_patch(json.loads(head.state) if head else {}, proposal)
        body = RevisionBody(
            thesis=proposal.thesis,
            n=(head.n if head else 0) + 1,
            recorded_at=self._clock(),
            effective_at=effective_at,
            idempotency_key=proposal.idempotency_key,
            author=proposal.author,
            run_id=proposal.run_id,
            patch=proposal.patch,
            rationale=proposal.rationale,
            evidence=proposal.evidence,
            approval=approval,
        )
        revision = Revision.chained(body, head.hash if head else "")
        row = {
            "thesis": revision.thesis, "n": revision.n, "parent": revision.parent, "hash": revision.hash,
            "body": body.canonical(), "state": state.model_dump_json(), "effective_at": effective_at,
            "idempotency_key": proposal.idempotency_key or None,
        }  # fmt: skip
        try:
            connection.execute(insert(revisions), [row])
        except RowExistsError as error:
            raise StaleError(f"{proposal.thesis} was changed at the same instant: read it again and propose anew") from error
        return revision

    def verify(self, progress: Callable[[int], None] | None = None) -> int:
        """Recompute every hash and every state; returns how many revisions hold.

        Raises:
            IntegrityError: names the first revision that does not.
        """
        parents: dict[str, tuple[int, str]] = {}
        states: dict[str, dict[str, Any]] = {}
        checked = 0
        with self._database.reading() as connection:
            # The stored text of the date, not what it reads as: two texts can read as one instant.
            dated = type_coerce(revisions.c.effective_at, String).label("effective_text")
            for row in connection.execute(
                select(*[c for c in revisions.c if c.name != "effective_at"], dated).order_by(revisions.c.thesis, revisions.c.n)
            ):
                n, parent = parents.get(row.thesis, (0, ""))
                states[row.thesis] = _verified(row, n + 1, parent, states.get(row.thesis, {}))
                parents[row.thesis] = (row.n, row.hash)
                checked += 1
                if progress:
                    progress(checked)
        return checked

    def head_hash(self) -> str:
        """One hash over the heads of all theses: what a third party needs to hold the record to account."""
        joined = "".join(f"{entry.thesis.slug}:{entry.revision.hash}\n" for entry in self.theses())
        return chain_hash("", joined)


def apply_patch(state: dict[str, Any], proposal: Proposal) -> Thesis:
    """The thesis that a patch makes of a state.

    Raises:
        InputError: one sentence naming the field that is wrong.
    """
    if proposal.patch.get("slug", proposal.thesis) != proposal.thesis:
        raise InputError(f"{proposal.thesis}: a patch cannot rename a thesis: write a new one and close this one")
    try:
        return Thesis.model_validate({**state, **proposal.patch, "slug": proposal.thesis})
    except ValidationError as error:
        raise InputError(f"{proposal.thesis}: {first_problem(error)}") from error


def first_problem(error: ValidationError) -> str:
    """The first thing wrong with a model, as one clause: where, what, and what was given."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the whole"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = "there is no such field: mend its spelling or remove it"
    elif problem["type"] == "missing":
        message = "this field is missing: add it"
    return f"{where}: {message}{more}"


def _verified(row: Any, n: int, parent: str, state: dict[str, Any]) -> dict[str, Any]:
    name = f"{row.thesis} revision {row.n}"
    try:
        body = RevisionBody.model_validate_json(row.body)
        stored: dict[str, Any] = json.loads(row.state)
        kept = Thesis.model_validate(stored)
    except ValueError as error:
        raise IntegrityError(f"{name} is no longer readable: restore the desk from a back-up") from error
    facts = {
        "its number": row.n == body.n == n,
        "its thesis": row.thesis == body.thesis,
        "its parent": row.parent == parent,
        "its text": row.body == body.canonical(),
        "its hash": row.hash == chain_hash(parent, row.body),
        "its date": row.effective_text == moment_text(body.effective_at),
        "its key": (row.idempotency_key or "") == body.idempotency_key,
    }
    for what, holds in facts.items():
        if not holds:
            raise IntegrityError(f"{name}: {what} was changed after it was written: restore the desk from a back-up")
    # Only a patch that hashes to what was written is sure to apply.
    thesis = apply_patch(state, Proposal(thesis=body.thesis, against=parent, author="", patch=body.patch, rationale=""))
    if thesis != kept:
        raise IntegrityError(f"{name}: its state was changed after it was written: restore the desk from a back-up")
    return stored


def _revision(row: Any) -> Revision:
    return _read_revision(row.body, row.parent, row.hash)


@lru_cache(maxsize=512)
def _read_revision(body: str, parent: str, hash_: str) -> Revision:
    return Revision(**dict(RevisionBody.model_validate_json(body)), parent=parent, hash=hash_)


@lru_cache(maxsize=512)
def _read_state(state: str) -> Thesis:
    # Five agents read the same theses at every step; the text decides, so a damaged row is still found out.
    return Thesis.model_validate_json(state)


def _entry(row: Any) -> Entry:
    try:
        return Entry(_read_state(row.state), _revision(row), row.effective_at)
    except ValidationError as error:
        raise IntegrityError(f"{row.thesis} revision {row.n} was damaged: run stoa verify") from error
