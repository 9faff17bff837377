"""An outside MCP server, by the real SDK: over stdio as a process of its own, or as an ASGI application.

What it offers and answers is read from a JSON file at each request, so that a test can make it change its mind.
"""

import json
from pathlib import Path

import mcp_types
from mcp.server import Server

PLAIN = {
    "tools": [
        {"name": "search", "description": "Find news.", "readOnlyHint": True},
        {"name": "send", "description": "Send a mail.", "readOnlyHint": False},
    ],
    "answers": {"search": "Copper rose 2 per cent.", "send": "sent"},
    "sleep": 0,
}
QUERY = {"type": "object", "properties": {"query": {"type": "string"}}}


def write(path, **changes):
    """Set what the server says from now on."""
    Path(path).write_text(json.dumps({**PLAIN, **changes}), encoding="utf-8")
    return Path(path)


def program(path):
    """Arguments to Python that serve a file over stdio."""
    root = Path(__file__).parents[2]
    return ("-c", f"import sys; sys.path.insert(0, {str(root)!r}); from tests.fakes.outside_mcp import main; main({str(path)!r})")


def _said(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def _noted(path, *call):
    with Path(f"{path}.calls").open("a", encoding="utf-8") as kept:
        kept.write(json.dumps(call) + "\n")


def make(path):
    """The server of a file."""

    async def list_tools(_context, _params):
        said = _said(path)
        tools = [
            mcp_types.Tool(
                name=item["name"], description=item["description"], input_schema=item.get("schema", QUERY),
                annotations=mcp_types.ToolAnnotations(read_only_hint=item["readOnlyHint"]),
            )
            for item in said["tools"]
        ]  # fmt: skip
        return mcp_types.ListToolsResult(tools=tools)

    async def call_tool(_context, params):
        import anyio

        said = _said(path)
        _noted(path, params.name, params.arguments)
        await anyio.sleep(said["sleep"])
        text = said["answers"].get(params.name, "")
        return mcp_types.CallToolResult(
            content=[mcp_types.TextContent(type="text", text=text)], is_error=params.name not in said["answers"]
        )

    return Server("outside", on_list_tools=list_tools, on_call_tool=call_tool)


def calls(path):
    """What it was asked, in order."""
    kept = Path(f"{path}.calls")
    return [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.exists() else []


async def over_stdio(path):
    from mcp import stdio_server

    server = make(path)
    async with stdio_server() as (read, write_):
        await server.run(read, write_, server.create_initialization_options())


def main(path):
    """Serve until stdin ends."""
    import anyio

    anyio.run(over_stdio, path)
