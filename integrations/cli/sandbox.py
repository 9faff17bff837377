"""Commands on the sandbox."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from integrations.cli.common import HERE, DeskOption, JsonOption, console, emit, open_desk, show_table

if TYPE_CHECKING:
    from agents.sandbox import Input, Limits, SandboxResult

app = typer.Typer(no_args_is_help=True)


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="Python; it reads in/NAME and leaves files in out/.")],
    inputs: Annotated[list[Path] | None, typer.Option("--input", help="A file that the code may read as in/NAME; may be repeated.")] = None,
    wall: Annotated[float, typer.Option("--wall", help="Seconds it may take.", min=0.1, max=3600)] = 60,
    result: Annotated[Path | None, typer.Option("--result", help="Write the JSON result to this file too.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Run it even if the same code ran on the same inputs before.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Run a Python file behind walls. In a desk it also gets the desk's data under in/data, and what comes back is remembered."""
    from agents.sandbox import Input, Limits

    code = _source(file)
    limits = Limits(wall_seconds=wall, cpu_seconds=max(60, wall))
    done = _run(code, [Input(path.name, path) for path in inputs or []], limits, desk, again=again)
    if result is not None:
        result.write_text(done.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if as_json:
        emit(done.model_dump(mode="json"))
    else:
        _show(done)
    if done.exit_reason != "ok":
        raise typer.Exit(1)


def _source(file: Path) -> str:
    from memory.errors import InputError

    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as UTF-8 text: check the path") from error


def _run(code: str, inputs: "list[Input]", limits: "Limits", desk: Path, *, again: bool) -> "SandboxResult":
    from agents.code_runs import Request, run_code
    from integrations.settings import FILE, load_settings

    if not (desk / FILE).exists() and desk == HERE:
        from integrations.sandbox.local import LocalSandbox, tiers

        return LocalSandbox(Path("artifacts").absolute(), tiers(load_settings(desk).sandbox)).run(code, inputs, limits)
    with open_desk(desk) as opened:
        tier = opened.settings.sandbox.tier
        given = [*inputs, *opened.snapshots.at(opened.as_of())]
        if again:
            return opened.sandbox.run(code, given, limits)
        return run_code(opened.store, opened.sandbox, Request(code, given, limits, tier="" if tier == "auto" else tier)).result


def _show(done: "SandboxResult") -> None:
    import sys

    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    out = console(stderr=True)
    reused = ", the stored result of an earlier run" if done.usage.reused else ""
    out.print(f"[dim]{done.tier}: {done.exit_reason}, exit {done.exit_code}, {done.usage.wall_seconds:.2f} s{reused}[/dim]")
    for file in done.files:
        out.print(f"[dim]{file.name}[/dim] {file.path}", soft_wrap=True)
    for name, why in done.rejected:
        out.print(f"rejected {name}: {why}", markup=False)


@app.command()
def doctor(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Try every wall of every tier on this machine, and say how to mend what does not stand."""
    from integrations.sandbox.doctor import checks
    from integrations.settings import FILE, load_settings

    settings = load_settings(desk if (desk / FILE).exists() else HERE).sandbox
    found = checks(settings)
    if as_json:
        emit({"checks": [check._asdict() for check in found]})
    else:
        marks = {"ok": "✓", "warn": "!", "fail": "✗"}
        show_table(["", "tier", "wall", "found", "mend"], [[marks[c.state], c.tier, c.name, c.found, c.mend] for c in found])
    if any(check.state == "fail" for check in found):
        raise typer.Exit(1)
