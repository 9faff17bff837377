"""``/stoa schedule``: for approvers, once, the same rows as on the command line."""

import pytest

from integrations.desk import Desk
from integrations.slack.schedules import answer
from memory.schedules import Schedules
from tests.integrations.slack.conftest import running


@pytest.fixture
def desk(folder):
    toml = folder / "stoa.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + '"silver-*" = ["UBEN"]\n', encoding="utf-8")
    with Desk(folder) as opened:
        yield opened


def names(desk):
    return [row.name for row in Schedules(desk.database).rows()]


def test_an_approver_adds_sees_and_removes_a_schedule_by_command(slack, folder):
    with running(folder, slack) as desk:
        slack.command("UADA", "schedule add “weekdays 07:30 Europe/Zurich” silver-squeeze")
        told = slack.until(lambda: slack.workspace.ephemerals and slack.workspace.ephemerals[0])
        assert told["user"] == "UADA"
        assert told["text"].startswith("research-silver-squeeze is added; first at 20")
        (row,) = Schedules(desk.database).rows()
        assert (row.schedule.when, row.schedule.theses, row.origin) == ("weekdays 07:30 Europe/Zurich", ("silver-squeeze",), "person")
        slack.command("UADA", "schedule list")
        listed = slack.until(lambda: len(slack.workspace.ephemerals) == 2 and slack.workspace.ephemerals[1]["text"])
        assert listed.startswith("research-silver-squeeze · weekdays 07:30 Europe/Zurich · silver-squeeze · next 20")
        slack.command("UADA", "schedule remove research-silver-squeeze")
        slack.until(lambda: len(slack.workspace.ephemerals) == 3)
        assert names(desk) == []


def test_the_same_command_again_adds_nothing(desk):
    text = 'add "daily 07:30 UTC"'
    assert answer(desk, "UADA", text).startswith("research is added")
    assert answer(desk, "UADA", text) == "research does this already."
    assert names(desk) == ["research"]


def test_who_approves_some_theses_schedules_those_and_nobody_else_anything(desk):
    assert "Only approvers" in answer(desk, "UCAT", "list")
    assert "Only the approvers of every thesis" in answer(desk, "UBEN", 'add "daily 07:30 UTC"')
    assert "Only the approvers of slv-butterfly" in answer(desk, "UBEN", 'add "daily 07:30 UTC" silver-squeeze slv-butterfly')
    assert "is added" in answer(desk, "UBEN", 'add "daily 07:30 UTC" silver-squeeze')
    answer(desk, "UADA", 'add "daily 08:30 UTC"')
    assert "Only the approvers of every thesis" in answer(desk, "UBEN", "remove research")
    assert names(desk) == ["research", "research-silver-squeeze"]
    assert answer(desk, "UBEN", "next").count("research-silver-squeeze") == 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("add weekdays 07:30", "weekdays"),
        ('add "daily 07:30 UTC', "A quote is open"),
        ('add "daily 07:30 UTC" no-such', "the book holds no thesis 'no-such'"),
        ("remove nothing", "there is no schedule 'nothing'"),
        ("tomorrow", "Write `/stoa schedule add"),
    ],
)
def test_what_is_not_understood_is_said_with_the_way_to_write_it(desk, text, told):
    found = answer(desk, "UADA", text)
    assert told in found
    assert "/stoa schedule add" in found
    assert names(desk) == []
