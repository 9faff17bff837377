"""What the desk has under way: runs, approvals, effects and receipts, as rows that survive any crash."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from ulid import ULID

from memory.bulk import insert_rows
from memory.clock import Clock
from memory.database import Database
from memory.dispatch import next_turn
from memory.errors import ConflictError, LostError, NotFoundError
from memory.tables import approvals, effects, receipts, runs
from memory.thesis import Proposal

RunStatus = Literal["queued", "running", "waiting", "paused", "done", "failed", "cancelled"]
EXPIRES_AFTER = timedelta(days=14)

# Asked at every step of every run, and a statement takes longer to put together than SQLite to answer.
_HELD = select(runs.c.fence, runs.c.status, runs.c.wanted).where(runs.c.run_id == bindparam("run")).with_for_update(read=True)
_STEP = update(runs).where(runs.c.run_id == bindparam("run")).values(steps=runs.c.steps + 1)
_EFFECT = ("key", "run_id", "kind", "payload", "created_at", "done_at")
_PAYLOAD = select(effects.c.payload).where(effects.c.key == bindparam("key"))
_DELIVERED = update(effects).where(effects.c.seq == bindparam("line")).values(done_at=bindparam("at"))
_RECEIPT = tuple(receipts.c.keys())
_RECEIPTS = select(receipts).where(receipts.c.key.in_(bindparam("keys", expanding=True)))
_USAGE = select(receipts.c.cost_usd, receipts.c.usage).where(receipts.c.run_id == bindparam("run"))
_SPENT = select(func.coalesce(func.sum(receipts.c.cost_usd), 0.0)).where(receipts.c.at >= bindparam("since"))


class NewRun(NamedTuple):
    """What a run is entered with; ``version`` is that of its graph."""

    run_id: str
    kind: str
    as_of: datetime
    arguments: dict[str, Any]
    version: str


class RunRow(NamedTuple):
    """One run and where it stands."""

    run_id: str
    kind: str
    status: RunStatus
    reason: str
    as_of: datetime
    arguments: dict[str, Any]
    steps: int
    result: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    version: str
    priority: int
    due: bool


class Approval(NamedTuple):
    """A change that waits for a person, or was decided."""

    id: str
    run_id: str
    question: str
    proposal: Proposal
    status: str
    created_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str


class Journal:
    """Runs, approvals, effects, receipts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def start(self, run_id: str, kind: str, as_of: datetime, arguments: dict[str, Any], version: str) -> RunRow:
        """Enter a run before its first step; an id that exists returns its row unchanged."""
        with self._database.writing() as connection:
            self._enter(connection, NewRun(run_id, kind, as_of, arguments, version), {"status": "running", "reason": ""})
        return self.run(run_id)

    def enqueue(self, new: NewRun, *, lane: str = "", priority: int = 0) -> RunRow:
        """Enter a run that asks for its first advance; an id that exists returns its row unchanged.

        Args:
            new: the run.
            lane: with whom it shares a turn among the runs of its priority, e.g. a thesis.
            priority: see ``memory.dispatch``.
        """
        with self._database.writing() as connection:
            place = {"lane": lane, "priority": priority, "turn": next_turn(connection, lane, priority)}
            asked = {"status": "queued", "reason": "waits for its turn", "asked": 1, "asked_at": self._clock()}
            self._enter(connection, new, {**asked, **place})
        return self.run(new.run_id)

    def _enter(self, connection: Connection, new: NewRun, standing: dict[str, Any]) -> None:
        if connection.execute(select(runs.c.run_id).where(runs.c.run_id == new.run_id)).first() is None:
            now = self._clock()
            row = {**new._asdict(), "steps": 0, "fence": 0, "result": None, "created_at": now, "updated_at": now}
            connection.execute(insert(runs).values(**row, **standing))

    def run(self, run_id: str) -> RunRow:
        """One run.

        Raises:
            NotFoundError: no run has this id.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no run {run_id!r}: stoa runs list shows those there are")
        return _run(row)

    def runs(self, status: Sequence[RunStatus] = (), kind: str = "") -> list[RunRow]:
        """Runs, newest first."""
        query = select(runs).order_by(runs.c.created_at.desc(), runs.c.run_id.desc())
        if status:
            query = query.where(runs.c.status.in_(list(status)))
        if kind:
            query = query.where(runs.c.kind == kind)
        with self._database.reading() as connection:
            return [_run(row) for row in connection.execute(query)]

    def take(self, run_id: str) -> int:
        """Take over a run: returns a new fence, which makes every former holder's effects fail."""
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(fence=runs.c.fence + 1, updated_at=self._clock()))
            return int(connection.execute(select(runs.c.fence).where(runs.c.run_id == run_id)).scalar_one())

    def hold(self, connection: Connection, run_id: str, fence: int) -> str:
        """Check, inside the transaction of an effect, that this process still owns the run.

        Returns what a person wants of it: ``pause``, or nothing.

        Raises:
            LostError: another process took the run over, or it was cancelled.
        """
        # Shared: who would take the run over waits until this transaction has ended.
        fence_now, status, wanted = connection.execute(_HELD, {"run": run_id}).one()
        return still_held(run_id, fence, fence_now, status, wanted)

    def over_before(self, before: datetime, limit: int = 500) -> list[str]:
        """Runs that were over before an instant and whose checkpoints were not dropped yet."""
        query = select(runs.c.run_id).where(
            runs.c.status.in_(("done", "cancelled")), runs.c.updated_at <= before, runs.c.wanted != "forgotten"
        )
        with self._database.reading() as connection:
            return list(connection.execute(query.limit(limit)).scalars())

    def forgotten(self, run_ids: Sequence[str]) -> None:
        """Remember that the checkpoints of these runs are gone."""
        with self._database.writing(alone=False) as connection:
            connection.execute(update(runs).where(runs.c.run_id.in_(list(run_ids))).values(wanted="forgotten"))

    def set_status(self, run_id: str, status: RunStatus, reason: str = "", result: dict[str, Any] | None = None) -> None:
        """Where the run stands now; a cancelled run stays cancelled."""
        values: dict[str, Any] = {"status": status, "reason": reason, "updated_at": self._clock()}
        if result is not None:
            values["result"] = result
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id, runs.c.status != "cancelled").values(**values))

    def say(self, run_id: str, reason: str) -> None:
        """What a run under way waits for, for those who watch; empty when it goes on."""
        with self._database.writing(alone=False) as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id, runs.c.status == "running").values(reason=reason))

    def step(self, run_id: str) -> None:
        """Count one finished step."""
        with self._database.writing(alone=False) as connection:
            connection.execute(_STEP, {"run": run_id})

    def ask(self, connection: Connection, run_id: str, question: str, proposal: Proposal, at: datetime) -> str:
        """Enter a change that waits for a person; the same one again returns its id."""
        key = proposal.idempotency_key
        known = connection.execute(select(approvals.c.id).where(approvals.c.idempotency_key == key)).scalar()
        if known:
            return str(known)
        new = str(ULID.from_datetime(self._clock()))
        connection.execute(
            insert(approvals).values(
                id=new,
                run_id=run_id,
                question=question,
                thesis=proposal.thesis,
                against=proposal.against,
                proposal=proposal.model_dump_json(),
                status="pending",
                created_at=at,
                expires_at=at + EXPIRES_AFTER,
                decided_by="",
                decided_at=None,
                reason="",
                idempotency_key=key,
            )
        )
        return new

    def approval(self, approval_id: str) -> Approval:
        """One approval.

        Raises:
            NotFoundError: there is none of this id.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(approvals).where(approvals.c.id == approval_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no approval {approval_id!r}: stoa approvals list shows those that wait")
        return _approval(row)

    def approvals(self, *, status: str = "", run_id: str = "", thesis: str = "") -> list[Approval]:
        """Approvals, oldest first."""
        query = select(approvals).order_by(approvals.c.created_at, approvals.c.id)
        for column, value in (("status", status), ("run_id", run_id), ("thesis", thesis)):
            if value:
                query = query.where(approvals.c[column] == value)
        with self._database.reading() as connection:
            return [_approval(row) for row in connection.execute(query)]

    def decide(
        self, approval_id: str, status: Literal["approved", "rejected", "expired", "stale"], by: str, reason: str,
        edited: Proposal | None = None,
    ) -> Approval:  # fmt: skip
        """Write a decision, once, and with it what the person made of the proposal, where it was edited.

        Raises:
            ConflictError: it was decided before.
        """
        values = {"status": status, "decided_by": by, "decided_at": self._clock(), "reason": reason}
        if edited is not None:
            values["proposal"] = edited.model_dump_json()
        with self._database.writing() as connection:
            done = connection.execute(
                update(approvals).where(approvals.c.id == approval_id, approvals.c.status == "pending").values(**values)
            )
            changed = done.rowcount == 1
        found = self.approval(approval_id)
        if not changed:
            raise ConflictError(f"{found.proposal.thesis}: this was {found.status} by {found.decided_by or 'the desk'} already")
        return found

    def overtaken(self, approval_id: str, reason: str) -> None:
        """Say that what a person approved could not enter the book any more."""
        with self._database.writing() as connection:
            mine = (approvals.c.id == approval_id) & (approvals.c.status == "approved")
            connection.execute(update(approvals).where(mine).values(status="stale", reason=reason))

    def emit(self, connection: Connection, key: str, run_id: str, kind: str, payload: dict[str, Any], *, done: bool = False) -> None:
        """Put an effect in the outbox, once per key; one that nobody has to deliver is ``done`` from the start."""
        now = self._clock()
        row = {"key": key, "run_id": run_id, "kind": kind, "payload": payload, "created_at": now, "done_at": now if done else None}
        insert_rows(connection, effects, _EFFECT, [row], once="key")

    def effect(self, key: str) -> dict[str, Any] | None:
        """The payload of an effect, if there is one of this key."""
        with self._database.reading() as connection:
            return connection.execute(_PAYLOAD, {"key": key}).scalar()

    def note_all(self, payloads: Mapping[str, dict[str, Any]], run_id: str, kind: str) -> None:
        """Several effects that nobody has to deliver, all or none."""
        with self._database.writing() as connection:
            for key, payload in payloads.items():
                self.emit(connection, key, run_id, kind, payload, done=True)

    def effects(self, run_id: str = "", *, only_open: bool = False) -> list[tuple[int, str, str, dict[str, Any]]]:
        """(seq, key, kind, payload) of effects, oldest first."""
        query = select(effects).order_by(effects.c.seq)
        if run_id:
            query = query.where(effects.c.run_id == run_id)
        if only_open:
            query = query.where(effects.c.done_at.is_(None))
        with self._database.reading() as connection:
            return [(row.seq, row.key, row.kind, row.payload) for row in connection.execute(query)]

    def effect_done(self, seq: int) -> None:
        """Mark an effect as delivered."""
        with self._database.writing() as connection:
            connection.execute(_DELIVERED, {"line": seq, "at": self._clock()})

    def receipt(self, key: str, fields: dict[str, Any]) -> None:
        """Keep what a model call cost and answered, once per key."""
        with self._database.writing() as connection:
            now = self._clock()
            row = {**fields, "id": str(ULID.from_datetime(now)), "key": key, "at": now}
            insert_rows(connection, receipts, _RECEIPT, [row], once="key")

    def receipts_of(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The receipts of calls, by key; one that was not made is not among them."""
        with self._database.reading() as connection:
            rows = connection.execute(_RECEIPTS, {"keys": list(keys)}).mappings().all()
        return {row["key"]: {**row} for row in rows}

    def receipts(self, run_id: str = "") -> list[dict[str, Any]]:
        """Receipts of a run, or all, oldest first."""
        query = select(receipts).order_by(receipts.c.at, receipts.c.id)
        if run_id:
            query = query.where(receipts.c.run_id == run_id)
        with self._database.reading() as connection:
            return [{**row._mapping} for row in connection.execute(query)]  # noqa: SLF001 - the library offers no public name

    def spent(self, run_id: str, since: datetime) -> tuple[list[tuple[float, dict[str, int]]], float]:
        """USD and usage of each call of a run, and the USD that all runs have spent since an instant."""
        with self._database.reading() as connection:
            calls = [(row.cost_usd or 0.0, row.usage) for row in connection.execute(_USAGE, {"run": run_id})]
            return calls, float(connection.execute(_SPENT, {"since": since}).scalar_one())

    def cost(self, run_id: str = "", since: datetime | None = None) -> float:
        """USD spent by a run, or since an instant."""
        query = select(func.coalesce(func.sum(receipts.c.cost_usd), 0.0))
        if run_id:
            query = query.where(receipts.c.run_id == run_id)
        if since is not None:
            query = query.where(receipts.c.at >= since)
        with self._database.reading() as connection:
            return float(connection.execute(query).scalar_one())


def still_held(run_id: str, fence: int, fence_now: int, status: str, wanted: str) -> str:
    """What a person wants of a run that its holder still holds.

    Raises:
        LostError: another process took it over, or it was cancelled.
    """
    if status == "cancelled":
        raise LostError(f"run {run_id} was cancelled")
    if fence_now != fence:
        raise LostError(f"run {run_id} was taken over by another process")
    return wanted


def _run(row: Row[Any]) -> RunRow:
    return RunRow(
        row.run_id, row.kind, row.status, row.reason, row.as_of, row.arguments, row.steps, row.result, row.created_at,
        row.updated_at, row.version, row.priority, row.asked > row.served,
    )  # fmt: skip


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        row.id, row.run_id, row.question, Proposal.model_validate_json(row.proposal), row.status, row.created_at,
        row.expires_at, row.decided_by, row.decided_at, row.reason,
    )  # fmt: skip
