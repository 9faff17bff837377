"""Commands on changes that wait for a person."""

from pathlib import Path
from typing import Annotated

import typer

from integrations.cli.common import HERE, DeskOption, JsonOption, console, emit, open_desk

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_approvals(
    everything: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What waits, with what it would change and why."""
    from integrations.cli.permissions import request_view, show_requests
    from integrations.run_view import pending

    with open_desk(desk) as opened:
        rows = [pending(item) for item in opened.journal.approvals(status="" if everything else "pending")]
        asked = opened.permission_requests.requests("" if everything else "pending")
    if as_json:
        emit({"approvals": rows, "permissions": [request_view(item) for item in asked]})
        return
    out = console()
    for row in rows:
        out.print(f"[bold]{row['thesis']}[/bold] [dim]{row['id']} {row['status']}, until {row['expires_at'][:10]}[/dim]")
        out.print(f"   {row['question']}. Would set {', '.join(f'{k} = {v}' for k, v in row['patch'].items())}", markup=False)
        out.print(f"   {row['rationale']}", markup=False)
    show_requests(asked)
    if asked:
        out.print("Tool calls are answered with stoa permissions approve ID or reject ID.")
    if not rows and not asked:
        out.print("Nothing waits.")


def _decide(approval: str, approve: bool, by: str, why: str, desk_folder: Path, as_json: bool) -> None:

    from integrations.run_view import pending
    from integrations.terminal import SilentChannel
    from orchestrator import runs

    with open_desk(desk_folder) as opened:
        decided = runs.decide(opened.context(SilentChannel()), opened.checkpoints, approval, approve=approve, by=by, reason=why)
        heads = [entry for entry in opened.book.theses() if entry.thesis.slug == decided.proposal.thesis]
    if not heads:  # a new thesis that was refused
        emit(pending(decided)) if as_json else console().print(f"{decided.proposal.thesis}: {decided.status} by {decided.decided_by}.")
        return
    head = heads[0]
    if as_json:
        emit(
            {
                **pending(decided),
                "revision": head.revision.n,
                "conviction": head.thesis.conviction,
                "thesis_status": head.thesis.status.value,
            }
        )
    else:
        console().print(
            f"{decided.proposal.thesis}: {decided.status} by {decided.decided_by}. It stands at revision {head.revision.n}, "
            f"conviction {head.thesis.conviction:.2f}, {head.thesis.status.value}."
        )


@app.command()
def approve(
    approval: str,
    by: Annotated[str, typer.Option(help="Your name.")] = "person",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Let a change into the book."""
    _decide(approval, True, by, "", desk, as_json)


@app.command()
def reject(
    approval: str,
    by: Annotated[str, typer.Option(help="Your name.")] = "person",
    why: Annotated[str, typer.Option(help="The reason, which is kept.")] = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Refuse a change; the same one is not asked again."""
    _decide(approval, False, by, why, desk, as_json)
