"""What every test gets: a clock that can be turned, a database, a store; no network outside loopback, no keys."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memory.book import Book
from memory.database import Database
from memory.store import Store


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only loopback and local sockets: a test that needs the network is a wrong test."""
    from pytest_socket import socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and settings of whoever runs the tests do not reach them."""
    import os

    for name in os.environ:
        if name.startswith(("STOA_", "ANTHROPIC_", "SLACK_")):
            monkeypatch.delenv(name)


class TurnableClock:
    """Time that moves only when a test says so, a microsecond a look."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "desk.db")
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database, clock: TurnableClock) -> Store:
    return Store(database, clock)


@pytest.fixture
def book(database: Database, clock: TurnableClock) -> Book:
    return Book(database, clock)
