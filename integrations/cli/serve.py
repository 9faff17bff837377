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
    desk: DeskOption = HERE,
) -> None:
    """Serve the desk until it is stopped."""
    from memory.errors import InputError

    if not slack:
        raise InputError("there is nothing to serve: say where, e.g. stoa serve --slack")
    with open_desk(desk) as opened:
        _slack(opened)


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
