"""Changes that people suggest outside a run: entered as an approval, let into the book by a person's decision alone."""

import hashlib
import json

from agents.errors import ToolError
from memory.book import apply_patch
from memory.errors import NotFoundError, StaleError
from memory.journal import Approval, RunRow
from memory.thesis import Approval as Signature
from memory.thesis import Proposal
from orchestrator.context import Context
from orchestrator.grounding import ground

KIND = "suggestion"
VERSION = "1"
_OWN = frozenset({"slug", "applied"})
"""Fields that the desk keeps itself."""


def suggest(context: Context, proposal: Proposal) -> Approval:
    """Enter a change under its author's name; the same one again returns the approval it has.

    The rationale is grounded as an agent's is: quotes that do not stand in their records go, numbers that nothing
    supports are marked. The proposal is bound to the head of its thesis.

    Raises:
        ToolError: nothing would change, it sets a field of the desk's own, or no reason is given.
        InputError: the patch does not give a valid thesis.
    """
    _refuse_empty(proposal)
    try:
        head = context.book.get(proposal.thesis)
        state, against = head.thesis.model_dump(mode="json"), head.revision.hash
    except NotFoundError:
        state, against = {}, ""
    patch = {name: value for name, value in proposal.patch.items() if state.get(name) != value}
    if not patch:
        raise ToolError(f"{proposal.thesis} is already as you suggest: read it with thesis_get")
    checked = ground(proposal.rationale, proposal.evidence, context.store.many([item.record for item in proposal.evidence]))
    key = _key(proposal, against)
    bound = proposal.model_copy(
        update={
            "against": against,
            "patch": patch,
            "rationale": checked.text,
            "evidence": checked.evidence,
            "run_id": f"{KIND}-{key[:16]}",
            "idempotency_key": f"{proposal.thesis}:{KIND}:{key[:24]}",
        }
    )
    apply_patch(state, bound)
    return _ask(context, bound)


def _refuse_empty(proposal: Proposal) -> None:
    if own := sorted(_OWN & set(proposal.patch)):
        raise ToolError(f"{own[0]} is kept by the desk: leave it out of the patch")
    if not proposal.rationale.strip():
        raise ToolError("say why: the book keeps a reason for every revision")


def _ask(context: Context, bound: Proposal) -> Approval:
    now = context.clock()
    context.journal.start(bound.run_id, KIND, now, {"thesis": bound.thesis}, VERSION)
    question = f"{bound.author} suggests {', '.join(sorted(bound.patch))}"
    with context.database.writing() as connection:
        found = context.journal.ask(connection, bound.run_id, question, bound, now)
    approval = context.journal.approval(found)
    if approval.status == "pending":
        context.journal.set_status(bound.run_id, "waiting", "1 change waits for a person: stoa approvals list")
    return approval


def settle(context: Context, row: RunRow) -> RunRow:
    """Let what a person approved into the book, once; what was refused or overtaken only ends."""
    for item in context.journal.approvals(run_id=row.run_id):
        if item.status == "pending":
            return row
        if item.status == "approved":
            try:
                _commit(context, item)
            except StaleError as error:
                context.journal.set_status(row.run_id, "done", str(error))
                return context.journal.run(row.run_id)
    context.journal.set_status(row.run_id, "done")
    return context.journal.run(row.run_id)


def _commit(context: Context, item: Approval) -> None:
    now = context.clock()
    heads = [entry for entry in context.book.theses() if entry.thesis.slug == item.proposal.thesis]
    effective = max([now, *(entry.effective_at for entry in heads)])
    signature = Signature(by=item.decided_by, at=item.decided_at or now, approval_id=item.id, mode="person")
    context.book.commit(item.proposal, signature, effective)


def _key(proposal: Proposal, against: str) -> str:
    text = json.dumps([proposal.author, proposal.thesis, against, proposal.patch, proposal.rationale], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
