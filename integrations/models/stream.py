"""A streamed answer put together strictly: what is cut, broken or half is an error here, though the SDK lets it through."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from agents.errors import ModelAnswerError, ModelUnreachableError
from agents.model import Answer, Cited, Prompt, ToolCall
from integrations.models.wire import SHAPE

COUNTED = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


@dataclass
class Received:
    """What has come of one attempt: enough to bill it, whether or not it came to its end."""

    model: str = ""
    request_id: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    stop_reason: str | None = None
    ended: bool = False
    blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(block["text"] for block in self.blocks.values() if block["type"] == "text")


def receive(events: Iterable[Any], into: Received, say: Callable[[str], None] | None) -> None:
    """Read a stream to its end; ``into`` holds what came, also when this raises."""
    for event in events:
        match event.type:
            case "message_start":
                into.model = event.message.model
                _count(into, event.message.usage)
            case "content_block_start":
                into.blocks[event.index] = _block(event.content_block)
            case "content_block_delta":
                _delta(into, event)
                if say and event.delta.type == "text_delta":
                    say(into.text)
            case "message_delta":
                into.stop_reason = event.delta.stop_reason
                _count(into, event.usage)
            case "message_stop":
                into.ended = True
            case _:
                pass  # pings, and kinds of event that a later version may add


def answer_of(received: Received, prompt: Prompt) -> Answer:
    """The whole answer.

    Raises:
        ModelUnreachableError: the stream, or the arguments of a tool, ended before their end; asking again may help.
        ModelAnswerError: it is whole, but refused, cut by max_tokens, or empty.
    """
    if not received.ended or received.stop_reason is None:
        raise ModelUnreachableError("the answer ended before its end: the run can be resumed")
    if received.stop_reason == "refusal":
        raise ModelAnswerError("the model refused to answer")
    if received.stop_reason in {"max_tokens", "model_context_window_exceeded"}:
        raise ModelAnswerError(f"the answer was cut off ({received.stop_reason}): raise model.max_tokens, or ask for less")
    blocks = [received.blocks[index] for index in sorted(received.blocks)]
    calls = tuple(_call(block) for block in blocks if block["type"] == "tool_use")
    text = received.text
    shaped = [call for call in calls if call.name == SHAPE]
    if shaped and prompt.schema_ is not None:
        text, calls = json.dumps(shaped[0].arguments, ensure_ascii=False), ()
    if not text.strip() and not calls:
        raise ModelAnswerError("the answer is empty")
    shown = (*prompt.passages, *prompt.later)
    cited = tuple(Cited(passage=shown[index].id, quote=quote) for index, quote in _cited(blocks) if index < len(shown))
    thinking = tuple(block for block in blocks if block["type"] in {"thinking", "redacted_thinking"})
    return Answer(text=text, calls=calls, thinking=thinking, cited=cited, model=received.model, request_id=received.request_id)


def _count(into: Received, usage: Any) -> None:
    given = usage.model_dump() if usage is not None else {}
    into.usage.update({name: value for name, value in given.items() if name in COUNTED and isinstance(value, int)})


def _block(block: Any) -> dict[str, Any]:
    match block.type:
        case "text":
            return {"type": "text", "text": block.text, "citations": list(block.citations or ())}
        case "tool_use":
            return {"type": "tool_use", "id": block.id, "name": block.name, "json": "", "given": block.input}
        case "thinking":
            return {"type": "thinking", "thinking": block.thinking, "signature": block.signature}
        case _:
            found: dict[str, Any] = block.model_dump(exclude_none=True)
            return found


def _delta(into: Received, event: Any) -> None:
    block, delta = into.blocks[event.index], event.delta
    match delta.type:
        case "text_delta":
            block["text"] += delta.text
            into.written.append(delta.text)
        case "input_json_delta":
            block["json"] += delta.partial_json
            into.written.append(delta.partial_json)
        case "thinking_delta":
            block["thinking"] += delta.thinking
            into.written.append(delta.thinking)
        case "signature_delta":
            block["signature"] = delta.signature
        case "citations_delta":
            block["citations"].append(delta.citation)
        case _:
            pass


def _call(block: dict[str, Any]) -> ToolCall:
    try:
        # The SDK's own reading mends half a JSON text; half an order must not be carried out.
        arguments = json.loads(block["json"]) if block["json"] else (block["given"] or {})
    except ValueError as error:
        raise ModelUnreachableError(f"the call of {block['name']} came with half its arguments: the run can be resumed") from error
    if not isinstance(arguments, dict):
        raise ModelAnswerError(f"the call of {block['name']} has arguments that are no object")
    return ToolCall(id=block["id"], name=block["name"], arguments=arguments)


def _cited(blocks: Iterable[dict[str, Any]]) -> Iterable[tuple[int, str]]:
    for block in blocks:
        for citation in block.get("citations", ()) if block["type"] == "text" else ():
            if citation.type == "search_result_location":
                yield citation.search_result_index, citation.cited_text
