"""What the service refuses before any model sees it, in its own words."""

import re
from collections.abc import Iterator
from typing import Any

from tests.fakes.messages_api.checks_talk import check_talk
from tests.fakes.messages_api.profiles import Facts, Profile
from tests.fakes.messages_api.prompt import Body, as_blocks, evidence, input_tokens, schema_of, talk
from tests.fakes.messages_api.refused import Refused

MARKS = 4
_KNOWN = {
    "cache_control", "container", "context_management", "diagnostics", "inference_geo", "max_tokens", "mcp_servers", "messages", "metadata",
    "model", "output_config", "output_format", "service_tier", "speed", "stop_sequences", "stream", "system", "thinking", "tool_choice",
    "tools",
}  # fmt: skip
_UNSUPPORTED = {
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "string": {"minLength", "maxLength"},
    "array": {"maxItems", "uniqueItems"},
}


def check(body: Body, facts: Facts, profile: Profile, counting: bool = False) -> None:
    """Raise ``Refused`` where the endpoint would; a local server lets through what it does not look at."""
    _required(body, counting)
    if profile.only:
        _only(body, profile)
    if not profile.strict:
        _length(body, facts, profile)
        return
    _fields(body, facts, counting)
    _marks(body)
    _tools(body, facts)
    check_talk(body, facts)
    _formats(body)
    _length(body, facts, profile)


def _required(body: Body, counting: bool) -> None:
    for name in ("model", "messages") if counting else ("model", "max_tokens", "messages"):
        if name not in body:
            raise Refused(f"{name}: Field required")
    if not isinstance(body["messages"], list) or not body["messages"]:
        raise Refused("messages: at least one message is required")


def _only(body: Body, profile: Profile) -> None:
    for place, (_, block) in enumerate(talk(body)):
        inner = as_blocks(block.get("content")) if block.get("type") == "tool_result" else []
        for kind in (item.get("type", "") for item in (block, *inner)):
            if kind not in profile.only:
                wanted = ", ".join(f"'{name}'" for name in sorted(profile.only))
                raise Refused(f"messages.content.{place}.type: Input should be {wanted} (got '{kind}')")


def _fields(body: Body, facts: Facts, counting: bool) -> None:
    for name in body:
        if name not in _KNOWN:
            raise Refused(f"{name}: Extra inputs are not permitted")
    if counting:
        return
    limit = body["max_tokens"]
    if not isinstance(limit, int) or limit < 0:
        raise Refused("max_tokens: Input should be greater than or equal to 0")
    if limit > facts.max_output:
        raise Refused(f"max_tokens: {limit} > {facts.max_output}, which is the maximum allowed number of output tokens for {body['model']}")
    thought = body.get("thinking") or {}
    if thought.get("type") == "enabled":
        _thinking(thought, limit)


def _thinking(thought: Body, limit: int) -> None:
    if thought.get("budget_tokens", 0) < 1024:
        raise Refused("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if thought["budget_tokens"] >= limit:
        raise Refused("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _marked(body: Body) -> Iterator[Body]:
    """Everything that carries a cache mark, in the order of the cache."""
    groups = [body.get("tools") or [], as_blocks(body.get("system")), [block for _, block in talk(body)]]
    for block in (item for group in groups for item in group):
        inner = as_blocks(block.get("content")) if block.get("type") == "tool_result" else []
        yield from (item for item in (*inner, block) if item.get("cache_control"))
    if body.get("cache_control"):
        yield {"cache_control": body["cache_control"]}


def _marks(body: Body) -> None:
    marked = list(_marked(body))
    if len(marked) > MARKS:
        raise Refused(f"A maximum of {MARKS} blocks with cache_control may be provided. Found {len(marked)}.")
    for block in marked:
        if block.get("type") in {"thinking", "redacted_thinking"}:
            raise Refused("cache_control: Extra inputs are not permitted")
        if block.get("type") == "text" and not block.get("text"):
            raise Refused("cache_control cannot be set for empty text blocks")
    lives = [block["cache_control"].get("ttl") or "5m" for block in marked]
    if lives != sorted(lives):  # "1h" sorts before "5m"
        raise Refused("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")


def _tools(body: Body, facts: Facts) -> None:
    tools = body.get("tools") or []
    names = [tool.get("name", "") for tool in tools]
    for place, tool in enumerate(tools):
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", tool.get("name", "")):
            raise Refused(f"tools.{place}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if "input_schema" not in tool and not tool.get("type"):
            raise Refused(f"tools.{place}.custom.input_schema: Field required")
    if len(set(names)) != len(names):
        raise Refused("tools: Tool names must be unique.")
    choice = body.get("tool_choice") or {}
    if choice and not tools:
        raise Refused("tool_choice may only be specified while providing tools")
    if choice.get("type") == "tool" and choice.get("name") not in names:
        raise Refused(f"Tool '{choice.get('name')}' not found in provided tools")
    if choice.get("type") not in {"tool", "any"}:
        return
    if not facts.forced_tools:
        raise Refused('tool_choice: forcing a tool is not supported for this model; use {"type": "auto"}.')
    if (body.get("thinking") or {}).get("type") == "enabled":
        raise Refused("Thinking may not be enabled when tool_choice forces tool use.")


def _formats(body: Body) -> None:
    found = evidence(body)
    for kind, said in (
        ("document", "Citations must be enabled for all or none of documents"),
        ("search_result", "Citations must be enabled for all or none of search results"),
    ):
        if len({item.cited for item in found if item.kind == kind}) > 1:
            raise Refused(said)
    schema = schema_of(body)
    if schema is None:
        return
    if any(item.cited for item in found):
        raise Refused("output_config.format: Citations are not compatible with structured outputs.")
    if body["messages"][-1].get("role") == "assistant":
        raise Refused("output_config.format: message prefilling is incompatible with structured outputs.")
    _schema(schema)


def _schema(node: Any) -> None:
    """Objects must be closed and the bounds of values are not known to the grammar."""
    if isinstance(node, list):
        for item in node:
            _schema(item)
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if kind == "object" and node.get("additionalProperties") is not False:
        raise Refused("output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false")
    wrong = sorted(_UNSUPPORTED.get(kind, set()) & set(node)) if isinstance(kind, str) else []
    if wrong:
        raise Refused(f"output_config.format.schema: For '{kind}' type, properties {', '.join(wrong)} are not supported")
    for name in ("properties", "$defs", "definitions"):
        for child in (node.get(name) or {}).values():
            _schema(child)
    for name in ("items", "anyOf", "allOf"):
        _schema(node.get(name))


def _length(body: Body, facts: Facts, profile: Profile) -> None:
    counted = input_tokens(body, profile.drops, profile.formats)
    if counted > facts.context_window:
        raise Refused(f"prompt is too long: {counted} tokens > {facts.context_window} maximum")
