"""Advancing runs: take the lease, go on from the last checkpoint, stop where a person is needed, give the lease back."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agents import tracing
from memory.clock import Clock
from memory.database import Database
from memory.dispatch import LEASE, LONGEST_LEASE, Dispatch, Lease
from memory.errors import BusyError, DiskError, LostError, StoaError
from memory.journal import Journal, RunRow, still_held
from orchestrator.checkpoints import forget, open_saver
from orchestrator.current import RUN
from orchestrator.errors import RunError

PATIENCE = 20.0
"""Seconds that a command waits for another process to be done with a run."""

TIDY_SECONDS = 3600.0

RECURSION = 1_000
"""Steps a run may take in one advance."""


class RunRules(BaseModel):
    """How runs share the machine, and how much of them is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    at_once: int = Field(default=4, ge=1, le=1000, description="runs that advance at the same time in this desk, on all machines")
    lease: timedelta = Field(
        default=LEASE, ge=timedelta(seconds=1), le=LONGEST_LEASE, description="how long a worker may be silent before another takes over"
    )
    keep_checkpoints: int = Field(default=1, ge=1, description="of a run that is under way; the newest holds its whole state")
    keep_days: int = Field(default=30, ge=0, description="that the checkpoints of a finished run are kept")


class Flow(NamedTuple):
    """One kind of run: its graph's version, its steps for a lease, and the state it begins with."""

    version: str
    graph: Callable[[Lease], Any]
    first: Callable[[RunRow], dict[str, Any]]


class PausedError(StoaError):
    """A person asked the run to pause; it stands at its last finished step."""


class Waiting(NamedTuple):
    """A parked branch: the interrupt to answer, and the approval it stands for."""

    interrupt: str
    approval: str


class LeaseGuard:
    """Fulfils ``Guard``: only who holds the lease writes the run's state."""

    def __init__(self, database: Database, journal: Journal, lease: Lease) -> None:
        self._database = database
        self._journal = journal
        self._lease = lease

    @contextmanager
    def holding(self, *, step_ends: bool) -> Iterator[None]:
        """The desk's own file is locked around a write to the checkpoints' file."""
        with self._database.writing(alone=False) as connection:
            wanted = self._journal.hold(connection, self._lease.run_id, self._lease.fence)
            yield
        if paused := self._paused(wanted, step_ends=step_ends):
            raise paused

    def question(self) -> tuple[str, Sequence[Any]]:
        """The row of the run, locked against whoever would take it over."""
        return "SELECT fence, status, wanted FROM runs WHERE run_id = %s FOR SHARE", [self._lease.run_id]

    def heed(self, row: Mapping[str, Any], *, step_ends: bool) -> Exception | None:
        """What the row says."""
        wanted = still_held(self._lease.run_id, self._lease.fence, row["fence"], row["status"], row["wanted"])
        return self._paused(wanted, step_ends=step_ends)

    def _paused(self, wanted: str, *, step_ends: bool) -> PausedError | None:
        return PausedError(f"run {self._lease.run_id} was paused") if step_ends and wanted == "pause" else None


class Engine:
    """Advances the runs of one desk, whoever asks: a command, a worker, a schedule."""

    def __init__(
        self, database: Database, clock: Clock, checkpoints: Path | str, flows: Mapping[str, Flow], rules: RunRules | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._checkpoints = checkpoints
        self._flows = flows
        self._rules = rules or RunRules()
        self.journal = Journal(database, clock)
        self._tidy_after = 0.0
        self.dispatch = Dispatch(database, lease=self._rules.lease)

    def advance(self, run_id: str) -> RunRow:
        """Go on until the run is done, or waits for people. One that is done, paused or waits unanswered stays as it is.

        Raises:
            BusyError: another process advances it, or too many runs advance at once; it keeps its place in the queue.
            LostError: another process took it over meanwhile, or it was cancelled; nothing more was written.
            RunError: it was cancelled, or another version of the graph began it.
        """
        while True:
            row = self.journal.run(run_id)
            if row.status == "cancelled":
                raise RunError(f"run {run_id} was cancelled: start a new one")
            if row.status in {"done", "paused"}:
                return row
            lease = self.dispatch.take(run_id, self._rules.at_once)
            self._advance(row, lease)
            row = self.journal.run(run_id)
            # An answer that came while the run advanced: whoever gave it found the run taken, so it is taken in here.
            if not (row.due and row.status == "waiting"):
                return row

    def advance_patiently(self, run_id: str, seconds: float = PATIENCE) -> RunRow:
        """``advance``, waiting a while for another process that advances it, and for room among the desk's runs."""
        last = time.monotonic() + seconds
        while True:
            try:
                return self.advance(run_id)
            except DiskError:
                raise
            except BusyError:
                if time.monotonic() > last:
                    raise
            time.sleep(0.1)

    def _advance(self, row: RunRow, lease: Lease) -> None:
        working_for = RUN.set(row.run_id)
        try:
            with tracing.span("invoke_workflow", {tracing.WORKFLOW: row.kind, tracing.RUN: row.run_id}) as span:
                span.note({tracing.STATUS: self._advance_held(row, lease)})
        finally:
            RUN.reset(working_for)

    def _advance_held(self, row: RunRow, lease: Lease) -> str:
        try:
            with self._beating(lease):
                status, reason = self._go_on(row, lease)
        except PausedError:
            status, reason = "paused", f"stoa runs resume {row.run_id} goes on"
        except LostError:
            # Another has it now, or it was cancelled; of a cancelled one only the lease is given back.
            self.dispatch.end(lease, "cancelled", "", self._clock())
            raise
        except BusyError:
            self._let_go(lease)
            raise
        except StoaError as error:
            self.dispatch.end(lease, "failed", str(error), self._clock())
            raise
        except OSError as error:
            # A disk that is full or gone is the machine's matter, not the run's.
            self._let_go(lease)
            raise DiskError(f"a file could not be used ({error}): mend it, e.g. free space, then stoa runs resume {row.run_id}") from error
        except Exception as error:
            # The edge of a run step: whatever went wrong, the run says so and can be tried again.
            reason = f"{type(error).__name__}: {error}; stoa runs retry {row.run_id} tries again"
            self.dispatch.end(lease, "failed", reason, self._clock())
            raise
        self.dispatch.end(lease, status, reason, self._clock())
        if status == "done" and time.monotonic() >= self._tidy_after:
            self.tidy()
        return status

    def _let_go(self, lease: Lease) -> None:
        """The database was busy or away: the run stays due, for whoever comes when it is back."""
        with suppress(BusyError):  # still away: then the lease runs out by itself
            self.dispatch.give_back(lease, "the database was busy or away; a worker goes on by itself, else stoa runs resume does")

    def _go_on(self, row: RunRow, lease: Lease) -> tuple[str, str]:
        """Where the run stands after it went as far as it goes without a person."""
        flow = self._flow(row)
        with self._graph(flow, lease) as graph:
            self._invoke(graph, row, flow)
            tasks = graph.get_state(_config(row.run_id)).tasks
        waiting = _interrupts(tasks)
        if tasks and not waiting:
            raise RunError(f"run {row.run_id} stopped before its end: stoa runs retry {row.run_id} goes on")
        if waiting:
            return "waiting", f"{len(waiting)} changes wait for a person: stoa approvals list"
        return "done", ""

    def _flow(self, row: RunRow) -> Flow:
        flow = self._flows.get(row.kind)
        if flow is None:
            raise RunError(f"run {row.run_id} is of the kind {row.kind!r}, which nothing here advances: stoa runs cancel {row.run_id}")
        if row.version != flow.version:
            raise RunError(
                f"run {row.run_id} was begun by version {row.version} of its steps and this desk has version {flow.version}: "
                f"cancel it (stoa runs cancel {row.run_id}) and start a new one"
            )
        return flow

    @contextmanager
    def _graph(self, flow: Flow, lease: Lease) -> Iterator[Any]:
        guard = LeaseGuard(self._database, self.journal, lease)
        with open_saver(self._checkpoints, guard, self._rules.keep_checkpoints) as saver:
            yield flow.graph(lease).compile(checkpointer=saver)

    def _invoke(self, graph: Any, row: RunRow, flow: Flow) -> None:
        from langgraph.types import Command

        snapshot = graph.get_state(_config(row.run_id))
        if not snapshot.created_at:
            graph.invoke(flow.first(row), _config(row.run_id), durability="sync")
            return
        waiting = _interrupts(snapshot.tasks)
        if answers := self._answers(waiting):
            graph.invoke(Command(resume=answers), _config(row.run_id), durability="sync")
        elif snapshot.tasks and not waiting:
            # None goes on from the last checkpoint; a fresh state would silently start the thread over.
            graph.invoke(None, _config(row.run_id), durability="sync")

    def _answers(self, waiting: Sequence[Waiting]) -> dict[str, Any]:
        """Decisions that are in the tables but not yet in the graph, by the id of the interrupt each answers."""
        found = {}
        for item in waiting:
            status = self.journal.approval(item.approval).status
            if status != "pending":
                found[item.interrupt] = status
        return found

    def waits_for(self, run_id: str) -> list[str]:
        """Approvals that the run's graph has not taken in yet, decided or not."""
        row = self.journal.run(run_id)
        if row.status in {"done", "cancelled"}:
            return []
        nobody = Lease(run_id, -1, 0)
        with self._graph(self._flow(row), nobody) as graph:
            return [item.approval for item in _interrupts(graph.get_state(_config(run_id)).tasks)]

    @contextmanager
    def _beating(self, lease: Lease) -> Iterator[None]:
        """Renews the lease while the run is advanced; what is written after it was lost is refused where it is written."""
        stop = threading.Event()

        def beat() -> None:
            while not stop.wait(self._rules.lease.total_seconds() / 3):
                with suppress(BusyError):  # away for a while: the next beat tries again
                    if not self.dispatch.renew(lease):
                        return

        thread = threading.Thread(target=beat, name=f"lease of {lease.run_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def tidy(self) -> int:
        """Drop the checkpoints of runs that were over before the days that the settings keep; returns how many runs."""
        self._tidy_after = time.monotonic() + (TIDY_SECONDS if self._rules.keep_days else 0)
        names = self.journal.over_before(self._clock() - timedelta(days=self._rules.keep_days))
        if names:
            forget(self._checkpoints, names)
            self.journal.forgotten(names)
        return len(names)


def _config(run_id: str) -> Any:
    # One branch at a time: a playbook's work is computation, and the channel reads in a fixed order.
    return {"configurable": {"thread_id": run_id}, "max_concurrency": 1, "recursion_limit": RECURSION}


def _interrupts(tasks: Sequence[Any]) -> list[Waiting]:
    return [Waiting(item.id, item.value["approval"]) for task in tasks for item in task.interrupts]
