"""The form behind Edit: a person changes what the desk proposed, and says why."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from integrations.slack.mrkdwn import escape
from memory.thesis import Proposal

if TYPE_CHECKING:
    from memory.book import Entry
    from memory.journal import Approval

CALLBACK = "approval_edit"
STATUSES = ("active", "challenged", "closed")


class Edit(NamedTuple):
    """What a person entered."""

    approval: str
    channel: str
    ts: str
    conviction: float | None
    status: str
    reason: str


def form(item: "Approval", head: "Entry", channel: str, ts: str) -> dict[str, Any]:
    """The modal for one proposal."""
    patch = item.proposal.patch
    conviction = float(patch.get("conviction", head.thesis.conviction))
    status = str(patch.get("status", head.thesis.status.value))
    place = {"approval": item.id, "channel": channel, "ts": ts}
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps(place),
        "title": {"type": "plain_text", "text": "Edit and approve"},
        "submit": {"type": "plain_text", "text": "Approve as edited"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": f"*{escape(head.thesis.title)}*\nStands at {head.thesis.conviction:.2f}; proposed {conviction:.2f}.",
                },
            },
            _input("conviction", "Conviction, 0.01 to 0.99", _text("conviction", f"{conviction:.4g}")),
            _input("status", "Status", _choice("status", status)),
            _input("reason", "Why (kept in the book)", {**_text("reason"), "multiline": True}),
        ],
    }


def _input(name: str, label: str, element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "input", "block_id": name, "label": {"type": "plain_text", "text": label}, "element": element}


def _text(name: str, initial: str = "") -> dict[str, Any]:
    element: dict[str, Any] = {"type": "plain_text_input", "action_id": name}
    return {**element, "initial_value": initial} if initial else element


def _choice(name: str, initial: str) -> dict[str, Any]:
    options = [{"text": {"type": "plain_text", "text": value}, "value": value} for value in STATUSES]
    first = next((option for option in options if option["value"] == initial), options[0])
    return {"type": "static_select", "action_id": name, "options": options, "initial_option": first}


def problems(body: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a form that was sent, by field; the form stays open and shows it."""
    if body.get("type") != "view_submission" or body["view"].get("callback_id") != CALLBACK:
        return {}
    found = {}
    values = body["view"]["state"]["values"]
    try:
        number = float(values["conviction"]["conviction"]["value"].strip())
    except (ValueError, AttributeError):
        number = 0.0
    if not 0.01 <= number <= 0.99:
        found["conviction"] = "Give a number from 0.01 to 0.99, e.g. 0.62."
    if not (values["reason"]["reason"]["value"] or "").strip():
        found["reason"] = "Say why: the book keeps the reason."
    return found


def read(view: dict[str, Any]) -> Edit:
    """What was entered, of a form without problems."""
    values, place = view["state"]["values"], json.loads(view["private_metadata"])
    status = (values["status"]["status"].get("selected_option") or {}).get("value", "")
    return Edit(
        place["approval"], place["channel"], place["ts"], float(values["conviction"]["conviction"]["value"]), status,
        values["reason"]["reason"]["value"].strip(),
    )  # fmt: skip


def edited(item: "Approval", head: "Entry", edit: Edit, by: str) -> Proposal:
    """The proposal as the person left it; the book tells both what was proposed and what was made of it."""
    patch = dict(item.proposal.patch)
    said = []
    before = float(patch.get("conviction", head.thesis.conviction))
    if edit.conviction is not None and abs(edit.conviction - before) > 1e-9:
        patch["conviction"] = edit.conviction
        said.append(f"conviction {edit.conviction:.2f} instead of {before:.2f}")
    proposed = str(patch.get("status", head.thesis.status.value))
    if edit.status and edit.status != proposed:
        patch["status"] = edit.status
        said.append(f"status {edit.status} instead of {proposed}")
    change = ", ".join(said) or "nothing changed"
    rationale = f"{item.proposal.rationale} Edited by {by}: {change}. {edit.reason}"
    return item.proposal.model_copy(update={"patch": patch, "rationale": rationale})
