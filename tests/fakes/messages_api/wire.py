"""An answer on the wire: one JSON message, or the events of a stream."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from tests.fakes.messages_api.faults import Fault, spoil
from tests.fakes.messages_api.prompt import Body, block_tokens, tokens
from tests.fakes.messages_api.script import Reply

_REFUSED = {"type": "refusal", "category": None, "explanation": None}


class Message(NamedTuple):
    """An answer before it is sent; ``usage`` is None where the endpoint sends none."""

    id: str
    model: str
    blocks: tuple[Body, ...]
    stop_reason: str | None
    stop_sequence: str | None
    stop_details: Body | None
    output_tokens: int
    usage: Body | None

    def wire(self) -> Body:
        body: Body = {
            "id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": [_whole(block) for block in self.blocks],
            "stop_reason": self.stop_reason, "stop_sequence": self.stop_sequence,
        }  # fmt: skip
        if self.stop_details:
            body["stop_details"] = self.stop_details
        return body | ({"usage": self.usage} if self.usage is not None else {})


class Event(NamedTuple):
    """A server-sent event and the content that it carries."""

    name: str
    data: Body
    content: str = ""

    def encode(self) -> bytes:
        return f"event: {self.name}\ndata: {json.dumps(self.data, ensure_ascii=False)}\n\n".encode()


def spoken(block: Body) -> str:
    """What of a block the model had to write."""
    return (
        block["partial"]
        if "partial" in block
        else json.dumps(block["input"])
        if block["type"] == "tool_use"
        else block.get("text") or block.get("thinking", "")
    )


def output_tokens(blocks: tuple[Body, ...]) -> int:
    return sum(tokens(spoken(block)) if "partial" in block else block_tokens(block) for block in blocks)


def spoilt(given: Reply, fault: Fault | None) -> Reply:
    """The reply after a fault that damages the answer itself."""
    if fault is None:
        return given
    blocks = spoil(given.blocks, fault)
    stop, details = given.stopped, given.stop_details
    if fault.kind == "refusal":
        stop, details = "refusal", _REFUSED
    if fault.kind == "wrong_json":
        stop = "end_turn"
    return replace(given, blocks=blocks, stop_reason=stop, stop_details=details)


def until_stopped(given: Reply, sequences: list[str]) -> tuple[Reply, str | None]:
    """The reply up to the first stop sequence in its text, and that sequence."""
    for place, block in enumerate(given.blocks):
        found = [
            (block["text"].index(sequence), sequence) for sequence in sequences if block["type"] == "text" and sequence in block["text"]
        ]
        if found:
            start, sequence = min(found)
            kept = ({**block, "text": block["text"][:start]},) if start else ()
            return replace(given, blocks=(*given.blocks[:place], *kept), stop_reason="stop_sequence"), sequence
    return given, None


def limited(blocks: tuple[Body, ...], limit: int) -> tuple[Body, ...]:
    """The blocks up to a number of tokens; the one that goes beyond it is cut."""
    kept: list[Body] = []
    for block in blocks:
        cost = output_tokens((block,))
        if cost <= limit:
            kept.append(block)
            limit -= cost
            continue
        cut = _cut(block, limit * 4)
        return (*kept, cut) if cut else tuple(kept)
    return tuple(kept)


def _cut(block: Body, count: int) -> Body | None:
    words = spoken(block).encode()[:count].decode(errors="ignore")
    if block["type"] == "tool_use":
        return {**block, "partial": words}
    name = "thinking" if block["type"] == "thinking" else "text"
    return {key: value for key, value in block.items() if key != "citations"} | {name: words} if words else None


def _whole(block: Body) -> Body:
    """A block of a plain answer. Arguments that end early cannot be written as JSON there: the object is left empty."""
    if "partial" in block:
        return {key: value for key, value in block.items() if key != "partial"} | {"input": {}}
    return {"citations": None, **block} if block["type"] == "text" else block


def events(message: Message, width: int) -> Iterator[Event]:
    """The events of an answer, its texts in pieces of ``width`` characters."""
    start = message._replace(blocks=(), stop_reason=None, stop_sequence=None, stop_details=None).wire()
    if message.usage is not None:
        start["usage"] = {**message.usage, "output_tokens": min(1, message.output_tokens)}
    yield Event("message_start", {"type": "message_start", "message": start})
    for index, block in enumerate(message.blocks):
        yield Event("content_block_start", {"type": "content_block_start", "index": index, "content_block": _opened(block)})
        if index == 0:
            yield Event("ping", {"type": "ping"})
        for delta, content in _deltas(block, width):
            yield Event("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}, content)
        yield Event("content_block_stop", {"type": "content_block_stop", "index": index})
    yield Event("message_delta", _last_delta(message))
    yield Event("message_stop", {"type": "message_stop"})


def _last_delta(message: Message) -> Body:
    delta = {"stop_reason": message.stop_reason, "stop_sequence": message.stop_sequence}
    if message.stop_details:
        delta["stop_details"] = message.stop_details
    data: Body = {"type": "message_delta", "delta": delta}
    if message.usage is not None:
        counted = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
        data["usage"] = {name: message.usage[name] for name in counted if name in message.usage}
    return data


def _opened(block: Body) -> Body:
    match block["type"]:
        case "text":
            return {"type": "text", "text": "", **({"citations": []} if block.get("citations") else {})}
        case "thinking":
            return {"type": "thinking", "thinking": "", **({"signature": ""} if "signature" in block else {})}
        case "tool_use":
            return {"type": "tool_use", "id": block["id"], "name": block["name"], "input": {}}
    return block


def _deltas(block: Body, width: int) -> Iterator[tuple[Body, str]]:
    kind, name = {"tool_use": ("input_json_delta", "partial_json"), "thinking": ("thinking_delta", "thinking")}.get(
        block["type"], ("text_delta", "text")
    )
    if block["type"] == "tool_use":
        yield {"type": kind, name: ""}, ""
    for piece in _pieces(spoken(block), width):
        yield {"type": kind, name: piece}, piece
    for citation in block.get("citations") or []:
        yield {"type": "citations_delta", "citation": citation}, ""
    if block.get("signature"):
        yield {"type": "signature_delta", "signature": block["signature"]}, ""


def _pieces(words: str, width: int) -> Iterator[str]:
    for start in range(0, len(words), width):
        yield words[start : start + width]
