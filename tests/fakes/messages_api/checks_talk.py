"""What the service demands of a conversation: roles, texts, tools and their results, thoughts as it signed them."""

import hashlib
from itertools import groupby

from tests.fakes.messages_api.profiles import Facts
from tests.fakes.messages_api.prompt import Body, as_blocks
from tests.fakes.messages_api.refused import Refused

_ROLES = {"user", "assistant", "system"}


def signature(thought: str) -> str:
    """What the server signs a thought with; a thought that comes back changed is refused."""
    return "sig_" + hashlib.sha256(f"loopback:{thought}".encode()).hexdigest()[:32]


def check_talk(body: Body, facts: Facts) -> None:
    messages = body["messages"]
    for place, message in enumerate(messages):
        if message.get("role") not in _ROLES:
            raise Refused(f"messages.{place}.role: Input should be 'user' or 'assistant'")
        _texts(place, message, last=place == len(messages) - 1)
    if messages[0]["role"] != "user":
        raise Refused('messages: first message must use the "user" role')
    for place, block in enumerate(as_blocks(body.get("system"))):
        if block.get("type") == "text" and not block.get("text"):
            raise Refused(f"system.{place}: text content blocks must be non-empty")
    if messages[-1]["role"] == "assistant" and not facts.prefill:
        raise Refused("This model does not support assistant message prefill. The conversation must end with a user message.")
    _results(messages)


def _texts(place: int, message: Body, last: bool) -> None:
    blocks = as_blocks(message.get("content"))
    optional = last and message["role"] == "assistant"
    _places(place, message["role"], blocks)
    if not blocks and not optional:
        raise Refused(f"messages.{place}: all messages must have non-empty content except for the optional final assistant message")
    if isinstance(message.get("content"), str) and not message["content"]:
        if optional:
            return
        raise Refused(f"messages.{place}: all messages must have non-empty content except for the optional final assistant message")
    for block in blocks:
        if block.get("type") == "text" and not block.get("text"):
            raise Refused("messages: text content blocks must be non-empty")
        if block.get("type") == "text" and not block["text"].strip():
            raise Refused("messages: text content blocks must contain non-whitespace text")
        if block.get("type") == "thinking" and block.get("signature") != signature(block.get("thinking", "")):
            raise Refused(f"messages.{place}.content.0: Invalid `signature` in `thinking` block")
    if optional and blocks[-1].get("type") == "text" and blocks[-1]["text"] != blocks[-1]["text"].rstrip():
        raise Refused("messages: final assistant content cannot end with trailing whitespace")


def _places(place: int, role: str, blocks: list[Body]) -> None:
    """Which blocks a role may send, as the API version of October 2026 has it."""
    for index, block in enumerate(blocks):
        kind = block.get("type")
        if role == "assistant" and kind in {"document", "tool_result"}:
            raise Refused(f"messages.{place}.content.{index}: `{kind}` blocks are not permitted in `assistant` messages")
        if role == "user" and kind in {"tool_use", "thinking"}:
            raise Refused(f"messages.{place}.content.{index}: `{kind}` blocks are not permitted in `user` messages")
        inner = as_blocks(block.get("content")) if kind == "search_result" else []
        if role == "user" and any(item.get("type") == "text" and item.get("citations") for item in (block, *inner)):
            raise Refused(f"messages.{place}.content.{index}.text.citations: citations are not permitted in `user` messages")


def _results(messages: list[Body]) -> None:
    """Each call of a tool is answered at the head of the next turn, and nothing else is."""
    turns = [
        (role, [block for message in group for block in as_blocks(message.get("content"))])
        for role, group in groupby(messages, key=lambda message: message["role"])
    ]
    seen: set[str] = set()
    open_calls: list[str] = []
    for place, (role, blocks) in enumerate(turns):
        answered = [block.get("tool_use_id", "") for block in blocks if block.get("type") == "tool_result"]
        wrong = [call for call in answered if call not in open_calls]
        if wrong:
            raise Refused(
                f"messages.{place}.content.{_first(blocks)}: unexpected `tool_use_id` found in `tool_result` blocks: {wrong[0]}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        if len(set(answered)) != len(answered):
            raise Refused(
                f"messages.{place}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {answered[0]}"
            )
        head = [block.get("tool_use_id") for block in blocks[: len(answered)]]
        missing = [call for call in open_calls if call not in head]
        if missing:
            raise Refused(
                f"messages.{place - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(missing)}. "
                "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
            )
        open_calls = [block.get("id", "") for block in blocks if block.get("type") == "tool_use"] if role == "assistant" else []
        if len(set(open_calls)) != len(open_calls) or seen & set(open_calls):
            raise Refused("messages: `tool_use` ids must be unique")
        seen |= set(open_calls)
    if open_calls:
        raise Refused(
            f"messages.{len(turns) - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(open_calls)}."
        )


def _first(blocks: list[Body]) -> int:
    return next(place for place, block in enumerate(blocks) if block.get("type") == "tool_result")
