"""What people are asked before an agent may call a tool, what they answered, and every decision on a call."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row, insert, select, update
from ulid import ULID

from memory.database import Database
from memory.errors import ConflictError, NotFoundError
from memory.tables import permission_decisions, permission_requests

Scope = Literal["once", "minutes", "run", "good"]
"""For how long a yes holds: for one call, for a quarter of an hour, for the run that asked, or for good, as a rule."""

MINUTES = timedelta(minutes=15)
KEPT = timedelta(days=14)
"""How long a yes for one call waits to be used."""


class Wanted(NamedTuple):
    """One call that somebody wants to make; ``digest`` is the fingerprint of tool and arguments."""

    run_id: str
    role: str
    tool: str
    arguments: dict[str, Any]
    digest: str


class PermissionRequest(NamedTuple):
    """A question about one call: pending, approved, rejected or used."""

    id: str
    run_id: str
    role: str
    tool: str
    arguments: dict[str, Any]
    digest: str
    reason: str
    status: str
    scope: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    until: datetime | None


class PermissionDecision(NamedTuple):
    """What was decided on one call, by a rule or because a person had answered."""

    run_id: str
    role: str
    tool: str
    digest: str
    decision: str
    reason: str
    tainted: bool
    at: datetime


class PermissionRequests:
    """The rows of one desk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, wanted: Wanted, reason: str, at: datetime) -> PermissionRequest:
        """Enter a question; the same one of the same run again is the one that stands, answered or not."""
        same = (
            (permission_requests.c.run_id == wanted.run_id)
            & (permission_requests.c.role == wanted.role)
            & (permission_requests.c.digest == wanted.digest)
            & permission_requests.c.status.in_(("pending", "rejected"))
        )
        with self._database.writing() as connection:
            known = connection.execute(select(permission_requests).where(same)).first()
            if known is not None:
                return _request(known)
            new = str(ULID.from_datetime(at))
            row = {**wanted._asdict(), "id": new, "reason": reason, "status": "pending", "asked_at": at}
            connection.execute(insert(permission_requests).values(**row))
            return _request(connection.execute(select(permission_requests).where(permission_requests.c.id == new)).one())

    def use(self, wanted: Wanted, at: datetime) -> PermissionRequest | None:
        """The yes that covers a call, if a person gave one; one that was for a single call is used up by this."""
        with self._database.writing() as connection:
            table = permission_requests.c
            mine = (table.digest == wanted.digest) & (table.role == wanted.role) & (table.tool == wanted.tool)
            query = select(permission_requests).where(mine, table.status == "approved").order_by(table.decided_at)
            for row in connection.execute(query):
                if _covers(row, wanted, at):
                    if row.scope == "once":
                        connection.execute(update(permission_requests).where(table.id == row.id).values(status="used"))
                    return _request(row)
        return None

    def decide(self, request_id: str, scope: Scope | Literal[""], by: str, at: datetime) -> PermissionRequest:
        """Write a person's answer, once: yes for a scope, or no without one.

        Raises:
            ConflictError: it was answered before.
            NotFoundError: there is no such question.
        """
        until = {"once": at + KEPT, "minutes": at + MINUTES}.get(scope)
        values = {"status": "approved" if scope else "rejected", "scope": scope, "decided_by": by, "decided_at": at, "until": until}
        with self._database.writing() as connection:
            mine = permission_requests.c.id == request_id
            if not connection.execute(
                update(permission_requests).where(mine, permission_requests.c.status == "pending").values(**values)
            ).rowcount:
                row = connection.execute(select(permission_requests).where(mine)).one_or_none()
                if row is None:
                    raise NotFoundError(f"there is no question {request_id!r}: stoa permissions list shows those that wait")
                raise ConflictError(f"{request_id} is {row.status} already, by {row.decided_by}")
        return self.get(request_id)

    def get(self, request_id: str) -> PermissionRequest:
        """One question.

        Raises:
            NotFoundError: there is none of this id.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(permission_requests).where(permission_requests.c.id == request_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no question {request_id!r}: stoa permissions list shows those that wait")
        return _request(row)

    def requests(self, status: str = "") -> list[PermissionRequest]:
        """Questions, oldest first, of one status or all."""
        query = select(permission_requests).order_by(permission_requests.c.asked_at, permission_requests.c.id)
        if status:
            query = query.where(permission_requests.c.status == status)
        with self._database.reading() as connection:
            return [_request(row) for row in connection.execute(query)]

    def record(self, wanted: Wanted, ruling: tuple[str, str], at: datetime, *, tainted: bool) -> None:
        """Keep what was decided on a call, and why."""
        row: Mapping[str, Any] = {name: value for name, value in wanted._asdict().items() if name != "arguments"}
        decision, reason = ruling
        with self._database.writing(alone=False) as connection:
            connection.execute(
                insert(permission_decisions).values(
                    **row, id=str(ULID.from_datetime(at)), decision=decision, reason=reason, tainted=int(tainted), at=at
                )
            )

    def decisions(self, run_id: str = "") -> list[PermissionDecision]:
        """Decisions on calls, oldest first, of one run or all."""
        query = select(permission_decisions).order_by(permission_decisions.c.at, permission_decisions.c.id)
        if run_id:
            query = query.where(permission_decisions.c.run_id == run_id)
        with self._database.reading() as connection:
            return [
                PermissionDecision(row.run_id, row.role, row.tool, row.digest, row.decision, row.reason, bool(row.tainted), row.at)
                for row in connection.execute(query)
            ]


def _covers(row: Row[Any], wanted: Wanted, at: datetime) -> bool:
    if row.scope == "run":
        return bool(row.run_id == wanted.run_id)
    # A yes for good is the rule in stoa.toml and nothing else: who takes it out there takes it back.
    return bool(row.scope != "good" and at <= row.until)


def _request(row: Row[Any]) -> PermissionRequest:
    return PermissionRequest(*(getattr(row, name) for name in PermissionRequest._fields))
