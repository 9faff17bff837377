"""Runs: start, advance, wait, resume, cancel. The graph's checkpoints own the state inside a run, the tables every effect."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from memory.errors import ConflictError, StaleError, StoaError
from memory.journal import Approval, RunRow
from orchestrator import suggestions
from orchestrator.context import Context
from orchestrator.errors import RunError

VERSION = "1"
"""Of the graph: a run that another version began is not continued by guessing."""


class Waiting(NamedTuple):
    """A parked branch: the interrupt to answer, and the approval it stands for."""

    interrupt: str
    approval: str


def start(context: Context, checkpoints: Path, run_id: str, as_of: datetime, theses: Sequence[str]) -> RunRow:
    """Begin a research run, or go on with the one of this id, as far as it goes without a person."""
    for slug in theses:
        context.book.get(slug)
    context.journal.start(run_id, "research", as_of, {"theses": list(theses)}, VERSION)
    return advance(context, checkpoints, run_id)


def advance(context: Context, checkpoints: Path, run_id: str) -> RunRow:
    """Go on from the last finished step until the run is done or waits for people.

    Raises:
        RunError: it was cancelled, or an incompatible version began it.
    """
    row = context.journal.run(run_id)
    if row.status == "cancelled":
        raise RunError(f"run {run_id} was cancelled: start a new one")
    if row.status == "done":
        return row
    if row.kind == suggestions.KIND:
        return suggestions.settle(context, row)
    context.deliver(run_id)
    fence = context.journal.take(run_id)
    context.journal.set_status(run_id, "running")
    try:
        with _graph(context, checkpoints, fence) as graph:
            _invoke(graph, row, _answers(context, graph, run_id))
            waiting = _waiting(graph, run_id)
            unfinished = bool(graph.get_state(_config(run_id)).tasks) and not waiting
    except ConflictError:
        raise
    except StoaError as error:
        context.journal.set_status(run_id, "failed", str(error))
        raise
    except Exception as error:
        # The edge of a run step: whatever went wrong, the run says so and can be resumed.
        context.journal.set_status(run_id, "failed", f"{type(error).__name__}: {error}; stoa runs resume {run_id} tries again")
        raise
    if unfinished:
        raise RunError(f"run {run_id} stopped before its end: stoa runs resume {run_id} goes on")
    if waiting:
        reason = f"{len(waiting)} changes wait for a person: stoa approvals list"
        context.journal.set_status(run_id, "waiting", reason)
    else:
        context.journal.set_status(run_id, "done")
    return context.journal.run(run_id)


def decide(context: Context, checkpoints: Path, approval_id: str, *, approve: bool, by: str, reason: str = "") -> Approval:
    """Give a person's answer, once, and let its run go on.

    Raises:
        StaleError: the thesis has a newer revision than the one the question was about; nothing is changed.
        ConflictError: it was decided before, or it has expired.
    """
    item = context.journal.approval(approval_id)
    refusal = _too_late(context, item) if item.status == "pending" else None
    if refusal is None:
        context.journal.decide(approval_id, "approved" if approve else "rejected", by, reason)
    # Also after a refusal: what can no longer be answered must not hold its run.
    if context.journal.run(item.run_id).status != "cancelled":
        advance(context, checkpoints, item.run_id)
    if refusal is not None:
        raise refusal
    return context.journal.approval(approval_id)


def _too_late(context: Context, item: Approval) -> ConflictError | None:
    """Close a question that time or another revision has overtaken; the error that says so, or None."""
    name = item.proposal.thesis
    if context.clock() > max(item.expires_at, item.created_at) and _desk_now(context) > item.expires_at:
        context.journal.decide(item.id, "expired", "desk", "nobody decided in time")
        return ConflictError(f"{name}: this question expired on {item.expires_at:%Y-%m-%d}; the next run asks anew")
    head = next((entry for entry in context.book.theses() if entry.thesis.slug == name), None)
    if head is not None and head.revision.hash != item.proposal.against:
        context.journal.decide(item.id, "stale", "desk", f"revision {head.revision.n} came first")
        return StaleError(f"{name} is at revision {head.revision.n} since this was asked: stoa thesis diff shows what changed")
    return None


def cancel(context: Context, run_id: str) -> RunRow:
    """Stop a run for good; what it committed stays, what it asked is withdrawn."""
    row = context.journal.run(run_id)
    if row.status in {"done", "cancelled"}:
        raise RunError(f"run {run_id} is {row.status} already")
    for item in context.journal.approvals(status="pending", run_id=run_id):
        context.journal.decide(item.id, "rejected", "desk", "its run was cancelled")
    context.journal.set_status(run_id, "cancelled", "cancelled by a person")
    return context.journal.run(run_id)


def _desk_now(context: Context) -> datetime:
    return context.clock()


@contextmanager
def _graph(context: Context, checkpoints: Path, fence: int) -> Iterator[Any]:
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite import SqliteSaver

    from orchestrator.research import Research

    checkpoints.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(checkpoints, check_same_thread=False, timeout=30)) as connection:
        # None is the strict allow-list: plain values only, no class is revived from a stored row.
        saver = SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        yield Research(context, fence).graph().compile(checkpointer=saver)


def _config(run_id: str) -> Any:
    # One branch at a time: a playbook's work is computation, and the channel reads in a fixed order.
    return {"configurable": {"thread_id": run_id}, "max_concurrency": 1, "recursion_limit": 100}


def _invoke(graph: Any, row: RunRow, answers: dict[str, Any]) -> None:
    from langgraph.types import Command

    snapshot = graph.get_state(_config(row.run_id))
    if not snapshot.created_at:
        first = {"run_id": row.run_id, "as_of": row.as_of.isoformat(), "wanted": row.arguments.get("theses", [])}
        graph.invoke(first, _config(row.run_id), durability="sync")
        return
    if answers:
        graph.invoke(Command(resume=answers), _config(row.run_id), durability="sync")
    elif snapshot.tasks and not _waiting(graph, row.run_id):
        # None goes on from the last checkpoint; a fresh state would silently start the thread over.
        graph.invoke(None, _config(row.run_id), durability="sync")


def _waiting(graph: Any, run_id: str) -> list[Waiting]:
    snapshot = graph.get_state(_config(run_id))
    return [Waiting(item.id, item.value["approval"]) for task in snapshot.tasks for item in task.interrupts]


def _answers(context: Context, graph: Any, run_id: str) -> dict[str, Any]:
    """Decisions that are in the tables but not yet in the graph, by the id of the interrupt each answers."""
    found = {}
    for item in _waiting(graph, run_id):
        status = context.journal.approval(item.approval).status
        if status != "pending":
            found[item.interrupt] = status
    return found
