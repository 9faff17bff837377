"""The database of a serving desk goes away in the middle of a run and comes back.

``STOA_OUTAGE=60`` in the environment makes it as long as the promise says; the suite waits a second.
"""

import os
import signal
import time

import pytest

from memory.clock import system_clock
from memory.database import Database
from memory.errors import BusyError
from memory.journal import Journal
from tests.acceptance.conftest import make_small
from tests.acceptance.test_kills import NOTES, THESES, outcome
from tests.commands import Command, environment
from tests.fakes.postgres import postgres

OUTAGE = float(os.environ.get("STOA_OUTAGE", "1"))


@pytest.fixture
def server():
    with postgres() as own:
        yield own


def desk_on(server, folder):
    url = server.new_url()
    return make_small(folder, THESES, NOTES, {"STOA_DATABASE__URL": url, "STOA_RUNS__LEASE": "PT3S"}), url


def until(condition, seconds):
    last = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except BusyError:
            pass  # the database is on its way
        assert time.monotonic() < last
        time.sleep(0.1)


def test_a_run_in_whose_middle_the_database_goes_away_ends_as_if_it_had_not(server, tmp_path):
    calm, url = desk_on(server, tmp_path / "calm")
    calm.run("run", "--run-id", "night", "--json")
    wanted, _ = outcome(url)
    stoa, url = desk_on(server, tmp_path / "desk")
    stoa.run("run", "--run-id", "night", "--later", "--json")
    database = Database(url)
    journal = Journal(database, system_clock)
    worker = Command("serve", "--worker", "--desk", stoa.desk, env=environment(stoa.settings))
    try:
        until(lambda: journal.run("night").steps >= 3, 60)
        server.stop(signal.SIGQUIT)
        time.sleep(OUTAGE)
        server.start()
        until(lambda: journal.run("night").status == "waiting", 120)
    finally:
        worker.terminate()
        worker.communicate(timeout=30)
        database.close()
    found, _ = outcome(url)
    for part, value in wanted.items():
        assert found[part] == value, part
    stoa.run("verify")
    assert all(row["state"] != "fail" for row in stoa.json("doctor")["checks"])
