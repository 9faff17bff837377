"""Verification, approvals, kills: what the desk promises about its record."""

import json
import random
import sqlite3
import subprocess
import time

import pytest

from tests import commands
from tests.acceptance.conftest import make_small
from tests.commands import Command

SMALL = ("silver-squeeze", "silver-calendar", "metals-over-oil", "token-demand", "us-exceptionalism")
NOTES = ("silver", "oil", "compute", "exceptionalism")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The outcome of a run that nobody kills, and its seconds."""
    stoa = make_small(tmp_path_factory.mktemp("calm") / "desk", SMALL, NOTES)
    began = time.monotonic()
    stoa.run("run", "--run-id", "night", "--json")
    return outcome(stoa), time.monotonic() - began


def outcome(stoa):
    """What a run left behind, without the ids and times that differ from run to run."""
    connection = sqlite3.connect(stoa.desk / ".stoa" / "desk.db")
    try:
        revisions = []
        for thesis, n, body in connection.execute("SELECT thesis, n, body FROM revisions ORDER BY thesis, n"):
            raw = json.loads(body)
            quotes = sorted(item["quote"] for item in raw["evidence"])
            revisions.append((thesis, n, json.dumps(raw["patch"], sort_keys=True), raw["rationale"], quotes))
        records = connection.execute(
            "SELECT kind, title, body, idempotency_key IS NOT NULL FROM records ORDER BY kind, title, body"
        ).fetchall()
        posts = [row[0] for row in connection.execute("SELECT body FROM records WHERE kind = 'message' ORDER BY seq")]
        approvals = connection.execute("SELECT thesis, question, status FROM approvals ORDER BY thesis, question").fetchall()
        effects = connection.execute("SELECT key, done_at IS NOT NULL FROM effects ORDER BY key").fetchall()
        return {"revisions": revisions, "records": records, "posts": posts, "approvals": approvals, "effects": effects}
    finally:
        connection.close()


@pytest.mark.parametrize("seed", range(5))
def test_killed_four_times_at_random_instants_a_run_ends_as_if_undisturbed(undisturbed, tmp_path, seed):
    stoa = make_small(tmp_path / "desk", SMALL, NOTES)
    draw = random.Random(seed)
    for _ in range(4):
        process = Command("run", "--run-id", "night", "--json", "--desk", stoa.desk)
        try:
            process.wait(timeout=draw.uniform(0.05, 0.8) * undisturbed[1])
        except subprocess.TimeoutExpired:
            process.kill()
    assert stoa.json("run", "--run-id", "night")["status"] == "waiting"
    assert outcome(stoa) == undisturbed[0]
    stoa.run("verify")
    assert all(row["state"] != "fail" for row in stoa.json("doctor")["checks"])


def test_resume_goes_on_with_a_run_that_was_cut_off(undisturbed, tmp_path):
    stoa = make_small(tmp_path / "desk", SMALL, NOTES)
    with pytest.raises(subprocess.TimeoutExpired):
        commands.run("run", "--run-id", "night", "--desk", stoa.desk, timeout=0.5 * undisturbed[1])
    runs = stoa.json("runs", "list")["runs"]
    if runs:
        stoa.run("runs", "resume", "night")
    else:
        stoa.run("run", "--run-id", "night")
    assert outcome(stoa) == undisturbed[0]


def test_a_cancelled_run_withdraws_its_questions(copy):
    copy.run("runs", "cancel", "first")
    assert copy.json("approvals", "list")["approvals"] == []
    assert "cancelled" in copy.run("runs", "resume", "first", code=1).stderr
