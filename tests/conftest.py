"""What every test gets: a clock that can be turned, a database, a store; no network outside loopback, no keys."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

from memory.book import Book
from memory.database import Database
from memory.store import Store
from tests.fakes.postgres import Postgres, postgres

pytest_plugins = ["tests.model_desk"]
# How long an example takes, or is made, says how busy the machine is.
settings.register_profile("untimed", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow]))
settings.load_profile("untimed")

LONGEST = ("acceptance", "sandbox_attacks", "integrations/board", "orchestrator")
"""Folders whose files take longest: begun first, so that no worker is left with a long one when the others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; ``--no-loadscope-reorder``, or xdist would begin with those of the most tests."""
    here = Path(__file__).parent
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: min((rank[name] for name in rank if item.path.is_relative_to(here / name)), default=len(rank)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only loopback and local sockets: a test that needs the network is a wrong test."""
    from pytest_socket import socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and settings of whoever runs the tests do not reach them."""
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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres) -> str:
    """A database with every table in it, copied for each test: quicker than to migrate each time."""
    url = postgres_server.new_url()
    Database(url).close()
    return urlsplit(url).path.removeprefix("/")


@pytest.fixture
def postgres_url(postgres_server: Postgres, postgres_template: str) -> Iterator[str]:
    """A PostgreSQL database of the test's own, migrated."""
    url = postgres_server.new_url(postgres_template)
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    where = tmp_path / "desk.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = Database(where)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database, clock: TurnableClock) -> Store:
    return Store(database, clock)


@pytest.fixture
def book(database: Database, clock: TurnableClock) -> Book:
    return Book(database, clock)
