"""Which run is due, and who advances it: the queue and the leases, both columns of the ``runs`` table.

A run is due while it was asked for more often than it was served: an answer that comes while the run advances is not lost.
Who advances it holds a lease with a fence number. The number is checked in the transaction of every effect, so a process that
was frozen and wakes up late changes nothing. A lease ends when it is given back, when its process is known to be gone, or when
it was not renewed in time.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, case, func, select, update

from memory.clock import Clock
from memory.database import Database
from memory.errors import BusyError, ConflictError, NotFoundError
from memory.process import is_dead, this_process
from memory.tables import runs

LEASE = timedelta(seconds=30)
"""How long a process may be silent before another takes its run over."""

LONGEST_LEASE = 10 * LEASE
"""A lease that ends later than this was taken before a clock was set back: it does not count."""

URGENT, NORMAL, NIGHTLY = 10, 0, -10
"""Priorities: a person waits, a person asked, a schedule fired."""

OVER = ("done", "cancelled")


class Lease(NamedTuple):
    """The right to advance a run. ``asked`` is how often it had been asked for when the lease was taken."""

    run_id: str
    fence: int
    asked: int


class FullError(BusyError):
    """As many runs advance as the settings allow: this one keeps its place in the queue."""


class Dispatch:
    """The queue and the leases of one desk.

    ``clock`` is for leases alone; without one it is the database server's, so that all machines go by the same, or this
    machine's where the database is a file on it.
    """

    def __init__(self, database: Database, clock: Clock | None = None, lease: timedelta = LEASE) -> None:
        self._database = database
        self._clock = clock
        self.lease = lease

    def _now(self, connection: Connection) -> datetime:
        return self._clock() if self._clock else self._database.now(connection)

    def ask(self, run_id: str, priority: int | None = None) -> tuple[int, int]:
        """Ask for an advance; twice is harmless. Returns (priority, turn): a higher one goes first, then a lower turn.

        Turns make the lanes of a priority (the theses) take turns: each new request of a lane stands one behind the lane's last,
        and none before what is being served now.
        """
        with self._database.writing() as connection:
            row = self._row(connection, run_id)
            mine = row.priority if priority is None else max(priority, row.priority)
            turn = row.turn if row.asked > row.served else next_turn(connection, row.lane, mine)
            values = {"asked": runs.c.asked + 1, "asked_at": self._now(connection), "priority": mine, "turn": turn}
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))
        return mine, turn

    def place(self, run_id: str) -> tuple[int, int]:
        """(priority, turn) of a run in the queue."""
        with self._database.reading() as connection:
            row = self._row(connection, run_id)
        return row.priority, row.turn

    def due(self, limit: int = 100) -> list[str]:
        """Runs that want an advance and that nobody advances, in the order in which they should be taken."""
        query = (
            select(runs)
            .where(runs.c.asked > runs.c.served, runs.c.status.not_in(("paused", *OVER)))
            .order_by(runs.c.priority.desc(), runs.c.turn, runs.c.asked_at, runs.c.run_id)
        )
        with self._database.reading() as connection:
            now = self._now(connection)
            free = (row.run_id for row in connection.execute(query) if not _held(row, now))
            return [name for name, _ in zip(free, range(limit), strict=False)]

    def take(self, run_id: str, at_once: int = 0) -> Lease:
        """Take a run: a new fence makes every former holder's effects fail.

        Args:
            run_id: the run.
            at_once: how many runs of the desk may advance at the same time; 0 for any number.

        Raises:
            FullError: that many advance now.
            BusyError: a living process holds the run.
            ConflictError: it is done, paused or cancelled.
        """
        with self._database.writing() as connection:
            row = self._row(connection, run_id)
            now = self._now(connection)
            if row.status in {"paused", *OVER}:
                raise ConflictError(f"run {run_id} is {row.status}")
            if _held(row, now):
                raise BusyError(f"run {run_id} is being advanced by another process ({_short(row.holder)}): wait for it, or stop that one")
            if at_once:
                self._check_room(connection, run_id, now, at_once)
            connection.execute(
                update(runs)
                .where(runs.c.run_id == run_id)
                .values(fence=row.fence + 1, holder=this_process(), lease_until=now + self.lease, status="running", reason="", wanted="")
            )
        return Lease(run_id, row.fence + 1, row.asked)

    def _check_room(self, connection: Connection, run_id: str, now: datetime, at_once: int) -> None:
        held = connection.execute(select(runs).where(runs.c.lease_until.is_not(None), runs.c.run_id != run_id))
        busy = sum(_held(row, now) for row in held)
        if busy >= at_once:
            raise FullError(f"run {run_id} waits its turn: {busy} of {at_once} runs advance now (runs.at_once)")

    def renew(self, lease: Lease) -> bool:
        """Say that this process still works on it; False when the run belongs to another."""
        with self._database.writing(alone=False) as connection:
            until = self._now(connection) + self.lease
            mine = (runs.c.run_id == lease.run_id) & (runs.c.fence == lease.fence)
            return connection.execute(update(runs).where(mine).values(lease_until=until)).rowcount == 1

    def end(self, lease: Lease, status: str, reason: str, at: datetime) -> bool:
        """Give the run back, saying where it stands; False when it belongs to another by now. A cancelled run stays so.

        What was asked for while it advanced stays due.
        """
        with self._database.writing(alone=False) as connection:
            over = runs.c.status == "cancelled"
            done = connection.execute(
                update(runs)
                .where(runs.c.run_id == lease.run_id, runs.c.fence == lease.fence)
                .values(
                    status=case((over, runs.c.status), else_=status),
                    reason=case((over, runs.c.reason), else_=reason),
                    served=lease.asked,
                    lease_until=None,
                    holder="",
                    wanted="",
                    updated_at=at,
                )
            )
        return done.rowcount == 1

    def give_back(self, lease: Lease, reason: str) -> None:
        """Let go of a run that could not be advanced now: it stays due."""
        with self._database.writing(alone=False) as connection:
            mine = (runs.c.run_id == lease.run_id) & (runs.c.fence == lease.fence) & (runs.c.status != "cancelled")
            connection.execute(update(runs).where(mine).values(status="queued", reason=reason, lease_until=None, holder=""))

    def rest(self, run_id: str, status: str, reason: str, at: datetime) -> bool:
        """Set a run that nobody advances to rest; one under way is asked to, and does so after its present step.

        Returns whether it rests already.
        """
        with self._database.writing() as connection:
            row = self._row(connection, run_id)
            if row.status in OVER:
                raise ConflictError(f"run {run_id} is {row.status} already")
            held = _held(row, self._now(connection))
            values = {"wanted": "pause"} if held else {"status": status, "reason": reason, "updated_at": at, "lease_until": None}
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))
        return not held

    def wake(self, run_id: str, at: datetime) -> None:
        """Let a resting run be taken again; one that is under way, or over, stays as it is."""
        with self._database.writing() as connection:
            resting = runs.c.status.in_(("paused", "failed"))
            values = {"status": "queued", "reason": "", "wanted": "", "updated_at": at}
            connection.execute(update(runs).where(runs.c.run_id == run_id, resting).values(**values))
            # A pause that has not come about yet is taken back.
            connection.execute(update(runs).where(runs.c.run_id == run_id, runs.c.wanted != "").values(wanted=""))

    def note(self, run_id: str, reason: str) -> None:
        """Say what a queued run waits for."""
        with self._database.writing(alone=False) as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id, runs.c.status == "queued").values(reason=reason))

    def end_silent(self, seconds: float) -> int:
        """See ``Database.end_silent``: a run is free only when its last holder's locks are."""
        return self._database.end_silent(seconds)

    def _row(self, connection: Connection, run_id: str) -> Row[Any]:
        row = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no run {run_id!r}: stoa runs list shows those there are")
        return row


def _held(row: Row[Any], now: datetime) -> bool:
    """Whether a living process holds it."""
    return row.lease_until is not None and now < row.lease_until <= now + LONGEST_LEASE and not is_dead(row.holder)


def next_turn(connection: Connection, lane: str, priority: int) -> int:
    """Start-time fair queueing: behind the lane's last request, and not before the request that is first now."""
    pending = (runs.c.asked > runs.c.served) & (runs.c.priority == priority) & runs.c.status.not_in(OVER)
    now = connection.execute(select(func.min(runs.c.turn)).where(pending)).scalar() or 0
    last = connection.execute(select(func.max(runs.c.turn)).where(pending, runs.c.lane == lane)).scalar()
    return max(now, last + 1) if last is not None else now


def _short(holder: str) -> str:
    return f"{holder.split('/', maxsplit=1)[0]}, process {holder.split('/')[-2]}" if holder.count("/") > 1 else "unknown"
