"""A click or a form that decides: who may, on which revision, once."""

import json
from typing import TYPE_CHECKING, NamedTuple

from integrations.slack import modals
from integrations.slack.approvals import diff
from integrations.slack.rights import approvers
from memory.errors import ConflictError, InputError, NotFoundError, StaleError
from memory.slack_inbox import InboxRow

if TYPE_CHECKING:
    from integrations.desk import Desk
    from memory.journal import Approval
    from orchestrator.channel import Channel


class Wanted(NamedTuple):
    """What a person wants to be decided, and where they see the answer."""

    approval: str
    person: str
    channel: str
    thread: str
    approve: bool
    against: str = ""
    edit: modals.Edit | None = None


def read(row: InboxRow) -> Wanted:
    """From a button or a form."""
    body = row.body
    if row.kind == "submit":
        edit = modals.read(body["view"])
        return Wanted(edit.approval, body["user"]["id"], edit.channel, "", approve=True, edit=edit)
    action = body["actions"][0]
    value = json.loads(action["value"])
    thread = body.get("message", {}).get("thread_ts", "")
    approve = action["action_id"] == "approval_approve"
    return Wanted(value["approval"], body["user"]["id"], body["channel"]["id"], thread, approve, value.get("against", ""))


def decide(desk: "Desk", channel: "Channel", wanted: Wanted, by: str, again: bool) -> str:
    """Decide, once; returns why not, for the person's eyes, or nothing.

    Args:
        desk: where the approval is.
        channel: where its run goes on speaking.
        wanted: what the person wants.
        by: the name that the book keeps.
        again: the event was begun before and cut off, so the decision may be there already.
    """
    from orchestrator import runs

    try:
        item = desk.journal.approval(wanted.approval)
    except NotFoundError:
        return "This question is not in the desk's journal any more."
    refusal = not_allowed(desk, wanted.person, item.proposal.thesis)
    if refusal:
        return refusal
    context = desk.context(channel)
    if item.status != "pending":
        if again and item.decided_by == by:
            runs.land(context, desk.checkpoints, item.id)
            return ""
        return decided_before(item)
    if wanted.against and not item.proposal.against.startswith(wanted.against):
        return "This button belongs to an older form of the question: look at the newest message on it."
    head = desk.book.get(item.proposal.thesis)
    edited = modals.edited(item, head, wanted.edit, by) if wanted.edit else None
    reason = wanted.edit.reason if wanted.edit else ""
    try:
        runs.settle(context, desk.checkpoints, item.id, runs.Decision(wanted.approve, by, reason, edited))
    except StaleError as error:
        head = desk.book.get(item.proposal.thesis)
        now = "\n".join(diff(item.proposal.patch, head.thesis.model_dump(mode="json")))
        return f"Refused: {error}. Against revision {head.revision.n} the change would be:\n{now}"
    except (ConflictError, InputError) as error:
        return f"Refused: {error}"
    return ""


def not_allowed(desk: "Desk", person: str, thesis: str) -> str:
    """Why a person may not decide on a thesis; empty when they may."""
    allowed = approvers(desk.settings.slack, thesis)
    if person in allowed:
        return ""
    who = " or ".join(f"<@{name}>" for name in allowed) or "nobody in Slack: see `slack.approvers` in the desk's settings"
    return f"Only the approvers of `{thesis}` may decide on this: {who}."


def decided_before(item: "Approval") -> str:
    """That a question has its answer."""
    when = f" on {item.decided_at:%d %B %Y, %H:%M} UTC" if item.decided_at else ""
    return f"This was {item.status} by {item.decided_by or 'the desk'} already{when}."
