"""A request as the model reads it: blocks in cache order, their tokens by a fixed rule, and the text it sees.

The rule: the tokens of a block are its UTF-8 bytes divided by four, rounded up; an image or a PDF counts as 1,600. A count
of a request or of an answer is the sum over its blocks.
"""

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

Body = dict[str, Any]

_OPAQUE_TOKENS = 1600
_OPAQUE = {"image": "[image]", "redacted_thinking": "[redacted]", "pdf": "[pdf]"}


class Block(NamedTuple):
    """One place where a cache prefix can end."""

    level: str
    identity: str
    tokens: int
    cache: Body | None


def tokens(text: str) -> int:
    return math.ceil(len(text.encode()) / 4)


def as_blocks(content: Any) -> list[Body]:
    """A string is shorthand for one block of text."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or [] if isinstance(block, dict)]


def said(block: Body, drops: frozenset[str] = frozenset()) -> str:
    """What the model reads of a block; nothing where the server drops its kind."""
    kind = block.get("type", "")
    if kind in drops:
        return ""
    match kind:
        case "text":
            return str(block.get("text", ""))
        case "thinking":
            return str(block.get("thinking", ""))
        case "tool_use":
            return f"{block.get('name', '')} {json.dumps(block.get('input', {}), ensure_ascii=False, sort_keys=True)}"
        case "tool_result":
            return _joined(as_blocks(block.get("content", "")), drops)
        case "search_result":
            return "\n".join(part for part in (block.get("title"), block.get("source"), _joined(block.get("content", []), drops)) if part)
        case "document":
            return "\n".join(part for part in (block.get("title"), block.get("context"), document_text(block)) if part)
    return _OPAQUE.get(kind, json.dumps(block, ensure_ascii=False, sort_keys=True))


def document_text(block: Body) -> str:
    source = block.get("source", {})
    match source.get("type"):
        case "text":
            return str(source.get("data", ""))
        case "content":
            return _joined(as_blocks(source.get("content", "")), frozenset())
    return _OPAQUE["pdf"]


def _joined(blocks: list[Body], drops: frozenset[str]) -> str:
    return "\n".join(text for text in (said(block, drops) for block in blocks) if text)


def block_tokens(block: Body, drops: frozenset[str] = frozenset()) -> int:
    text = said(block, drops)
    opaque = text.count(_OPAQUE["image"]) * (block["type"] != "text") + text.count(_OPAQUE["pdf"]) * (block["type"] == "document")
    return tokens(text) + opaque * _OPAQUE_TOKENS


def _bare(value: Any) -> Any:
    """The content without its cache marks: they do not belong to what is compared."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if key != "cache_control"}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _exact(value: Any) -> str:
    return json.dumps(_bare(value), ensure_ascii=False, sort_keys=True)


def _mark(block: Body) -> Body | None:
    """The breakpoint of a block; one on a part inside a tool result counts for the whole result."""
    inner = [part.get("cache_control") for part in as_blocks(block.get("content")) if block.get("type") == "tool_result"]
    return block.get("cache_control") or next((mark for mark in inner if mark), None)


def flat(body: Body, drops: frozenset[str] = frozenset()) -> list[Block]:
    """All blocks in the order of the cache: tools, system, messages."""
    blocks = []
    for tool in body.get("tools") or []:
        blocks.append(Block("tools", _exact(tool), tokens(_exact(tool)), tool.get("cache_control")))
    for block in as_blocks(body.get("system")):
        blocks.append(Block("system", _exact(block), block_tokens(block, drops), _mark(block)))
    for role, block in talk(body):
        blocks.append(Block("messages", f"{role}:{_exact(block)}", block_tokens(block, drops), _mark(block)))
    if body.get("cache_control"):
        last = max((place for place, block in enumerate(blocks) if '"type": "thinking"' not in block.identity), default=None)
        if last is not None:
            blocks[last] = blocks[last]._replace(cache=body["cache_control"])
    return blocks


def talk(body: Body) -> Iterator[tuple[str, Body]]:
    """Each block of the conversation with its role."""
    for message in body.get("messages") or []:
        for block in as_blocks(message.get("content")):
            yield message.get("role", ""), block


def schema_of(body: Body) -> Body | None:
    """The output format that a request asks for, under its present or its former name."""
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format")
    return wanted.get("schema") if isinstance(wanted, dict) else None


def input_tokens(body: Body, drops: frozenset[str] = frozenset(), formats: bool = True) -> int:
    """The whole prompt; an output format is told to the model and costs what its schema does."""
    schema = schema_of(body) if formats else None
    return sum(block.tokens for block in flat(body, drops)) + (tokens(_exact(schema)) if schema else 0)


def effective(body: Body, drops: frozenset[str] = frozenset()) -> str:
    """The whole prompt as text: what is not in it cannot have reached the model."""
    lines = [f"{tool.get('name', '')}: {tool.get('description', '')}" for tool in body.get("tools") or []]
    lines += [said(block, drops) for block in as_blocks(body.get("system"))]
    lines += [said(block, drops) for _, block in talk(body)]
    return "\n".join(line for line in lines if line)


class Evidence(NamedTuple):
    """A search result or a document that the model may cite; ``index`` counts its own kind over the whole request."""

    kind: str
    index: int
    title: str
    source: str
    parts: tuple[str, ...]
    cited: bool


def evidence(body: Body, drops: frozenset[str] = frozenset()) -> list[Evidence]:
    found: list[Evidence] = []
    for block in _with_inner(body, drops):
        if block.get("type") not in {"search_result", "document"} or block["type"] in drops:
            continue
        index = sum(item.kind == block["type"] for item in found)
        parts = [part.get("text", "") for part in block.get("content", [])] if block["type"] == "search_result" else [document_text(block)]
        cited = bool((block.get("citations") or {}).get("enabled"))
        found.append(
            Evidence(
                block["type"],
                index,
                block.get("title") or "",
                block.get("source", "") if block["type"] == "search_result" else "",
                tuple(parts),
                cited,
            )
        )
    return found


def _with_inner(body: Body, drops: frozenset[str]) -> Iterator[Body]:
    for _, block in talk(body):
        if block.get("type") == "tool_result" and "tool_result" not in drops:
            yield from as_blocks(block.get("content", ""))
        else:
            yield block
