"""kill -9 at random instants of a run of five agents and of the answers to its questions, on both databases; and a database that goes away.

``STOA_KILLS=50`` and ``STOA_OUTAGE=60`` in the environment make it as many, and as long, as the promise says; the suite makes a few, and waits
a second.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import text

from memory.clock import system_clock
from memory.database import Database
from memory.journal import Journal
from tests.acceptance.conftest import make_small
from tests.commands import Command, environment
from tests.fakes.postgres import postgres, until

KILLS = int(os.environ.get("STOA_KILLS", "6"))
OUTAGE = float(os.environ.get("STOA_OUTAGE", "1"))
A_DESK = 12
"""Kills a desk: past it, it is let through and the next one takes the rest."""

THESES = ("silver-squeeze", "silver-calendar", "metals-over-oil", "token-demand", "us-exceptionalism")
NOTES = ("silver", "oil", "compute", "exceptionalism")


def outcome(where):
    """What the run and its answers left behind, without the ids and times that differ from run to run."""
    database = Database(where)
    try:
        with database.reading() as connection:

            def rows(query):
                return [tuple(row) for row in connection.execute(text(query))]

            revisions = []
            for thesis, n, body in rows("SELECT thesis, n, body FROM revisions ORDER BY thesis, n"):
                raw = json.loads(body)
                who = raw["approval"]["by"] if raw["approval"] else ""
                quotes = sorted(item["quote"] for item in raw["evidence"])
                revisions.append((thesis, n, json.dumps(raw["patch"], sort_keys=True), raw["rationale"], quotes, who))
            return {
                "revisions": revisions,
                "records": rows("SELECT kind, title, body FROM records ORDER BY kind, title, body"),
                "posts": rows("SELECT body FROM records WHERE kind = 'message' ORDER BY seq"),
                "approvals": rows("SELECT thesis, question, status, decided_by FROM approvals ORDER BY thesis, question"),
                "effects": rows("SELECT key, done_at IS NOT NULL FROM effects ORDER BY key"),
                "receipts": rows("SELECT key FROM receipts ORDER BY key"),
                "runs": rows("SELECT run_id, status FROM runs"),
            }, rows("SELECT steps FROM runs")[0][0]
    finally:
        database.close()


def waiting(where):
    database = Database(where)
    try:
        with database.reading() as connection:
            found = connection.execute(text("SELECT id, thesis FROM approvals WHERE status = 'pending' ORDER BY thesis"))
            return [(approval, "approve" if number % 2 == 0 else "reject") for number, (approval, _) in enumerate(found)]
    finally:
        database.close()


class Desk:
    """A desk with its clock of kills."""

    def __init__(self, folder, settings, where, draw, kills):
        self.stoa = make_small(folder, THESES, NOTES, settings)
        self.where = where or self.stoa.desk / ".stoa" / "desk.db"
        self.draw = draw
        self.left = kills
        self.kills = 0

    def insist(self, whole, *words):
        """Start a command again and again until it is through; each time it is killed at an instant of its life."""
        while True:
            process = Command(*words, "--desk", self.stoa.desk, env=environment(self.stoa.settings))
            try:
                _, said = process.communicate(timeout=self.draw.uniform(0.15, 0.75) * whole if self.left else 120)
            except subprocess.TimeoutExpired:
                process.kill()
                self.kills, self.left = self.kills + 1, self.left - 1
                continue
            # Killed after its work and before its word, a command says the second time that it is done.
            assert process.returncode == 0 or "already" in said, said
            return

    def through(self, run_seconds, answer_seconds):
        self.insist(run_seconds, "run", "--run-id", "night", "--json")
        for approval, decision in waiting(self.where):
            self.insist(answer_seconds, "approvals", decision, approval, "--by", "Ann", "--json")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The outcome without a kill, and how long a run and an answer take on this machine."""
    stoa = make_small(tmp_path_factory.mktemp("calm") / "desk", THESES, NOTES)
    where, began = stoa.desk / ".stoa" / "desk.db", time.monotonic()
    stoa.run("run", "--run-id", "night", "--json")
    run_seconds, answers = time.monotonic() - began, waiting(where)
    assert len(answers) >= 2
    began = time.monotonic()
    for approval, decision in answers:
        stoa.run("approvals", decision, approval, "--by", "Ann", "--json")
    return outcome(where), run_seconds, (time.monotonic() - began) / len(answers)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whatever_is_killed_nothing_is_lost_or_doubled_and_no_answer_goes_to_another_question(
    undisturbed, tmp_path, request, postgres_server, postgres_template, kind
):
    (calm, calm_steps), run_seconds, answer_seconds = undisturbed
    draw, left, desk_number, repeated = random.Random(KILLS), KILLS, 0, 0
    while left > 0:
        url = postgres_server.new_url(postgres_template) if kind == "postgresql" else ""
        settings = {"STOA_DATABASE__URL": url} if url else {}
        desk = Desk(tmp_path / str(desk_number), settings, url, draw, min(left, A_DESK))
        desk.through(run_seconds, answer_seconds)
        left, desk_number = left - max(desk.kills, 1), desk_number + 1
        found, steps = outcome(desk.where)
        for part, wanted in calm.items():
            assert found[part] == wanted, part
        repeated += steps - calm_steps
        assert steps - calm_steps <= desk.kills
        desk.stoa.run("verify")
        assert all(row["state"] != "fail" for row in desk.stoa.json("doctor")["checks"])
        if url:
            postgres_server.drop(url)
    sys.stdout.write(f"{kind}: {KILLS - left} kills on {desk_number} desks, {repeated} steps taken again\n")


@pytest.fixture
def server():
    """A server of the test's own, to be stopped and started."""
    with postgres() as own:
        yield own


def test_a_run_in_whose_middle_the_database_goes_away_ends_as_if_it_had_not(undisturbed, server, tmp_path):
    url = server.new_url()
    stoa = make_small(tmp_path / "desk", THESES, NOTES, {"STOA_DATABASE__URL": url, "STOA_RUNS__LEASE": "PT3S"})
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
        for approval, decision in waiting(url):
            stoa.run("approvals", decision, approval, "--by", "Ann", "--json")
        until(lambda: journal.run("night").status == "done", 60)
    finally:
        worker.terminate()
        _, said = worker.communicate(timeout=30)
        database.close()
    assert "Traceback" not in said
    found, _ = outcome(url)
    for part, wanted in undisturbed[0][0].items():
        assert found[part] == wanted, part
    stoa.run("verify")
    assert all(row["state"] != "fail" for row in stoa.json("doctor")["checks"])
