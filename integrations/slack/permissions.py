"""Tool calls that wait for a person: the message is a view of the durable question, its buttons are bound to the one call it shows."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from integrations.slack import blocks
from integrations.slack.mrkdwn import escape
from integrations.slack.rights import approvers
from memory.errors import ConflictError, NotFoundError
from memory.permission_requests import Scope
from memory.slack_inbox import InboxRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.desk import Desk
    from integrations.settings import SlackSettings
    from memory.permission_requests import PermissionRequest

BUTTONS = (
    ("permission_once", "Allow once", "primary"),
    ("permission_run", "Allow for this run", ""),
    ("permission_deny", "Deny", "danger"),
)
SCOPES: dict[str, Scope] = {"permission_once": "once", "permission_run": "run"}
HOLDS = {"once": "once", "run": "for this run", "minutes": "for 15 minutes", "good": "for good"}
SECTION, SECTIONS = 2_800, 3
"""Characters of a call that one block shows, and blocks; a longer call cannot be allowed by somebody who has not seen it whole."""


class Click(NamedTuple):
    """What a person wants: a yes for a scope, or a no without one, to the call whose fingerprint begins so."""

    request: str
    person: str
    channel: str
    thread: str
    scope: Scope | None
    digest: str


def is_click(row: InboxRow) -> bool:
    """Whether an event is a button of such a message."""
    return row.kind == "action" and str(row.body["actions"][0]["action_id"]).startswith("permission_")


def read(row: InboxRow) -> Click:
    """From a button."""
    action = row.body["actions"][0]
    value = json.loads(action["value"])
    thread = row.body.get("message", {}).get("thread_ts", "")
    scope = SCOPES.get(action["action_id"])
    return Click(value["permission"], row.body["user"]["id"], row.body["channel"]["id"], thread, scope, value["digest"])


def asked(item: "PermissionRequest", deciders: "Sequence[str]") -> dict[str, Any]:
    """The question, the whole call, and three buttons."""
    from orchestrator.tool_gate import question

    title = question(item)
    # ASCII only, so that nothing an agent wrote can turn the line round or hide a part of it; no marks are read in plain text.
    call = escape(json.dumps(item.arguments, ensure_ascii=True, sort_keys=True, indent=1))
    parts = [call[at : at + SECTION] for at in range(0, len(call), SECTION)]
    whole = len(parts) <= SECTIONS
    who = " ".join(f"<@{person}>" for person in deciders) or "nobody in Slack (see `slack.approvers`)"
    small = f"`{escape(item.role)}.{escape(item.tool)}` · this call alone, sha256 {item.digest[:12]} · may decide: {who}"
    if not whole:
        small += f" · too long to be shown whole: `stoa permissions approve {item.id}` after reading it there"
    shown = [
        blocks.header("An agent wants to use a tool"),
        blocks.section(escape(title)),
        *[{"type": "section", "text": {"type": "plain_text", "text": part, "emoji": False}} for part in parts[:SECTIONS]],
        blocks.context(small),
        _buttons(item, BUTTONS if whole else BUTTONS[-1:]),
    ]
    return {"text": escape(title), "blocks": shown}


def decided(item: "PermissionRequest") -> dict[str, Any]:
    """What became of it; the buttons are gone."""
    when = f" on {item.decided_at:%d %B %Y, %H:%M} UTC" if item.decided_at else ""
    what = f"✅ *Allowed {HOLDS[item.scope]}*" if item.scope else "✋ *Denied*"
    line = f"{what} by {escape(item.decided_by)}{when}: `{escape(item.role)}.{escape(item.tool)}`, sha256 {item.digest[:12]}"
    return {"text": line, "blocks": [blocks.section(line)]}


def deciders(settings: "SlackSettings") -> tuple[str, ...]:
    """Who may decide on tool calls: those who may approve changes to every thesis, since a call can reach any of them."""
    return approvers(settings, "")


def decide(desk: "Desk", click: Click, by: str, *, again: bool) -> str:
    """Decide, once; returns why not, for the person's eyes, or nothing. ``again``: the event was begun before and cut off."""
    try:
        item = desk.permission_requests.get(click.request)
    except NotFoundError:
        return "This question is not in the desk's records any more."
    allowed = deciders(desk.settings.slack)
    if click.person not in allowed:
        who = " or ".join(f"<@{name}>" for name in allowed) or "nobody in Slack: see `slack.approvers` in the desk's settings"
        return f"Only those who may approve everything (`*`) may decide on tools: {who}."
    if item.status != "pending":
        return "" if again and item.decided_by == by else _decided_before(item)
    if not item.digest.startswith(click.digest):
        return "This button belongs to another call: look at the newest message on it."
    stale = _too_late(desk, item, click.scope)
    if stale:
        return stale
    try:
        desk.permission_requests.decide(item.id, click.scope or "", by, desk.clock())
    except ConflictError as error:
        return f"Refused: {error}."
    return ""


def _too_late(desk: "Desk", item: "PermissionRequest", scope: Scope | None) -> str:
    """Why a yes would be for nothing; a no always may be given."""
    try:
        run = desk.journal.run(item.run_id)
    except NotFoundError:
        return ""  # asked outside of a run
    if scope is not None and run.status == "cancelled":
        return f"Refused: `{run.run_id}` was cancelled, so that nothing of it calls any more."
    if scope == "run" and run.kind == "research" and run.status == "done":
        return f"Refused: `{run.run_id}` is over, so that nothing of it calls any more. *Allow once* holds for the next run that asks."
    return ""


def _decided_before(item: "PermissionRequest") -> str:
    when = f" on {item.decided_at:%d %B %Y, %H:%M} UTC" if item.decided_at else ""
    return f"This was {f'allowed {HOLDS[item.scope]}' if item.scope else 'denied'} by {item.decided_by} already{when}."


def _buttons(item: "PermissionRequest", offered: tuple[tuple[str, str, str], ...]) -> dict[str, Any]:
    value = json.dumps({"permission": item.id, "digest": item.digest[:16]})
    elements = []
    for action, label, style in offered:
        button = {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": label}, "value": value}
        elements.append({**button, "style": style} if style else button)
    return {"type": "actions", "block_id": f"permission:{item.id}", "elements": elements}
