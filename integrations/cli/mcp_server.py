"""Commands on MCP: serve the desk, its people's tokens, and the outside servers it may use."""

from typing import Annotated

import typer

from integrations.cli.common import HERE, DeskOption, JsonOption, console, emit, open_desk, show_table

app = typer.Typer(invoke_without_command=True)
token_app = typer.Typer(no_args_is_help=True)
app.add_typer(token_app, name="token", help="Who may join over HTTP: a token for each person.")


@app.callback()
def serve(
    context: typer.Context,
    person: Annotated[str, typer.Option("--as", help="Over stdio: whose name the writes carry.")] = "person",
    http: Annotated[bool, typer.Option("--http", help="Serve streamable HTTP at /mcp instead of stdio.")] = False,
    host: Annotated[str, typer.Option(help="With --http: the address to listen on.", show_default="mcp.host")] = "",
    port: Annotated[int, typer.Option(help="With --http: the port.", show_default="mcp.port")] = 0,
    desk: DeskOption = HERE,
) -> None:
    """Offer the desk to an MCP client (Claude Code, Claude Desktop, any other) over stdio, or over HTTP with --http."""
    if context.invoked_subcommand is not None:
        return
    from integrations.mcp import server

    with open_desk(desk) as opened:
        opened.warm_up()
        if not http:
            server.serve_stdio(opened, person)
            return
        where = (host or opened.settings.mcp.host, port or opened.settings.mcp.port)
        console(stderr=True).print(f"the desk is at http://{where[0]}:{where[1]}/mcp; ctrl-c stops it", markup=False)
        server.serve_http(opened, *where)


@token_app.command("add")
def add_token(name: Annotated[str, typer.Argument(help="The person.")], desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Make a person's token. It is shown once: the desk keeps only its hash."""
    from memory.access import Tokens

    with open_desk(desk) as opened:
        token = Tokens(opened.database, opened.clock).add(name)
    if as_json:
        emit({"person": name, "token": token})
    else:
        console().print(token, markup=False, soft_wrap=True)


@token_app.command("list")
def list_tokens(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Who has a token, and since when."""
    from memory.access import Tokens

    with open_desk(desk) as opened:
        rows = Tokens(opened.database, opened.clock).rows()
    if as_json:
        emit({"tokens": [row._asdict() for row in rows]})
    else:
        show_table(
            ["person", "since", "revoked"],
            [[row.person, f"{row.created_at:%Y-%m-%d}", f"{row.revoked_at:%Y-%m-%d}" if row.revoked_at else ""] for row in rows],
        )


@token_app.command("revoke")
def revoke_token(name: Annotated[str, typer.Argument(help="The person.")], desk: DeskOption = HERE) -> None:
    """End a person's token at once."""
    from memory.access import Tokens

    with open_desk(desk) as opened:
        Tokens(opened.database, opened.clock).revoke(name)


@app.command("servers")
def list_servers(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """The outside servers of stoa.toml, their tools, and whether each is as it was approved."""
    from agents.errors import OutsideError

    rows: list[list[str]] = []
    with open_desk(desk) as opened:
        for name in opened.settings.mcp.servers:
            try:
                rows += [[f"{name}.{item.tool}", item.state, item.reason] for item in opened.outside.standing(name)]
            except OutsideError as error:
                rows.append([name, "unreachable", str(error)])
    if as_json:
        emit({"tools": [dict(zip(("tool", "state", "reason"), row, strict=True)) for row in rows]})
    else:
        show_table(["tool", "state", "why"], rows)


@app.command()
def approve(
    server: Annotated[str, typer.Argument(help="Its name in stoa.toml.")],
    by: Annotated[str, typer.Option(help="Your name.")] = "person",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Read what a server's tools say of themselves, and let the agents use them as they are now."""
    from memory.access import Pins

    with open_desk(desk) as opened:
        waiting = [item for item in opened.outside.standing(server) if item.state in {"new", "changed"}]
        for item in waiting:
            _show(item.tool, item.before, item.definition)
        if waiting and not yes:
            typer.confirm(f"Approve these {len(waiting)} tools of {server}?", abort=True, err=True)
        done = Pins(opened.database, opened.clock).approve(server, {item.tool: item.definition for item in waiting}, by)
    if as_json:
        emit({"server": server, "approved": done})
    else:
        console().print(f"{len(done)} tools approved." if done else "Nothing waits: every tool is as it was approved.")


def _show(tool: str, before: str, after: str) -> None:
    """A new definition whole; a changed one as its differences."""
    import difflib

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "approved", "now", lineterm="") if before else after.splitlines()
    out = console(stderr=True)
    out.print(f"[bold]{tool}[/bold]{' has changed' if before else ''}")
    for text in lines:
        out.print(text, markup=False, soft_wrap=True)


@app.command()
def call(
    name: Annotated[str, typer.Argument(help="SERVER.TOOL")],
    role: Annotated[str, typer.Option(help="As which role: its allow-list holds.")],
    arguments: Annotated[str, typer.Argument(help="The arguments as one JSON object.")] = "{}",
    desk: DeskOption = HERE,
) -> None:
    """Call an outside tool as a role would, and print what it says."""
    import json

    from memory.errors import InputError

    try:
        given = json.loads(arguments)
    except ValueError as error:
        raise InputError(f"the arguments are no JSON ({error}): put one object in single quotes") from error
    with open_desk(desk) as opened:
        emit(opened.outside.call(role, name, given).model_dump(mode="json"))
