"""Approvals in Slack: the message is a view of the durable record, its buttons are bound to the revision it shows."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from integrations.slack import blocks
from integrations.slack.mrkdwn import escape, sections

if TYPE_CHECKING:
    from memory.book import Entry
    from memory.journal import Approval

BUTTONS = (("approval_approve", "Approve", "primary"), ("approval_edit", "Edit", ""), ("approval_reject", "Reject", "danger"))
EVIDENCE = 4
_HIDDEN = frozenset({"applied"})


def asked(item: "Approval", head: "Entry", approvers: Sequence[str]) -> dict[str, Any]:
    """The question, what would change, why, on which evidence, and three buttons."""
    slug = item.proposal.thesis
    title = f"A change to {head.thesis.title} waits for a person"
    shown = [
        blocks.header(title),
        blocks.section("\n".join(diff(item.proposal.patch, head.thesis.model_dump(mode="json")))),
        *[blocks.section(text) for text in sections(item.proposal.rationale)[:4]],
    ]
    quotes = [evidence.model_dump() for evidence in item.proposal.evidence]
    if quotes:
        lines = dict.fromkeys(blocks.source_line(quote) for quote in quotes)
        shown.append(blocks.context(*list(lines)[:EVIDENCE]))
    who = " ".join(f"<@{person}>" for person in approvers) or "nobody in Slack (see `slack.approvers`)"
    small = (
        f"{escape(item.question)} · against revision {head.revision.n} of `{slug}` · may decide: {who} · until {item.expires_at:%d %B %Y}"
    )
    shown += [blocks.context(small), _buttons(item)]
    return {"text": f"{title}: {escape(item.question)}", "blocks": shown}


def decided(item: "Approval", head: "Entry") -> dict[str, Any]:
    """What became of it; the buttons are gone."""
    marks = {"approved": "✅", "rejected": "✋", "stale": "⏭", "expired": "⌛"}
    when = f" on {item.decided_at:%d %B %Y, %H:%M} UTC" if item.decided_at else ""
    line = f"{marks.get(item.status, '')} *{item.status.capitalize()}* by {escape(item.decided_by or 'the desk')}{when}"
    if item.reason:
        line += f": {escape(item.reason)}"
    stands = f"revision {head.revision.n}, conviction {head.thesis.conviction:.2f}, {head.thesis.status.value}"
    now = f"`{item.proposal.thesis}` stands at {stands}."
    shown = [
        blocks.header(f"A change to {head.thesis.title}"),
        blocks.section(line),
        *[blocks.section(text) for text in sections(item.proposal.rationale)[:2]],
        blocks.context(now),
    ]
    return {"text": f"{head.thesis.title}: {item.status} by {escape(item.decided_by or 'the desk')}", "blocks": shown}


def diff(patch: Mapping[str, Any], state: Mapping[str, Any]) -> list[str]:
    """What a patch would change, a line a field, old value first."""
    lines = []
    for name, value in patch.items():
        if name in _HIDDEN or state.get(name) == value:
            continue
        lines.append(f"• *{name}*: {_shown(state.get(name))} → *{_shown(value)}*")
    return lines or ["• nothing that is shown in the book"]


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, str) or value is None:
        return escape(value or "nothing")
    text = json.dumps(value, ensure_ascii=False)
    return escape(text if len(text) <= 160 else text[:159] + "…")


def _buttons(item: "Approval") -> dict[str, Any]:
    value = json.dumps({"approval": item.id, "against": item.proposal.against[:16]})
    elements = []
    for action, label, style in BUTTONS:
        button = {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": label}, "value": value}
        if style:
            button["style"] = style
        elements.append(button)
    return {"type": "actions", "block_id": f"approval:{item.id}", "elements": elements}
