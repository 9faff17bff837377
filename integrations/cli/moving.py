"""Commands on where the desk is."""

from typing import Annotated

import typer

from integrations.cli.common import HERE, DeskOption, JsonOption, console, emit, open_desk

app = typer.Typer(no_args_is_help=True)


@app.callback()
def desk_commands() -> None:
    """Where the desk keeps what it knows."""


@app.command()
def move(
    to: Annotated[str, typer.Option(help="postgresql://user@host/name, an empty database; or sqlite, back into the folder.")],
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Move the desk to another database: every record, hash and id, and the runs that wait."""
    from rich.progress import Progress

    from integrations.moving import HOME, move_desk

    err = console(stderr=True)
    with open_desk(desk) as opened, Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("moving", total=None)
        report = move_desk(opened, to, lambda name, count: bar.update(task, description=f"{name} {count}"))
    if as_json:
        emit(report._asdict())
        return
    out = console()
    out.print(f"{sum(report.rows.values())} rows and the state of {report.checkpoints} runs moved; every hash holds. Head {report.head}")
    if to == HOME:
        out.print("Now take database.url out of stoa.toml and STOA_DATABASE__URL out of the environment.")
    else:
        out.print("Now set STOA_DATABASE__URL to it in the environment (or database.url in stoa.toml, without a password).", markup=False)
