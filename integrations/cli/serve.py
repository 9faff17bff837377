"""The desk as a process that goes on: in Slack, and where the other parts bring it."""

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
    worker: Annotated[
        bool, typer.Option("--worker", help="Advance runs that ask for it, on any number of machines with PostgreSQL.")
    ] = False,
    alone: Annotated[bool, typer.Option("--alone", hidden=True, help="A worker without a guardian that starts it again.")] = False,
    desk: DeskOption = HERE,
) -> None:
    """Serve the desk until it is stopped: in Slack, or as a worker."""
    from memory.errors import InputError

    if slack == worker:
        raise InputError("name one thing to serve, e.g. stoa serve --slack, or stoa serve --worker")
    with open_desk(desk) as opened:
        if slack:
            _slack(opened)
        else:
            from integrations.cli import worker as workers

            workers.serve(opened, desk, alone=alone)


def _slack(desk: "Desk") -> None:
    import asyncio

    from integrations.settings import slack_tokens
    from integrations.slack.app import SlackDesk

    asyncio.run(_until_stopped(SlackDesk(desk, slack_tokens())))


async def _until_stopped(app: "SlackDesk") -> None:
    import asyncio
    import signal

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    out = console(stderr=True)
    await app.run(stop, lambda: out.print(f"The desk is in Slack ({app.where}). Stop it with Ctrl-C; nothing is lost."))
