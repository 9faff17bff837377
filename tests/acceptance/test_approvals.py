"""Questions to people: answered once, bound to what was asked, and never lost."""

import random
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing

from tests.acceptance.conftest import Stoa
from tests.commands import Command


def revisions(stoa, thesis):
    return stoa.json("thesis", "history", thesis)["revisions"]


def waiting(stoa):
    return {item["thesis"]: item for item in stoa.json("approvals", "list")["approvals"]}


def heads(stoa):
    with closing(sqlite3.connect(stoa.desk / ".stoa" / "desk.db")) as connection:
        return connection.execute("SELECT thesis, max(n), hash FROM revisions GROUP BY thesis ORDER BY thesis").fetchall()


def test_each_approval_lands_once_and_with_the_last_one_the_run_is_done(copy):
    before, asked = {t: n for t, n, _ in heads(copy)}, waiting(copy)
    for number, item in enumerate(asked.values(), 1):
        copy.run("approvals", "approve", item["id"], "--by", "Head of desk")
        assert copy.json("runs", "show", "first")["status"] == ("done" if number == len(asked) else "waiting")
    after = {t: n for t, n, _ in heads(copy)}
    assert {t: n - before[t] for t, n in after.items() if n != before[t]} == dict.fromkeys(asked, 1)
    for thesis, item in asked.items():
        last = revisions(copy, thesis)[-1]["approval"]
        assert (last["by"], last["mode"], last["approval_id"]) == ("Head of desk", "person", item["id"])
    copy.run("runs", "resume", "first")
    assert {t: n for t, n, _ in heads(copy)} == after


def test_a_second_decision_either_way_is_refused(copy):
    item = waiting(copy)["metals-over-oil"]
    copy.run("approvals", "reject", item["id"], "--by", "Head of desk", "--why", "one print is no trend")
    book = heads(copy)
    for decision in ("approve", "reject"):
        done = copy.run("approvals", decision, item["id"], "--by", "Another", code=1)
        assert "rejected by Head of desk" in done.stderr
        assert done.stderr.count("\n") == 1
    assert heads(copy) == book


def test_what_was_rejected_leaves_the_book_as_it_was_and_is_not_asked_again(copy):
    book, asked = heads(copy), waiting(copy)
    for item in asked.values():
        copy.run("approvals", "reject", item["id"], "--why", "not yet")
    assert heads(copy) == book
    following = copy.json("run", *[word for thesis in asked for word in ("--thesis", thesis)])
    assert (following["status"], following["pending"], following["revisions"]) == ("done", [], [])
    assert heads(copy) == book
    kept = {row["thesis"]: row["status"] for row in copy.json("approvals", "list", "--all")["approvals"]}
    assert kept == dict.fromkeys(asked, "rejected")


def test_a_stale_question_is_refused_in_a_sentence_and_no_longer_holds_its_run(copy):
    asked = waiting(copy)
    stale = asked.pop("silver-squeeze")
    for item in asked.values():
        copy.run("approvals", "reject", item["id"])
    copy.run("thesis", "edit", "silver-squeeze", "--set", "conviction=0.5", "--why", "new facts", "--by", "A person")
    book = heads(copy)
    done = copy.run("approvals", "approve", stale["id"], code=1)
    assert "revision 2 since this was asked" in done.stderr
    assert done.stderr.count("\n") == 1
    assert heads(copy) == book
    assert waiting(copy) == {}
    assert copy.json("runs", "show", "first")["status"] == "done"


def test_an_approval_that_is_killed_on_its_way_is_finished_by_resume_and_lands_once(finished, tmp_path):
    """The decision, the revision and the run's checkpoint are three writes: a kill may come between any two."""
    whole, draw = _seconds_of_an_approval(finished[0].desk, tmp_path), random.Random(11)
    for number in range(6):
        stoa = Stoa(shutil.copytree(finished[0].desk, tmp_path / str(number)))
        approval, _ = _question(stoa)
        _kill_after(stoa, approval, whole * draw.uniform(0.3, 1.0))
        _, status = _question(stoa)
        assert status in {"pending", "approved"}
        if status == "pending":
            stoa.run("approvals", "approve", approval, "--by", "Head of desk")
        else:
            stoa.run("runs", "resume", "first")
        assert _question(stoa) == (approval, "approved")
        landed = [r["approval"]["by"] for r in revisions(stoa, "metals-over-oil") if r["approval"]["approval_id"] == approval]
        assert landed == ["Head of desk"]


def _question(stoa):
    with closing(sqlite3.connect(stoa.desk / ".stoa" / "desk.db")) as connection:
        return connection.execute("SELECT id, status FROM approvals WHERE thesis = 'metals-over-oil'").fetchone()


def _approve(stoa, approval):
    return Command("approvals", "approve", approval, "--by", "Head of desk", "--desk", stoa.desk)


def _seconds_of_an_approval(desk, tmp_path):
    stoa = Stoa(shutil.copytree(desk, tmp_path / "calm"))
    approval = _question(stoa)[0]
    began = time.monotonic()
    assert _approve(stoa, approval).wait(timeout=60) == 0
    return time.monotonic() - began


def _kill_after(stoa, approval, seconds):
    process = _approve(stoa, approval)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
