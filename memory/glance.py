"""Reads for screens that many people look at: bounded, by index, and what never changes is read once."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import and_, func, or_, select

from memory.book import Entry
from memory.database import Database
from memory.journal import Approval, RunRow
from memory.records import Kind, Record
from memory.store import record_of
from memory.tables import approvals, receipts, records, revisions, runs
from memory.thesis import Proposal, Revision, RevisionBody, Thesis

STEPS = 60
"""Revisions of a thesis that its conviction's history shows: what a line of a finger's width can."""
KEPT = 4_000
"""Revisions held in memory."""
BATCH = 200


class Pulse(NamedTuple):
    """Four marks, each of which differs after a change of what it stands for."""

    book: str
    channel: str
    approvals: str
    runs: str


class Step(NamedTuple):
    """Conviction as a revision left it."""

    n: int
    effective_at: datetime
    conviction: float


class Glance:
    """The book and its history for many readers. Revisions never change, so each is parsed once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: OrderedDict[tuple[str, int], Entry] = OrderedDict()
        self._steps: dict[str, list[Step]] = {}
        self._lock = Lock()

    def entries(self, as_of: datetime | None = None) -> list[Entry]:
        """Every thesis as it stood at ``as_of`` (now without one), by slug."""
        return self._read(sorted(self._heads(as_of).items()))

    def history(self, slug: str, before: int | None = None, limit: int = 20, as_of: datetime | None = None) -> list[Entry]:
        """The newest ``limit`` revisions of a thesis (older than number ``before``), newest first."""
        query = select(revisions.c.n).where(revisions.c.thesis == slug).order_by(revisions.c.n.desc()).limit(limit)
        if before is not None:
            query = query.where(revisions.c.n < before)
        if as_of is not None:
            query = query.where(revisions.c.effective_at <= as_of)
        with self._database.reading() as connection:
            numbers = list(connection.execute(query).scalars())
        return self._read([(slug, n) for n in numbers])

    def revision(self, slug: str, n: int) -> Entry | None:
        """One revision; None when there is none of this number."""
        found = self._read([(slug, n)])
        return found[0] if found else None

    def steps(self, as_of: datetime | None = None) -> dict[str, list[Step]]:
        """The last convictions of every thesis, oldest first."""
        with self._lock:
            for slug, n in self._heads(None).items():
                known = self._steps.setdefault(slug, [])
                if not known or known[-1].n < n:
                    known += self._new_steps(slug, known[-1].n if known else 0, n)
                    del known[:-STEPS]
            if as_of is None:
                return {slug: list(found) for slug, found in self._steps.items()}
            return {slug: [step for step in found if step.effective_at <= as_of] for slug, found in self._steps.items()}

    def _heads(self, as_of: datetime | None) -> dict[str, int]:
        query = select(revisions.c.thesis, func.max(revisions.c.n)).group_by(revisions.c.thesis)
        if as_of is not None:
            query = query.where(revisions.c.effective_at <= as_of)
        with self._database.reading() as connection:
            return {slug: int(n) for slug, n in connection.execute(query)}

    def _new_steps(self, slug: str, known: int, head: int) -> list[Step]:
        query = select(revisions.c.n, revisions.c.effective_at, revisions.c.state).where(
            revisions.c.thesis == slug, revisions.c.n > max(known, head - STEPS)
        )
        with self._database.reading() as connection:
            rows = list(connection.execute(query.order_by(revisions.c.n)))
        return [Step(row.n, row.effective_at, float(json.loads(row.state)["conviction"])) for row in rows]

    def _read(self, wanted: Sequence[tuple[str, int]]) -> list[Entry]:
        with self._lock:
            missing = [key for key in wanted if key not in self._entries]
            for start in range(0, len(missing), BATCH):
                self._fetch(missing[start : start + BATCH])
            found = [self._entries[key] for key in wanted if key in self._entries]
            for key in wanted:
                if key in self._entries:
                    self._entries.move_to_end(key)
            while len(self._entries) > KEPT:
                self._entries.popitem(last=False)
        return found

    def _fetch(self, keys: Sequence[tuple[str, int]]) -> None:
        condition = or_(*[and_(revisions.c.thesis == slug, revisions.c.n == n) for slug, n in keys])
        with self._database.reading() as connection:
            for row in connection.execute(select(revisions).where(condition)):
                body = RevisionBody.model_validate_json(row.body)
                revision = Revision(**dict(body), parent=row.parent, hash=row.hash)
                self._entries[row.thesis, row.n] = Entry(Thesis.model_validate_json(row.state), revision, row.effective_at)


def pulse(database: Database) -> Pulse:
    """Where the desk stands, in four quick queries."""
    with database.reading() as connection:
        book = connection.execute(select(func.count()).select_from(revisions)).scalar_one()
        spoken = connection.execute(select(func.max(records.c.seq))).scalar() or 0
        asked = connection.execute(select(func.count(), func.count(approvals.c.decided_at)).select_from(approvals)).one()
        worked = connection.execute(select(func.count(), func.max(runs.c.updated_at), func.sum(runs.c.steps))).one()
    return Pulse(f"{book}", f"{spoken}", f"{asked[0]}.{asked[1]}", f"{worked[0]}.{worked[1]}.{worked[2]}")


def thread(
    database: Database, thread_id: str, kind: Kind = Kind.MESSAGE, before: int | None = None, limit: int = 60
) -> tuple[list[tuple[int, Record]], bool]:
    """The newest records of a thread with their place in it, oldest first, and whether there are older ones."""
    query = select(records).where(records.c.thread_id == thread_id, records.c.kind == kind.value)
    if before is not None:
        query = query.where(records.c.seq < before)
    with database.reading() as connection:
        rows = list(connection.execute(query.order_by(records.c.seq.desc()).limit(limit + 1)))
    return [(row.seq, record_of(row)) for row in reversed(rows[:limit])], len(rows) > limit


def recent_runs(database: Database, limit: int = 50, kind: str = "") -> list[RunRow]:
    """The newest runs, without their results."""
    columns = [runs.c[name] for name in RunRow._fields if name not in {"result", "due"}] + [(runs.c.asked > runs.c.served).label("due")]
    query = select(*columns).order_by(runs.c.created_at.desc(), runs.c.run_id.desc()).limit(limit)
    if kind:
        query = query.where(runs.c.kind == kind)
    with database.reading() as connection:
        return [RunRow(**{**row._mapping, "result": None, "due": bool(row.due)}) for row in connection.execute(query)]  # noqa: SLF001 - no public name


def costs(database: Database, run_ids: Sequence[str]) -> dict[str, float]:
    """USD spent by each of some runs."""
    query = select(receipts.c.run_id, func.coalesce(func.sum(receipts.c.cost_usd), 0.0)).group_by(receipts.c.run_id)
    with database.reading() as connection:
        return {name: float(cost) for name, cost in connection.execute(query.where(receipts.c.run_id.in_(list(run_ids))))}


def run_revisions(database: Database, slugs: Sequence[str], run_id: str) -> list[tuple[str, int]]:
    """(thesis, number) of the revisions that a run made among the last of each of some theses."""
    return [(slug, n) for slug in slugs for n in _of_run(database, slug, run_id)]


def _of_run(database: Database, slug: str, run_id: str) -> list[int]:
    query = select(revisions.c.n, revisions.c.body).where(revisions.c.thesis == slug).order_by(revisions.c.n.desc()).limit(STEPS)
    with database.reading() as connection:
        rows: list[Any] = list(connection.execute(query))
    return sorted(row.n for row in rows if json.loads(row.body)["run_id"] == run_id)


def decided(database: Database, limit: int = 30) -> list[Approval]:
    """The approvals that were decided last, newest first."""
    query = select(approvals).where(approvals.c.decided_at.is_not(None)).order_by(approvals.c.decided_at.desc()).limit(limit)
    with database.reading() as connection:
        return [
            Approval(
                row.id, row.run_id, row.question, Proposal.model_validate_json(row.proposal), row.status, row.created_at,
                row.expires_at, row.decided_by, row.decided_at, row.reason,
            )
            for row in connection.execute(query)
        ]  # fmt: skip
