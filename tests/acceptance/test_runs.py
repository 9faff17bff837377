"""Runs as people steer them: paused, gone on with, tried again; answers that were cut off on their way."""

import time

import pytest

from integrations.desk import Desk
from tests.acceptance.conftest import make_small
from tests.commands import Command, environment


def approvals(stoa, status="pending"):
    return {item["thesis"]: item for item in stoa.json("approvals", "list", "--all")["approvals"] if item["status"] == status}


def heads(stoa):
    return {item["slug"]: item["revision"] for item in stoa.json("thesis", "list")["theses"]}


def row(stoa, run_id="first"):
    return next(item for item in stoa.json("runs", "list")["runs"] if item["run_id"] == run_id)


def test_an_answer_that_was_cut_off_before_its_run_heard_it_lands_when_it_is_repeated(copy):
    thesis, item = next(iter(approvals(copy).items()))
    before = heads(copy)[thesis]
    with Desk(copy.desk) as desk:
        desk.journal.decide(item["id"], "approved", "Ann", "")  # what the killed command had written
    assert heads(copy)[thesis] == before
    assert "approved by Ann already" in copy.run("approvals", "reject", item["id"], code=1).stderr
    assert heads(copy)[thesis] == before + 1  # also the other answer let the run hear the first one
    assert "approved by Ann already" in copy.run("approvals", "approve", item["id"], code=1).stderr
    assert heads(copy)[thesis] == before + 1


def test_the_same_answer_again_is_done_and_not_refused_while_the_run_has_not_heard_it(copy):
    thesis, item = next(iter(approvals(copy).items()))
    before = heads(copy)[thesis]
    with Desk(copy.desk) as desk:
        desk.journal.decide(item["id"], "approved", "Ann", "")
    copy.run("approvals", "approve", item["id"], "--by", "Ann")
    assert heads(copy)[thesis] == before + 1


def test_what_was_approved_and_then_overtaken_is_kept_as_stale(copy):
    item = approvals(copy)["silver-squeeze"]
    with Desk(copy.desk) as desk:
        desk.journal.decide(item["id"], "approved", "Ann", "")
    copy.run("thesis", "edit", "silver-squeeze", "--set", "conviction=0.5", "--why", "new facts", "--by", "A person")
    head = heads(copy)["silver-squeeze"]
    assert "kept as stale" in copy.run("approvals", "approve", item["id"], "--by", "Ann", code=1).stderr
    assert approvals(copy, "stale")["silver-squeeze"]["decided_by"] == "Ann"
    assert heads(copy)["silver-squeeze"] == head


def test_a_paused_run_keeps_the_answers_it_gets_and_takes_them_in_when_it_goes_on(copy):
    paused = copy.json("runs", "pause", "first", "--by", "Ann")
    assert (paused["status"], "paused by Ann" in paused["reason"]) == ("paused", True)
    thesis, item = next(iter(approvals(copy).items()))
    before = heads(copy)[thesis]
    copy.run("approvals", "approve", item["id"])
    assert (row(copy)["status"], row(copy)["due"], heads(copy)[thesis]) == ("paused", True, before)
    assert copy.json("runs", "resume", "first")["status"] == "waiting"
    assert heads(copy)[thesis] == before + 1
    assert "only a failed run is tried again" in copy.run("runs", "retry", "first", code=1).stderr


@pytest.fixture
def worker(tmp_path, postgres_url):
    """A small desk on PostgreSQL, and a worker that serves it."""
    settings = {"STOA_DATABASE__URL": postgres_url}
    stoa = make_small(tmp_path / "desk", ("silver-squeeze", "metals-over-oil"), ("silver", "oil"), settings)
    process = Command("serve", "--worker", "--desk", stoa.desk, env=environment(settings))
    yield stoa, process
    process.kill()


def settle(stoa, status, seconds=60):
    last = time.monotonic() + seconds
    while (found := row(stoa, "night"))["status"] != status:
        assert time.monotonic() < last, found
        time.sleep(0.2)


def test_a_worker_runs_what_was_queued_hears_the_answers_and_stops_when_it_is_asked_to(worker):
    stoa, process = worker
    queued = stoa.json("run", "--run-id", "night", "--later")
    assert queued["status"] == "queued"
    settle(stoa, "waiting")
    asked = approvals(stoa)
    for item in asked.values():
        stoa.run("approvals", "approve", item["id"], "--by", "Ann")
    settle(stoa, "done")
    assert set(approvals(stoa, "approved")) == set(asked)
    stoa.run("verify")
    process.terminate()
    assert process.wait(timeout=30) == 0
