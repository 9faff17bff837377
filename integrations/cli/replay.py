"""The desk run again over a period."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from integrations.cli.common import HERE, DeskOption, JsonOption, console, emit, open_desk


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay")(replay)


def replay(
    first: Annotated[str, typer.Option("--from", help="The first day, e.g. 2026-01-01.")],
    last: Annotated[str, typer.Option("--to", help="The last day.")],
    every: Annotated[Literal["day", "week", "month"], typer.Option(help="How often the desk runs.")] = "week",
    people: Annotated[
        Literal["agree", "absent"], typer.Option(help="Who answers the desk's questions: people who agree with all, or nobody.")
    ] = "agree",
    with_model: Annotated[bool, typer.Option("--with-model", help="Let the desk's model take the turns: it may know the future.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the report as Markdown to this file.")] = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Run the desk over a period with what was known then: how would conviction, positions and forecasts have gone?"""
    from integrations.replay_period import MODEL_WARNING, Plan, as_markdown, replay_period
    from memory.errors import InputError
    from memory.forecasts import day_of

    err = console(stderr=True)
    with open_desk(desk) as opened:
        if with_model and not opened.settings.model.name:
            raise InputError("this desk has no model: leave --with-model out, or set model.name in stoa.toml")
        if with_model:
            err.print(MODEL_WARNING, style="yellow", markup=False)
        plan = Plan(day_of(first), day_of(last), every, people, with_model)
        document = replay_period(opened, plan, lambda day: err.print(f"[dim]{day}[/dim]") if err.is_terminal else None)
    if out:
        out.write_text(as_markdown(document), encoding="utf-8")
    if as_json:
        emit(document)
    elif out:
        console().print(f"The replay is in {out}.", markup=False)
    else:
        console().print(as_markdown(document), markup=False, soft_wrap=True)
