"""The example desk, small, with its book and one note; and its server on loopback."""

import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from integrations.desk import Desk
from memory.access import Tokens
from memory.records import Draft, Kind, Trust
from tests.acceptance.conftest import make_small


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A desk folder whose book is read in; tests take a copy."""
    folder = tmp_path_factory.mktemp("mcp") / "desk"
    make_small(folder, ["copper", "silver-squeeze"], ["copper"])
    with Desk(folder) as desk:
        desk.market.refresh(desk.clock())
        desk.library.import_theses(sorted((folder / "theses").glob("*.yaml")))
        desk.store.remember(
            Draft(
                kind=Kind.CHUNK, body="Lease rates for silver in London rose to 7.2 per cent.", source_uri="sources/notes/lease.md",
                locator="line 1", trust=Trust.OUTSIDE, known_from=datetime(2026, 3, 1, tzinfo=UTC),
            )
        )  # fmt: skip
        desk.drain_index()
    return folder


@pytest.fixture
def folder(made, tmp_path):
    import shutil

    return shutil.copytree(made, tmp_path / "desk")


@pytest.fixture
def desk(folder):
    said = []
    with Desk(folder, warn=said.append) as opened:
        yield opened
    assert said == []


@contextmanager
def serving(app):
    """The application on a free loopback port; yields the port."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 5
    while not server.started and time.monotonic() < deadline:
        thread.join(timeout=0.01)
    assert server.started
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(timeout=5)
        assert not thread.is_alive()


@pytest.fixture
def tokens(desk):
    return Tokens(desk.database, desk.clock)
