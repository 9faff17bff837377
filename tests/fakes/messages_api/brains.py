"""Ready reply functions."""

import json
import re
from typing import Any

from tests.fakes.messages_api.prompt import Body
from tests.fakes.messages_api.script import Call, Reply, cite_document, cite_search_result, reply, text, tool_use

_NUMBERED = re.compile(r"^\s*\[?(E\d+)\]?[ :.(].*$", re.MULTILINE)
_NOTHING = "No evidence reached me."


def echo(call: Call) -> Reply:
    """Quote the evidence that can be seen: as citations, as numbered lines, or into the wanted schema or tool."""
    quotes, names = _quotes(call)
    forced = _forced_tool(call.body)
    if forced is not None:
        return reply(tool_use(forced["name"], fill(forced.get("input_schema", {}), quotes, names)))
    if call.schema is not None:
        return reply(json.dumps(fill(call.schema, quotes, names), ensure_ascii=False))
    if call.cites:
        return reply(*(_cited(item) for item in call.evidence if item.cited))
    return reply("\n".join(quotes) or _NOTHING)


def _quotes(call: Call) -> tuple[list[str], list[str]]:
    """What there is to quote, and the ids it goes by."""
    numbered = list(_NUMBERED.finditer(call.prompt))
    parts = [(item.source or item.title, part) for item in call.evidence for part in item.parts]
    quotes = [part for _, part in parts] + [match.group(0).strip() for match in numbered]
    return quotes, [name for name, _ in parts] + [match.group(1) for match in numbered]


def _cited(item: Any) -> Body:
    quote = item.parts[0]
    return text(quote, cite_search_result(item) if item.kind == "search_result" else cite_document(item, quote))


def _forced_tool(body: Body) -> Body | None:
    choice = body.get("tool_choice") or {}
    if choice.get("type") not in {"tool", "any"}:
        return None
    return next((tool for tool in body["tools"] if choice["type"] == "any" or tool["name"] == choice["name"]), None)


def fill(schema: Body, quotes: list[str], names: list[str], root: Body | None = None) -> Any:
    """The smallest value that a JSON schema allows; texts are the first quote, lists named for evidence or ids hold the ids."""
    root = root or schema
    if "$ref" in schema:
        return fill(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], quotes, names, root)
    if choices := next((schema[key] for key in ("anyOf", "oneOf", "allOf") if key in schema), None):
        return fill(choices[0], quotes, names, root)
    stated = [schema[key] for key in ("const", "default") if key in schema] + schema.get("enum", [])[:1]
    if stated:
        return stated[0]
    match schema.get("type"):
        case "object":
            return {name: _member(name, child, quotes, names, root) for name, child in (schema.get("properties") or {}).items()}
        case "array":
            return [fill(schema.get("items", {}), quotes, names, root)] * schema.get("minItems", 0)
        case "integer" | "number" | "boolean" | "null" as simple:
            return {"boolean": False, "null": None}.get(simple, schema.get("minimum", 0))
    return quotes[0] if quotes else _NOTHING


def _member(name: str, child: Body, quotes: list[str], names: list[str], root: Body) -> Any:
    if child.get("type") == "array" and re.search(r"evidence|ids$", name):
        return list(dict.fromkeys(names))
    return fill(child, quotes, names, root)
