"""Serving the board."""

from typing import Annotated

import typer

from integrations.cli.common import HERE, DeskOption, open_desk


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    board: Annotated[bool, typer.Option("--board", help="The pages; docs/board.md says how to sign in.")] = False,
    host: Annotated[str, typer.Option(help="The address to serve on; others than loopback need a token or a proxy.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 8765,
    desk: DeskOption = HERE,
) -> None:
    """Serve the desk until it is stopped."""
    from memory.errors import InputError

    if not board:
        raise InputError("there is nothing to serve: say where, e.g. stoa serve --board")
    try:
        import starlette  # noqa: F401 - whether the extra is there
    except ImportError as error:
        raise InputError("the board needs the extra 'board': install stoa-desk[board]") from error
    from integrations.board.serve import serve_board

    with open_desk(desk) as opened:
        serve_board(opened, host, port)
