"""Block Kit: a post with its sources. Pure functions from what the desk knows to what Slack shows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from integrations.slack.mrkdwn import MESSAGE, escape, mrkdwn, sections, split, tables
from integrations.slack.personas import persona
from memory.slack_outbox import Outgoing, Thread

if TYPE_CHECKING:
    from agents.role import Role
    from orchestrator.channel import Message

EVENT = "stoa_post"
DRAFT = "stoa_draft"
"""Of a message that is still being written."""
CITATIONS = 3
"""Shown under a post; the report has them all."""
QUOTE = 240
FALLBACK = 3_000
"""Characters of the plain text beside the blocks, which phones show in a notification."""


def section(text: str) -> dict[str, Any]:
    """A paragraph in Slack's marks."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def context(*texts: str) -> dict[str, Any]:
    """Small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text} for text in texts[:10]]}


def header(text: str) -> dict[str, Any]:
    """A title."""
    return {"type": "header", "text": {"type": "plain_text", "text": text[:150], "emoji": True}}


def metadata(keys: Sequence[str], kind: str = EVENT) -> dict[str, Any]:
    """By which a message is found again after a crash."""
    return {"event_type": kind, "event_payload": {"keys": list(keys)}}


def keys_of(message: Mapping[str, Any], kind: str = EVENT) -> list[str]:
    """The keys that a message in the channel's history carries."""
    found = message.get("metadata") or {}
    if found.get("event_type") != kind:
        return []
    keys = (found.get("event_payload") or {}).get("keys", [])
    return [str(key) for key in keys] if isinstance(keys, list) else []


def post(message: "Message", thread: Thread, roles: "Mapping[str, Role]") -> list[Outgoing]:
    """A message as one call to Slack, or as several when it is long; the sources stand under the last."""
    parts = split(tables(message.text), MESSAGE) or ["(nothing)"]
    found = []
    for number, part in enumerate(parts):
        shown = [section(text) for text in sections(part)]
        if number == len(parts) - 1:
            shown += citations(message.citations, message.text)
        payload = {"text": mrkdwn(part)[:FALLBACK], "blocks": shown, "markdown": part, **persona(message.role, roles)}
        key = message.key if number == 0 else f"{message.key}#{number}"
        found.append(Outgoing(key=key, channel=thread.channel, thread=thread.place, role=message.role, payload=payload))
    return found


def citations(items: Sequence[Mapping[str, Any]], text: str) -> list[dict[str, Any]]:
    """Where a post's figures and quotes come from: quotes that the text does not already hold, first."""
    news = [item for item in items if item.get("quote") and item["quote"] not in text]
    lines = list(dict.fromkeys(source_line(item) for item in news))
    known = dict.fromkeys(place(item) for item in items if item not in news and place(item))
    # A quote that the text holds already is not said twice; where it stands is.
    lines += [f"↳ _{escape(where)}_" for where in known if not any(where in line for line in lines)]
    if len(lines) > CITATIONS:
        lines = [*lines[:CITATIONS], f"↳ and {len(lines) - CITATIONS} more in the report"]
    return [context(*lines)] if lines else []


def source_line(item: Mapping[str, Any]) -> str:
    """One source, its quote first."""
    quote, where = str(item.get("quote", "")), place(item)
    quote = quote if len(quote) <= QUOTE else quote[: QUOTE - 1] + "…"
    return f"↳ {escape(quote)}  _{escape(where)}_" if where else f"↳ {escape(quote)}"


def place(item: Mapping[str, Any]) -> str:
    """Where a quote can be opened."""
    return f"{item.get('source_uri', '')} {item.get('locator', '')}".strip()
