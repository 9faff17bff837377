"""Runs: start, advance, wait, pause, resume, retry, cancel. The checkpoints own the state inside a run, the tables every effect."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from memory.book import apply_patch
from memory.dispatch import NORMAL, URGENT, Lease
from memory.errors import ConflictError, StaleError
from memory.journal import Approval, NewRun, RunRow
from memory.thesis import Proposal
from orchestrator import gate, suggestions
from orchestrator.context import Context
from orchestrator.engine import Engine, Flow
from orchestrator.errors import RunError

VERSION = "1"
"""Of the research graph: a run that another version began is not continued by guessing."""


def engine(context: Context, checkpoints: Path | str) -> Engine:
    """What advances this desk's runs."""

    def research(lease: Lease) -> object:
        from orchestrator.research import Research

        context.deliver(lease.run_id)
        return Research(context, lease.fence).graph()

    flows = {"research": Flow(VERSION, research, _first)}
    return Engine(context.database, context.clock, checkpoints, flows, context.runs)


def _first(row: RunRow) -> dict[str, object]:
    return {"run_id": row.run_id, "as_of": row.as_of.isoformat(), "wanted": row.arguments.get("theses", [])}


def enter(
    context: Context, run_id: str, as_of: datetime, theses: Sequence[str], priority: int = NORMAL, schedule: str = ""
) -> RunRow:  # fmt: skip
    """Put a research run into the queue, once per id; a worker, or ``advance``, does the rest. ``schedule`` asked, where no person did."""
    for slug in theses:
        context.book.get(slug)
    new = NewRun(run_id, "research", as_of, {"theses": list(theses), **({"schedule": schedule} if schedule else {})}, VERSION)
    row = context.journal.enqueue(new, lane=" ".join(sorted(theses)), priority=priority)
    if row.due:
        context.queue.ring(run_id)
    return row


def start(context: Context, checkpoints: Path | str, run_id: str, as_of: datetime, theses: Sequence[str]) -> RunRow:
    """Begin a research run, or go on with the one of this id, as far as it goes without a person."""
    enter(context, run_id, as_of, theses, URGENT)
    return advance(context, checkpoints, run_id)


def advance(context: Context, checkpoints: Path | str, run_id: str) -> RunRow:
    """Go on from the last finished step until the run is done or waits for people.

    Raises:
        BusyError: another process advances it, or too many runs advance at once.
        RunError: it was cancelled, or an incompatible version began it.
    """
    return engine(context, checkpoints).advance_patiently(run_id)


class Decision(NamedTuple):
    """A person's answer to a question."""

    approve: bool
    by: str
    reason: str = ""
    edited: Proposal | None = None
    """What the person made of the proposal, where it was not approved as it stood."""

    @property
    def status(self) -> Literal["approved", "rejected"]:
        """How the approval is marked."""
        return "approved" if self.approve else "rejected"


def answer(context: Context, approval_id: str, decision: Decision) -> Approval:
    """Write a person's decision, once, and ask for the run's next advance; who advances runs takes it in.

    Raises:
        InputError: the edited proposal gives no valid thesis; nothing is decided.
        StaleError: the thesis has a newer revision than the one the question was about; nothing is changed.
        ConflictError: it was decided before, or it has expired.
    """
    item = context.journal.approval(approval_id)
    refusal = _too_late(context, item) if item.status == "pending" else None
    try:
        if refusal is None:
            if decision.edited is not None:
                apply_patch(context.book.get(item.proposal.thesis).thesis.model_dump(mode="json"), decision.edited)
            item = context.journal.decide(approval_id, decision.status, decision.by, decision.reason, decision.edited)
    finally:
        # Also after a refusal: what can no longer be answered, or was answered before a crash, must not hold its run.
        run = context.journal.run(item.run_id)
        if run.kind == "research" and run.status not in {"cancelled", "done"}:
            context.queue.put(item.run_id, URGENT)
    if refusal is not None:
        raise refusal
    return item


def decide(
    context: Context, checkpoints: Path | str, approval_id: str, *, approve: bool, by: str, reason: str = ""
) -> Approval:  # fmt: skip
    """``settle`` with a plain yes or no."""
    return settle(context, checkpoints, approval_id, Decision(approve, by, reason))


def settle(context: Context, checkpoints: Path | str, approval_id: str, decision: Decision) -> Approval:
    """``answer``, and let the run go on here.

    The same decision again is an answer only while the run has not taken the first one in: whoever was killed between the two
    may simply repeat it.

    Raises:
        InputError: the edited proposal gives no valid thesis; nothing is decided.
        StaleError: the thesis has moved on; nothing is changed.
        ConflictError: it was decided before, or it has expired.
    """
    item = context.journal.approval(approval_id)
    unheard = item.status == decision.status and approval_id in engine(context, checkpoints).waits_for(item.run_id)
    refusal: ConflictError | None = None
    try:
        answer(context, approval_id, decision)
    except ConflictError as error:
        refusal = None if unheard else error
    land(context, checkpoints, approval_id)
    if refusal is not None:
        raise refusal
    decided = context.journal.approval(approval_id)
    if decided.status == "stale":
        raise StaleError(f"{decided.reason}; the approval is kept as stale")
    return decided


def land(context: Context, checkpoints: Path | str, approval_id: str) -> None:
    """Let what follows from a decision happen; again after a crash, it happens once."""
    item = context.journal.approval(approval_id)
    run = context.journal.run(item.run_id)
    if run.status == "cancelled":
        return
    if run.kind == "research":
        advance(context, checkpoints, item.run_id)
        return
    if run.kind == suggestions.KIND:
        suggestions.settle(context, run)
        return
    # A talk has no parked branch: its changes land by themselves, under the fence of whoever lands them.
    fence = context.journal.take(item.run_id)
    gate.settle(context, approval_id, item.run_id, fence, max(item.created_at, context.book.get(item.proposal.thesis).effective_at))
    if not context.journal.approvals(status="pending", run_id=item.run_id):
        context.journal.set_status(item.run_id, "done")


def expire(context: Context, checkpoints: Path | str) -> list[str]:
    """Close the questions that nobody answered in time or that a revision has overtaken; their ids."""
    closed = []
    for item in context.journal.approvals(status="pending"):
        if _too_late(context, item) is not None:
            land(context, checkpoints, item.id)
            closed.append(item.id)
    return closed


def _too_late(context: Context, item: Approval) -> ConflictError | None:
    """Close a question that time or another revision has overtaken; the error that says so, or None."""
    name = item.proposal.thesis
    if context.clock() > max(item.expires_at, item.created_at):
        context.journal.decide(item.id, "expired", "desk", "nobody decided in time")
        return ConflictError(f"{name}: this question expired on {item.expires_at:%Y-%m-%d}; the next run asks anew")
    head = next((entry for entry in context.book.theses() if entry.thesis.slug == name), None)
    if head is not None and head.revision.hash != item.proposal.against:
        context.journal.decide(item.id, "stale", "desk", f"revision {head.revision.n} came first")
        return StaleError(f"{name} is at revision {head.revision.n} since this was asked: stoa thesis diff shows what changed")
    return None


def pause(context: Context, run_id: str, by: str = "a person") -> RunRow:
    """Stop a run after its present step, until ``resume``. Its questions stay open; answers wait with it."""
    context.dispatch.rest(run_id, "paused", f"paused by {by}: stoa runs resume {run_id} goes on", context.clock())
    return context.journal.run(run_id)


def resume(context: Context, checkpoints: Path | str, run_id: str) -> RunRow:
    """Go on with a run that was paused, cut off or failed, from its last finished step."""
    if context.journal.run(run_id).status == "cancelled":
        raise RunError(f"run {run_id} was cancelled: start a new one")
    context.dispatch.wake(run_id, context.clock())
    context.queue.put(run_id, URGENT)
    return advance(context, checkpoints, run_id)


def retry(context: Context, checkpoints: Path | str, run_id: str) -> RunRow:
    """Try the step at which a run failed once more."""
    row = context.journal.run(run_id)
    if row.status != "failed":
        raise RunError(f"run {run_id} is {row.status}: only a failed run is tried again; stoa runs resume {run_id} goes on with others")
    return resume(context, checkpoints, run_id)


def cancel(context: Context, run_id: str) -> RunRow:
    """Stop a run for good; what it committed stays, what it asked is withdrawn."""
    row = context.journal.run(run_id)
    if row.status in {"done", "cancelled"}:
        raise RunError(f"run {run_id} is {row.status} already")
    context.journal.set_status(run_id, "cancelled", "cancelled by a person")
    context.queue.drop(run_id)
    for item in context.journal.approvals(status="pending", run_id=run_id):
        context.journal.decide(item.id, "rejected", "desk", "its run was cancelled")
    return context.journal.run(run_id)
