"""Serving the board until it is stopped."""

import ipaddress
import secrets
import sys
from typing import TYPE_CHECKING

from integrations.listening import listen
from integrations.settings import board_token
from memory.errors import InputError

if TYPE_CHECKING:
    from integrations.desk import Desk


def serve_board(desk: "Desk", host: str = "127.0.0.1", port: int = 8765) -> None:
    """Serve the board of an open desk at ``host`` and ``port`` (0 picks a free one).

    Raises:
        InputError: the address is open to others and nobody set a token or a proxy, or it is taken.
    """
    import uvicorn

    from integrations.board.app import make_app

    given = board_token()
    loopback = is_loopback(host)
    if not loopback and given is None and not desk.settings.board.proxy_header:
        raise InputError(f"{host} can be reached by others: set STOA_BOARD_TOKEN or board.proxy_header first, or serve on 127.0.0.1")
    token = given.get_secret_value() if given else secrets.token_urlsafe(24)
    bound = listen(host, port, "name another with --port")
    where = f"http://{'localhost' if loopback else host}:{bound.getsockname()[1]}"
    print(f"The board is at {where}. Stop it with Ctrl-C.", file=sys.stderr)  # noqa: T201 - the command line speaks here
    if given is None and not desk.settings.board.proxy_header:
        print(f"Token for this time: {token}", file=sys.stderr)  # noqa: T201 - shown once, where the board was started
    config = uvicorn.Config(
        make_app(desk, token, () if loopback else (host,)), log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=2, proxy_headers=False,
    )  # fmt: skip
    with bound:
        uvicorn.Server(config).run(sockets=[bound])


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
