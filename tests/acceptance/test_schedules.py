"""Schedules as a person has them."""

import json
import threading
import time

import pytest

from integrations.cli.worker import ticking
from integrations.desk import Desk
from tests.acceptance.conftest import Stoa, make_small


@pytest.fixture
def folder(tmp_path):
    return make_small(tmp_path / "desk", ("gpu-cloud-credit",), ("gpu",)).desk


def test_a_schedule_is_added_shown_and_removed(folder):
    stoa = Stoa(folder)
    added = json.loads(
        stoa.run("schedule", "add", "weekdays 07:30 Europe/Zurich", "--run", "research", "--missed", "skip", "--json").stdout
    )
    assert (added["name"], added["when"], added["missed"], added["error"]) == ("research", "weekdays 07:30 Europe/Zurich", "skip", "")
    coming = json.loads(stoa.run("schedule", "next", "--json").stdout)["next"]
    assert len(coming) == 10
    assert all(item["local"].endswith("T07:30 Europe/Zurich") for item in coming)
    (row,) = json.loads(stoa.run("schedule", "list", "--json").stdout)["schedules"]
    assert row["next"] == coming[0]["at"]
    stoa.run("schedule", "remove", "research")
    assert json.loads(stoa.run("schedule", "list", "--json").stdout) == {"schedules": []}
    assert "there is no time zone" in stoa.run("schedule", "add", "weekdays 07:30 Zurich", code=2).stderr
    assert "holds no thesis 'nothing'" in stoa.run("schedule", "add", "daily 07:30 UTC", "--thesis", "nothing", code=2).stderr


def test_a_worker_enters_a_run_when_a_file_arrives_and_the_run_knows_its_schedule(folder):
    with (folder / "stoa.toml").open("a", encoding="utf-8") as file:
        file.write('\n[schedules.inbox]\nwhen = "file sources/*.md"\n')
    with Desk(folder) as desk:
        desk.scheduler.tick(desk.clock())
        assert desk.journal.runs() == []
        (folder / "sources" / "new.md").write_text("# News\n", encoding="utf-8")
        before = threading.active_count()
        with ticking(desk, 0.05):
            last = time.monotonic() + 5
            while not desk.journal.runs() and time.monotonic() < last:
                threading.Event().wait(0.05)
        assert threading.active_count() == before
        (row,) = desk.journal.runs()
    assert row.arguments == {"theses": [], "schedule": "inbox"}
    assert (row.status, row.run_id.startswith("inbox-")) == ("queued", True)
    assert desk.as_of().isoformat() == row.as_of.isoformat()


def test_a_schedule_of_stoa_toml_is_not_removed_by_a_command(folder):
    with (folder / "stoa.toml").open("a", encoding="utf-8") as file:
        file.write('\n[schedules.morning]\nwhen = "XNYS 07:30 Europe/Zurich"\ntheses = ["gpu-cloud-credit"]\njitter = 300\n')
    stoa = Stoa(folder)
    (row,) = json.loads(stoa.run("schedule", "list", "--json").stdout)["schedules"]
    assert (row["origin"], row["jitter_seconds"], row["theses"]) == ("stoa.toml", 300, ["gpu-cloud-credit"])
    assert "take [schedules.morning] out of it" in stoa.run("schedule", "remove", "morning", code=1).stderr
