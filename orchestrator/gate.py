"""The gate: a proposal enters the book by rule, or waits for a person, and lands once when one has decided."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from memory.errors import StaleError
from memory.thesis import Approval, Proposal, ThesisStatus
from orchestrator.context import Context
from orchestrator.grounding import ground
from orchestrator.permissions import rule_on


def grounded(context: Context, proposals: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """Proposals with their quotes found verbatim and their numbers resolved; what does not is marked."""
    found = []
    for proposal in proposals:
        records = context.store.many([item.record for item in proposal.evidence])
        checked = ground(proposal.rationale, proposal.evidence, records)
        found.append(proposal.model_copy(update={"rationale": checked.text, "evidence": checked.evidence}))
    return tuple(found)


def commit_or_ask(context: Context, proposal: Proposal, run_id: str, fence: int, as_of: datetime) -> str | None:
    """The approval's id when a person must decide; None when it is in the book, or was refused before."""
    done = [entry for entry in context.book.history(proposal.thesis) if entry.revision.idempotency_key == proposal.idempotency_key]
    if done:
        return None
    head = context.book.get(proposal.thesis)
    if head.effective_at > as_of:
        return None  # a look into the past: the book has moved on, the report says what would have been
    bound = proposal.model_copy(update={"against": head.revision.hash})
    ruling = rule_on(bound, head.thesis, context.gate)
    with context.database.writing() as connection:
        context.journal.hold(connection, run_id, fence)
        if ruling.decision == "allow":
            approval = Approval(by="rule", at=context.clock(), mode="rule")
            context.book.write(connection, bound, approval, as_of)
            return None
        asked = bound.model_copy(update={"idempotency_key": _question_key(bound)})
        found = context.journal.ask(connection, run_id, ruling.reason, asked, as_of)
    return found if context.journal.approval(found).status == "pending" else None


def settle(context: Context, approval_id: str, run_id: str, fence: int, as_of: datetime) -> str:
    """Let an approved change into the book, once; returns ``approval:status``."""
    item = context.journal.approval(approval_id)
    if item.status == "approved":
        # The approval was bound to a revision when it was given; a later one makes this stale, loudly.
        try:
            with context.database.writing() as connection:
                context.journal.hold(connection, run_id, fence)
                approval = Approval(by=item.decided_by, at=item.decided_at or context.clock(), approval_id=item.id, mode="person")
                patch = {**item.proposal.patch, **_after_challenge(item.proposal, context)}
                context.book.write(connection, item.proposal.model_copy(update={"patch": patch}), approval, as_of)
        except StaleError as error:
            context.journal.overtaken(approval_id, str(error))
            context.channel.progress(str(error))
            return f"{approval_id}:stale"
    return f"{approval_id}:{item.status}"


def _after_challenge(proposal: Proposal, context: Context) -> dict[str, Any]:
    """A person who approves the lower conviction has dealt with the challenge: the thesis is active again."""
    thesis = context.book.get(proposal.thesis).thesis
    if thesis.status is ThesisStatus.CHALLENGED and "status" not in proposal.patch:
        return {"status": ThesisStatus.ACTIVE.value}
    return {}


def _question_key(proposal: Proposal) -> str:
    """One question a revision and set of rule states: asked once, whether it waits, was refused, or was answered."""
    states = {name: item["state"] for name, item in proposal.patch.get("applied", {}).items()}
    rest = {name: value for name, value in proposal.patch.items() if name not in {"applied", "conviction"}}
    text = json.dumps([proposal.against, states, rest], sort_keys=True)
    return f"{proposal.thesis}:ask:{hashlib.sha256(text.encode()).hexdigest()[:24]}"
