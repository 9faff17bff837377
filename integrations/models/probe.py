"""Finding out what an endpoint can do, in three small requests."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from agents.errors import ModelRefusedError
from integrations.models.capabilities import Capabilities
from integrations.models.stream import Received
from integrations.models.wire import CACHED

WORD = "quokka-4417"
Send = Callable[[dict[str, Any]], Received]
"""Sends one request; raises ``ModelRefusedError`` where the endpoint does not take it."""


def probe(endpoint: str, model: str, send: Send, at: datetime) -> Capabilities:
    """Does a search result reach the model, does an output format bind it, does it call a tool?

    Raises:
        ModelError: the endpoint cannot be reached; nothing is concluded from that.
    """
    notes: list[str] = []
    seen, cached = _evidence(send, notes)
    form = _format(send, notes)
    tool = _tool(send, notes)
    return Capabilities(
        endpoint=endpoint, model=model, evidence="blocks" if seen else "text",
        structure="format" if form else "tool" if tool else "json", tools=tool, cache=cached, probed_at=at, notes=tuple(notes),
    )  # fmt: skip


def _evidence(send: Send, notes: list[str]) -> tuple[bool, bool]:
    block = {
        "type": "search_result", "source": "probe", "title": "E1", "citations": {"enabled": True},
        "content": [{"type": "text", "text": f"The code word is {WORD}."}], **CACHED,
    }  # fmt: skip
    ask = {"type": "text", "text": "Which code word does the search result give? Answer with the word, or with none."}
    got = _tried(send, [block, ask], {}, "search results", notes)
    if got is None:
        return False, False
    if WORD not in got.text:
        notes.append("search results are dropped without an error: evidence goes as text")
    return WORD in got.text, "cache_read_input_tokens" in got.usage


def _format(send: Send, notes: list[str]) -> bool:
    import json

    schema = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"], "additionalProperties": False}
    ask = {"type": "text", "text": "Which colour has a clear sky at noon? One word."}
    got = _tried(send, [ask], {"output_config": {"format": {"type": "json_schema", "schema": schema}}}, "output formats", notes)
    try:
        answer = json.loads(got.text) if got else None
    except ValueError:
        answer = None
    bound = isinstance(answer, dict) and set(answer) == {"colour"}
    if got is not None and not bound:
        notes.append("output formats are ignored: answers are checked and sent back once")
    return bound


def _tool(send: Send, notes: list[str]) -> bool:
    schema = {"type": "object", "properties": {"value": {"type": "integer"}}, "required": ["value"]}
    tools = [{"name": "report", "description": "Report a number.", "input_schema": schema}]
    got = _tried(send, [{"type": "text", "text": "Call report with the value 7."}], {"tools": tools}, "tools", notes)
    called = got is not None and any(block["type"] == "tool_use" and block["name"] == "report" for block in got.blocks.values())
    if got is not None and not called:
        notes.append("no tool is called when asked for: tools are not offered")
    return called


def _tried(send: Send, content: list[dict[str, Any]], extra: dict[str, Any], what: str, notes: list[str]) -> Received | None:
    try:
        return send({"messages": [{"role": "user", "content": content}], "max_tokens": 200, **extra})
    except ModelRefusedError as error:
        notes.append(f"{what} are refused: {error}")
        return None
