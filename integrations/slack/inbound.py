"""Reading what Slack sends: one body in, one ``Incoming`` out, or nothing when it is not for the desk."""

import json
import re
from typing import Any

from integrations.slack.commands import parse
from memory.slack_inbox import Incoming

SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Subtypes of a message that are a person speaking."""

EDIT = "approval_edit"
"""Opens a form at once, since Slack's permission to do so lasts three seconds; nothing is decided, so nothing is kept."""


def read(body: dict[str, Any]) -> Incoming | None:
    """What the desk keeps of a body.

    Posts of any app, the desk's own among them, are nothing: agents that answer machines never stop.
    """
    match body.get("type"):
        case "event_callback":
            return _event(body)
        case "block_actions":
            return _action(body)
        case "view_submission":
            metadata = _metadata(body["view"])
            name = f"submit:{body.get('trigger_id') or body['view']['id']}"
            return Incoming(event_id=name, kind="submit", lane=f"approval:{metadata.get('approval', '')}", body=body)
        case None if "command" in body:
            # Runs take minutes, and one at a time is enough; nobody's questions wait behind them.
            lane = "run" if parse(body.get("text", ""))[0] == "run" else f"person:{body['user_id']}"
            return Incoming(event_id=f"command:{body['trigger_id']}", kind="command", lane=lane, body=body)
        case _:
            return None


def _event(body: dict[str, Any]) -> Incoming | None:
    event = body["event"]
    if _by_a_machine(event):
        return None
    match event.get("type"):
        case "message" | "app_mention":
            return _message(body, event)
        case "reaction_added" | "reaction_removed" if event["item"]["type"] == "message":
            item = event["item"]
            lane = f"reaction:{item['channel']}:{item['ts']}:{event['user']}"
            return _incoming(body, "reaction", lane, position=event.get("event_ts", ""))
        case "app_home_opened" if event.get("tab", "home") == "home":
            return _incoming(body, "home", f"home:{event['user']}")
        case _:
            return None


def _message(body: dict[str, Any], event: dict[str, Any]) -> Incoming | None:
    subtype, channel = event.get("subtype", ""), event.get("channel", "")
    if subtype in SPOKEN and event.get("user"):
        lane = f"{channel}:{event.get('thread_ts') or event['ts']}"
        return _incoming(body, "message", lane, position=event["ts"], subject=f"message:{channel}:{event['ts']}")
    if subtype in {"message_changed", "message_deleted"}:
        told = event.get("message" if subtype == "message_changed" else "previous_message") or {}
        before = event.get("previous_message") or {}
        if _by_a_machine(told) or (subtype == "message_changed" and told.get("text") == before.get("text")):
            return None  # a link that Slack unfurled changes a message, but not what the person said
        lane = f"{channel}:{told.get('thread_ts') or told.get('ts') or event.get('deleted_ts')}"
        return _incoming(body, "edit" if subtype == "message_changed" else "delete", lane, position=event["ts"])
    return None


def _action(body: dict[str, Any]) -> Incoming | None:
    action = body["actions"][0]
    subject = action["action_id"].partition("_")[0]
    if subject not in {"approval", "permission"} or action["action_id"] == EDIT:
        return None
    asked = json.loads(action.get("value") or "{}").get(subject, "")
    name = f"action:{body.get('trigger_id') or action.get('action_ts')}"
    return Incoming(event_id=name, kind="action", lane=f"{subject}:{asked}", body=body)


def _incoming(body: dict[str, Any], kind: str, lane: str, *, position: str = "", subject: str = "") -> Incoming:
    kept: dict[str, Any] = {name: body[name] for name in ("event", "team_id", "is_ext_shared_channel") if name in body}
    return Incoming(event_id=body["event_id"], kind=kind, lane=lane, position=position, subject=subject, body=kept)


def _by_a_machine(event: dict[str, Any]) -> bool:
    return bool(event.get("bot_id") or event.get("bot_profile") or event.get("subtype") == "bot_message")


def _metadata(view: dict[str, Any]) -> dict[str, Any]:
    found = json.loads(view.get("private_metadata") or "{}")
    return found if isinstance(found, dict) else {}


def mentions(text: str) -> list[str]:
    """Ids of the people and apps that a text names."""
    return re.findall(r"<@([A-Z0-9]+)(?:\|[^>]*)?>", text)


def plain(text: str, own: str, names: dict[str, str]) -> str:
    """A person's words without Slack's marks: the desk's own mention goes, people are named, links stay readable."""
    text = re.sub(rf"<@{own}(?:\|[^>]*)?>\s*:?", "", text)
    text = re.sub(r"<@([A-Z0-9]+)(?:\|([^>]*))?>", lambda m: "@" + names.get(m[1], m[2] or m[1]), text)
    text = re.sub(r"<#[A-Z0-9]+\|([^>]*)>", r"#\1", text)
    text = re.sub(r"<!([a-z]+)[^>]*>", r"@\1", text)
    text = re.sub(r"<((?:https?|mailto):[^|>]+)\|([^>]+)>", r"\2 (\1)", text)
    text = re.sub(r"<((?:https?|mailto):[^>]+)>", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
