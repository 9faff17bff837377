"""Permissions: what agents may do with tools, what waits for a person, and why."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integrations.cli.common import HERE, DeskOption, JsonOption, console, emit, open_desk, show_table

if TYPE_CHECKING:
    from memory.permission_requests import PermissionRequest, Scope

app = typer.Typer(no_args_is_help=True)


class Held(StrEnum):
    """For how long a yes holds."""

    once = "once"
    minutes = "minutes"
    run = "run"
    good = "good"


def request_view(item: "PermissionRequest") -> dict[str, Any]:
    """A question as scripts read it."""
    from orchestrator.tool_gate import question

    return {**item._asdict(), "question": question(item)}


def show_requests(items: "list[PermissionRequest]") -> None:
    """Questions as people read them: what would be called with what, whole."""
    from orchestrator.tool_gate import question

    out = console()
    for item in items:
        out.print(f"{item.role}.{item.tool}  {item.id} {item.status}, run {item.run_id}", markup=False)
        out.print(f"   {question(item)}", markup=False)
        # Escaped, so that nothing an agent wrote can move the cursor or hide a part of the call.
        out.print(f"   {json.dumps(item.arguments, ensure_ascii=True, sort_keys=True)}", markup=False)


@app.command("list")
def list_permissions(
    everything: Annotated[bool, typer.Option("--all", help="Answered questions too.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """The rules in their order, what each role may do without one, and what waits for a person."""
    from agents.tool import tools
    from orchestrator.tool_permissions import Call, rule_on_call

    with open_desk(desk) as opened:
        rules = opened.settings.permissions.parsed()
        items = opened.permission_requests.requests("" if everything else "pending")
        hooks = opened.hooks.names
        roles = [
            {"role": role.name, "tool": name, "effect": tools()[name].effect,
             "decision": rule_on_call(Call(role.name, name, tools()[name].effect, {}, tainted=False), rules).decision,
             "after_outside": rule_on_call(Call(role.name, name, tools()[name].effect, {}), rules).decision}
            for role in opened.roles.values() for name in role.tools if name in tools()
        ]  # fmt: skip
    if as_json:
        views = [request_view(item) for item in items]
        emit({"rules": [rule.text for rule in rules], "roles": roles, "hooks": list(hooks), "requests": views})
        return
    for number, rule in enumerate(rules, 1):
        console().print(f"{number}. {rule.text}", markup=False)
    for name in hooks:
        console().print(f"hook: {name}", markup=False)
    columns = ["role", "tool", "effect", "decision", "after_outside"]
    show_table(
        ["role", "tool", "effect", "decision", "having read what is from outside"], [[row[name] for name in columns] for row in roles]
    )
    show_requests(items)


@app.command()
def explain(
    role: str,
    tool: str,
    arguments: Annotated[str, typer.Argument(metavar="ARGS", help="The arguments as a JSON object.")] = "{}",
    clean: Annotated[bool, typer.Option("--clean", help="The turn has read nothing from outside.")] = False,
    scheduled: Annotated[bool, typer.Option("--scheduled", help="Nobody is present.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What would happen if a role called a tool with these arguments, and by which rule."""
    from agents.tool import tools
    from memory.errors import InputError, NotFoundError
    from orchestrator.tool_permissions import Call, digest_of, rule_on_call

    try:
        given = json.loads(arguments)
    except ValueError as error:
        raise InputError(f'the arguments are no JSON ({error}): write them like \'{{"thesis": "tin"}}\'') from error
    if not isinstance(given, dict):
        raise InputError("the arguments must be a JSON object of names and values")
    with open_desk(desk) as opened:
        if role not in opened.roles or tool not in tools():
            raise NotFoundError(
                f"there is no {'tool ' + repr(tool) if role in opened.roles else 'role ' + repr(role)}: stoa permissions list"
            )
        named, rules = tool in opened.roles[role].tools, opened.settings.permissions.parsed()
    call = Call(role, tool, tools()[tool].effect, given, named=named, tainted=not clean, attended=not scheduled)
    ruling = rule_on_call(call, rules)
    digest = digest_of(tool, given)
    if as_json:
        emit({**ruling._asdict(), "role": role, "tool": tool, "effect": call.effect, "digest": digest})
    else:
        console().print(f"{ruling.decision}: {ruling.reason}. This call is sha256:{digest}.", markup=False)


def _answer(request: str, scope: "Scope | None", by: str, desk: Path, as_json: bool) -> None:
    from integrations.permission_file import add_rule
    from integrations.settings import FILE
    from orchestrator.tool_permissions import exact_rule

    written = ""
    with open_desk(desk) as opened:
        item = opened.permission_requests.get(request)
        if scope == "good" and item.status == "pending":
            written = exact_rule(item.role, item.tool, item.digest)
            # The rule first: a yes for good that stands in no file would be one that nobody can see.
            add_rule(opened.folder / FILE, written)
        item = opened.permission_requests.decide(request, scope or "", by, opened.clock())
    if as_json:
        emit({**request_view(item), "rule": written})
    else:
        console().print(f"{item.role}.{item.tool}: {item.status} by {item.decided_by}.", markup=False)
        if written:
            console().print(f"{FILE} now says: {written}", markup=False)


@app.command()
def approve(
    request: str,
    hold: Annotated[Held, typer.Option("--for", help="once; minutes: 15 of them; run: the run that asked; good: as a rule.")] = Held.once,
    by: Annotated[str, typer.Option(help="Your name.")] = "person",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Let exactly this call be made: one changed byte asks again."""
    _answer(request, hold.value, by, desk, as_json)


@app.command()
def reject(
    request: str,
    by: Annotated[str, typer.Option(help="Your name.")] = "person",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Refuse this call; its run does not ask again."""
    _answer(request, None, by, desk, as_json)
