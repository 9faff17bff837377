"""Verification, approvals, kills: what the desk promises about its record."""

import json
import os
import random
import signal
import sqlite3
import subprocess

import pytest

from tests.acceptance.conftest import COMMAND, environment, make_small

SMALL = ("silver-squeeze", "silver-calendar", "metals-over-oil", "token-demand", "us-exceptionalism")
NOTES = ("silver", "oil", "compute", "exceptionalism")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    stoa = make_small(tmp_path_factory.mktemp("calm") / "desk", SMALL, NOTES)
    stoa.run("run", "--run-id", "night", "--json")
    return outcome(stoa)


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
        process = subprocess.Popen(
            [*COMMAND, "run", "--run-id", "night", "--json", "--desk", str(stoa.desk)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(), start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(timeout=draw.uniform(0.8, 5.0))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=5)
    assert stoa.json("run", "--run-id", "night")["status"] == "waiting"
    assert outcome(stoa) == undisturbed
    stoa.run("verify")
    assert all(row["state"] != "fail" for row in stoa.json("doctor")["checks"])


def test_resume_goes_on_with_a_run_that_was_cut_off(undisturbed, tmp_path):
    stoa = make_small(tmp_path / "desk", SMALL, NOTES)
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [*COMMAND, "run", "--run-id", "night", "--desk", str(stoa.desk)],
            capture_output=True,
            env=environment(),
            timeout=3.5,
            check=False,
        )
    runs = stoa.json("runs", "list")["runs"]
    if runs:
        stoa.run("runs", "resume", "night")
    else:
        stoa.run("run", "--run-id", "night")
    assert outcome(stoa) == undisturbed


@pytest.mark.parametrize("column", ["body", "state", "hash", "parent", "rationale"])
def test_verify_finds_one_changed_byte(copy, column):
    copy.run("verify")
    connection = sqlite3.connect(copy.desk / ".stoa" / "desk.db")
    connection.execute("DROP TRIGGER revisions_no_update")
    name = "body" if column == "rationale" else column
    value = connection.execute(f"SELECT {name} FROM revisions WHERE thesis = 'tin' AND n = 2").fetchone()[0]
    place = value.index("rationale") + 14 if column == "rationale" else next(i for i, c in enumerate(value) if c.isdigit())
    forged = value[:place] + ("7" if value[place] != "7" else "8") + value[place + 1 :]
    connection.execute(f"UPDATE revisions SET {name} = ? WHERE thesis = 'tin' AND n = 2", (forged,))
    connection.commit()
    connection.close()
    done = copy.run("verify", code=1)
    assert done.stderr.startswith("stoa: tin revision 2")
    assert done.stderr.count("\n") == 1


def test_an_approval_lands_once_with_its_name_and_the_run_goes_on(copy):
    waiting = copy.json("approvals", "list")["approvals"]
    first = next(item for item in waiting if item["thesis"] == "metals-over-oil")
    decided = copy.json("approvals", "approve", first["id"], "--by", "Head of desk")
    assert (decided["status"], decided["thesis_status"]) == ("approved", "active")
    last = copy.json("thesis", "history", "metals-over-oil")["revisions"][-1]
    assert (last["approval"]["by"], last["approval"]["mode"], last["approval"]["approval_id"]) == ("Head of desk", "person", first["id"])
    again = copy.run("approvals", "approve", first["id"], code=1)
    assert "approved by Head of desk already" in again.stderr
    for item in waiting:
        if item["id"] != first["id"]:
            copy.run("approvals", "reject", item["id"], "--why", "not yet")
    assert copy.json("runs", "show", "first")["status"] == "done"
    assert copy.json("thesis", "show", "silver-squeeze")["revision"] == 1
    copy.run("verify")
    following = copy.json("run", "--thesis", "silver-squeeze")
    assert (following["pending"], following["revisions"]) == ([], [])


def test_a_stale_approval_is_refused_and_changes_nothing(copy):
    item = next(row for row in copy.json("approvals", "list")["approvals"] if row["thesis"] == "silver-squeeze")
    copy.run("thesis", "edit", "silver-squeeze", "--set", "conviction=0.5", "--why", "new facts", "--by", "A person")
    done = copy.run("approvals", "approve", item["id"], code=1)
    assert "revision 2 since this was asked" in done.stderr
    assert copy.json("thesis", "show", "silver-squeeze")["conviction"] == 0.5


def test_a_cancelled_run_withdraws_its_questions(copy):
    copy.run("runs", "cancel", "first")
    assert copy.json("approvals", "list")["approvals"] == []
    assert "cancelled" in copy.run("runs", "resume", "first", code=1).stderr
