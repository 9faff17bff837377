"""The desk as a process that goes on: in Slack, in a browser, or as a worker."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from integrations.cli.common import HERE, DeskOption, console, open_desk

if TYPE_CHECKING:
    from integrations.desk import Desk
    from integrations.slack.app import SlackDesk


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    slack: Annotated[bool, typer.Option("--slack", help="Work in Slack; docs/slack.md sets it up.")] = False,
    board: Annotated[bool, typer.Option("--board", help="The pages in a browser; docs/board.md says how to sign in.")] = False,
    worker: Annotated[
        bool, typer.Option("--worker", help="Advance runs that ask for it, on any number of machines with PostgreSQL.")
    ] = False,
    host: Annotated[str, typer.Option(help="The board's address; others than loopback need a token or a proxy.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The board's port; 0 picks a free one.")] = 8765,
    alone: Annotated[bool, typer.Option("--alone", hidden=True, help="A worker without a guardian that starts it again.")] = False,
    desk: DeskOption = HERE,
) -> None:
    """Serve the desk until it is stopped: in Slack, in a browser, or as a worker."""
    from memory.errors import InputError

    if [slack, board, worker].count(True) != 1:
        raise InputError("there is nothing to serve: name one of --slack, --board and --worker; each runs as a process of its own")
    with open_desk(desk) as opened:
        if slack or board:
            from integrations.watching.logs import start_logging

            start_logging(opened.settings.watching.logs)
        if slack:
            _slack(opened)
        elif board:
            _board(opened, host, port)
        else:
            _worker(opened, desk, alone=alone)


def _board(desk: "Desk", host: str, port: int) -> None:
    from memory.errors import InputError

    try:
        import starlette  # noqa: F401 - whether the extra is there
    except ImportError as error:
        raise InputError("the board needs the extra 'board': install stoa-desk[board]") from error
    from integrations.board.serve import serve_board

    desk.warm_up()
    serve_board(desk, host, port)


def _worker(desk: "Desk", folder: Path, *, alone: bool) -> None:
    from integrations.cli import worker

    worker.serve(desk, folder, alone=alone)


def _slack(desk: "Desk") -> None:
    import asyncio

    from integrations.settings import slack_tokens
    from integrations.slack.app import SlackDesk
    from integrations.watching.serve import watched

    app = SlackDesk(desk, slack_tokens())
    desk.warm_up()
    with watched(desk):
        asyncio.run(_until_stopped(app))


async def _until_stopped(app: "SlackDesk") -> None:
    import asyncio
    import signal

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    out = console(stderr=True)
    await app.run(stop, lambda: out.print(f"The desk is in Slack ({app.where}). Stop it with Ctrl-C; nothing is lost."))
