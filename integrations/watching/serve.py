"""Serving ``/healthz`` and ``/metrics`` beside what a process does."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from memory.errors import InputError

if TYPE_CHECKING:
    from integrations.desk import Desk

STOP_SECONDS = 5.0


@contextmanager
def watched(desk: "Desk") -> Iterator[str]:
    """Serve by the settings while the block runs; yields the address, empty where no port is set.

    Raises:
        InputError: the extra is missing, or the port is taken.
    """
    settings = desk.settings.watching
    if settings.port is None:
        yield ""
        return
    try:
        import uvicorn

        from integrations.watching.app import watching_app

        app = watching_app(desk)
    except ImportError as error:
        raise InputError("watching.port needs the extra 'board': install stoa-desk[board], or take the port out of stoa.toml") from error
    from integrations.listening import listen

    bound = listen(settings.host, settings.port, "set another watching.port, or STOA_WATCHING__PORT for one of several processes")
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    where = f"http://{shown}:{bound.getsockname()[1]}"
    config = uvicorn.Config(
        app, loop="asyncio", lifespan="off", log_config=None, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="watching", daemon=True)
    with bound:
        thread.start()
        print(f"Health and metrics are at {where}.", file=sys.stderr)  # noqa: T201 - the command line speaks here
        try:
            yield where
        finally:
            server.should_exit = True
            thread.join(STOP_SECONDS)
