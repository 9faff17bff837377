"""Commands on the agents' tools."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integrations.cli.common import (
    HERE,
    AsOfOption,
    DeskOption,
    JsonOption,
    emit,
    line,
    moment,
    open_desk,
    read_jsonl,
    show_table,
)

if TYPE_CHECKING:
    from agents.workbench import Workbench

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_tools(as_json: JsonOption = False) -> None:
    """Every tool, what it touches, and when to use it."""
    from agents.tool import tools

    if as_json:
        emit(
            {"tools": [{"name": t.name, "effect": t.effect, "description": t.description, "schema": t.schema()} for t in tools().values()]}
        )
    else:
        show_table(
            ["tool", "effect", "what it does"],
            [[t.name, t.effect, t.description.split("\n")[0]] for t in tools().values()],
        )


@app.command()
def call(
    name: str,
    arguments: Annotated[str, typer.Argument(help="The arguments as one JSON object.")] = "{}",
    as_of: AsOfOption = "",
    jsonl: Annotated[Path | None, typer.Option("--jsonl", help="One JSON object of arguments a line; - is stdin.")] = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = True,
) -> None:
    """Run a tool and print its result, always as JSON. Tools that read the desk need one; the others run anywhere."""
    from agents.tool import tools
    from integrations.settings import FILE

    del as_json
    known = tools().get(name)
    if known is not None and (known.needs_desk or (known.takes_desk and (desk != HERE or (desk / FILE).exists()))):
        with open_desk(desk) as opened:
            _run(name, arguments, jsonl, opened.workbench(moment(opened, as_of)))
        return
    _run(name, arguments, jsonl, None)


def _run(name: str, arguments: str, jsonl: Path | None, bench: "Workbench | None") -> None:
    from agents.tool import call as call_tool
    from memory.errors import InputError, StoaError

    if jsonl is None:
        try:
            given: Any = json.loads(arguments)
        except ValueError as error:
            raise InputError(f"the arguments are no JSON ({error}): put one object in single quotes") from error
        if not isinstance(given, dict):
            raise InputError("the arguments must be one JSON object, e.g. '{\"S\": 100}'")
        emit(call_tool(name, given, bench).model_dump(mode="json"))
        return
    for row, problem in read_jsonl(jsonl):
        try:
            line({"error": problem} if row is None else call_tool(name, row, bench).model_dump(mode="json"))
        except StoaError as error:
            line({"error": str(error)})
