"""Ask the desk."""

from typing import Annotated

import typer

from integrations.cli.common import HERE, AsOfOption, DeskOption, JsonOption, console, emit, moment, open_desk


def register(parent: typer.Typer) -> None:
    """Add the command."""
    parent.command()(ask)


def ask(
    text: Annotated[str, typer.Argument(help="A question; @quant or quant: picks who answers.")],
    role: Annotated[str, typer.Option(help="Who answers.")] = "",
    thread: Annotated[str, typer.Option(help="Go on in this thread.")] = "",
    as_of: AsOfOption = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Ask a question; the answer quotes its sources."""
    from ulid import ULID

    from integrations.terminal import SilentChannel, TerminalChannel
    from memory.errors import InputError
    from orchestrator import conversation

    if not text.strip():
        raise InputError("there is no question: write one in quotes")
    with open_desk(desk) as opened:
        if role and role not in opened.roles:
            raise InputError(f"there is no role {role!r}: there are {', '.join(opened.roles)}")
        name = thread or f"thread-{str(ULID.from_datetime(opened.clock())).lower()}"
        channel = SilentChannel() if as_json else TerminalChannel(console(), opened.roles)
        context = opened.context(channel)
        posts = context.posts(conversation.ask(context, name, text, role, opened.roles, moment(opened, as_of)))
    if as_json:
        emit(
            {
                "thread": name,
                "posts": [{"role": p.role, "text": p.text, "citations": [c.model_dump() for c in p.citations]} for p in posts],
            }
        )
    else:
        console().print(f"[dim]thread {name}[/dim]")
