"""A socket that waits for connections, or one sentence why there is none."""

import socket

from memory.errors import InputError


def listen(host: str, port: int, mend: str) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        InputError: the address is taken or not this machine's; ``mend`` says what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise InputError(f"{host}:{port} cannot be served on ({error.strerror}): {mend}") from error
    return made
