"""Runs: start one, look at them, go on, stop."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integrations.cli.common import (
    HERE,
    AsOfOption,
    DeskOption,
    JsonOption,
    console,
    emit,
    moment,
    open_desk,
    show_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from integrations.desk import Desk
    from orchestrator.context import Context

app = typer.Typer(no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    """Add the command that starts a run."""
    parent.command()(run)


def run(
    thesis: Annotated[list[str] | None, typer.Option(help="Only these theses; may be repeated.")] = None,
    as_of: AsOfOption = "",
    run_id: Annotated[str, typer.Option(help="Name the run; a name that exists goes on with that run.")] = "",
    later: Annotated[bool, typer.Option("--later", help="Only put it into the queue: a worker (stoa serve --worker) runs it.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Research: read what is new, argue, revise the book, write the report."""
    with open_desk(desk) as opened:
        when = moment(opened, as_of)
        if later:
            row = _enqueue(opened, when, thesis or [], run_id)
            if as_json:
                emit(row)
            else:
                console().print(f"{row['run_id']} is {row['status']}: {row['reason']}", markup=False)
        elif as_json:
            emit(_start(opened, when, thesis or [], run_id, quiet=True))
        else:
            run_and_show(opened, when, thesis or [], run_id)


def run_and_show(desk: "Desk", when: "datetime | None" = None, theses: list[str] | None = None, run_id: str = "") -> None:
    """A run for people: the conversation as it happens, then the summary."""
    from integrations.run_summary import show_summary

    show_summary(console(), _start(desk, when or desk.as_of(), theses or [], run_id, quiet=False), desk.folder)


def _enqueue(desk: "Desk", when: "datetime", theses: list[str], run_id: str) -> dict[str, object]:
    from integrations.terminal import SilentChannel
    from orchestrator import runs

    row = runs.enter(desk.context(SilentChannel()), run_id or _new_name(desk), when, theses)
    return {"run_id": row.run_id, "status": row.status, "reason": row.reason}


def _new_name(desk: "Desk") -> str:
    from ulid import ULID

    return f"run-{str(ULID.from_datetime(desk.clock())).lower()}"


def _start(desk: "Desk", when: "datetime", theses: list[str], run_id: str, *, quiet: bool) -> dict[str, object]:
    from integrations.run_view import run_view
    from integrations.terminal import SilentChannel, TerminalChannel
    from orchestrator import runs

    name = run_id or _new_name(desk)
    channel = SilentChannel() if quiet else TerminalChannel(console(), desk.roles)
    try:
        runs.start(desk.context(channel), desk.checkpoints, name, when, theses)
    finally:
        if isinstance(channel, TerminalChannel):
            channel.close()
    return run_view(desk, name)


@app.command("list")
def list_runs(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Every run, newest first, with what it waits for."""
    with open_desk(desk) as opened:
        rows = [
            {"run_id": row.run_id, "kind": row.kind, "status": row.status, "reason": row.reason, "due": row.due, "steps": row.steps,
             "cost_usd": opened.journal.cost(row.run_id), "as_of": row.as_of.date().isoformat()}
            for row in opened.journal.runs()
        ]  # fmt: skip
    if as_json:
        emit({"runs": rows})
    else:
        show_table(["run", "kind", "status", "as of", "steps", "USD", "reason"],
                   [[r["run_id"], r["kind"], r["status"], r["as_of"], r["steps"], f"{r['cost_usd']:.4f}", r["reason"]] for r in rows],
                   right=(4, 5))  # fmt: skip


@app.command()
def show(run_id: str, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """One run: what it changed, and what each model call cost."""
    from integrations.run_summary import show_summary
    from integrations.run_view import cost_of, run_view

    with open_desk(desk) as opened:
        view = run_view(opened, run_id)
        view["receipts"] = opened.journal.receipts(run_id)
        view["cost"] = cost_of(view["receipts"])
        if as_json:
            emit(view)
        else:
            show_summary(console(), view, opened.folder)
            _show_cost(view["cost"])


def _show_cost(cost: dict[str, list[dict[str, Any]]]) -> None:
    for name, rows in cost.items():
        if rows:
            what = name.removeprefix("by_")
            show_table(
                [what, "calls", "input", "from cache", "output", "USD"],
                [[row[what] or "(all)", str(row["calls"]), str(row["input_tokens"] + row["cache_creation_input_tokens"]),
                  str(row["cache_read_input_tokens"]), str(row["output_tokens"]),
                  "unpriced" if row["unpriced"] else f"{row['cost_usd']:.4f}"] for row in rows],
                right=(1, 2, 3, 4, 5),
            )  # fmt: skip


@app.command()
def resume(run_id: str, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Go on with a run that was paused, cut off or failed, from its last finished step."""
    from orchestrator import runs

    _go_on(runs.resume, run_id, desk, as_json)


@app.command()
def retry(run_id: str, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Try the step at which a run failed once more."""
    from orchestrator import runs

    _go_on(runs.retry, run_id, desk, as_json)


def _go_on(how: "Callable[[Context, Path | str, str], object]", run_id: str, desk: Path, as_json: bool) -> None:
    from integrations.run_summary import show_summary
    from integrations.run_view import run_view
    from integrations.terminal import SilentChannel, TerminalChannel

    with open_desk(desk) as opened:
        channel = SilentChannel() if as_json else TerminalChannel(console(), opened.roles)
        try:
            how(opened.context(channel), opened.checkpoints, run_id)
        finally:
            if isinstance(channel, TerminalChannel):
                channel.close()
        view = run_view(opened, run_id)
        if as_json:
            emit(view)
        else:
            show_summary(console(), view, opened.folder)


@app.command()
def replay(run_id: str, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Do a run again from its receipts, with no model, and say whether the same comes out."""
    from integrations.replay import replay as replayed

    with open_desk(desk) as opened:
        found = replayed(opened, run_id)
    if as_json:
        emit(found.model_dump())
    elif found.identical:
        console().print(f"{run_id}: identical, {found.compared} posts, findings, proposals and revisions from {found.calls} model calls.")
    else:
        console().print(f"{run_id} differs: " + "; ".join(found.differences))
    if not found.identical:
        raise typer.Exit(1)


@app.command()
def pause(
    run_id: str,
    by: Annotated[str, typer.Option(help="Your name.")] = "a person",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Stop a run after its present step, until stoa runs resume. Its questions stay open."""
    from integrations.terminal import SilentChannel
    from orchestrator import runs

    with open_desk(desk) as opened:
        row = runs.pause(opened.context(SilentChannel()), run_id, by)
    if as_json:
        emit({"run_id": row.run_id, "status": row.status, "reason": row.reason})
    else:
        console().print(f"{row.run_id} is {row.status}." if row.status == "paused" else f"{row.run_id} pauses after its present step.")


@app.command()
def cancel(run_id: str, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Stop a run for good: what it committed stays, what it asked is withdrawn."""
    from integrations.terminal import SilentChannel
    from orchestrator import runs

    with open_desk(desk) as opened:
        row = runs.cancel(opened.context(SilentChannel()), run_id)
    if as_json:
        emit({"run_id": row.run_id, "status": row.status})
    else:
        console().print(f"{row.run_id} is {row.status}.")
