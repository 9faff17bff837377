"""A tool call that waits: shown in the run's thread, decided by a button, once, by whoever may."""

import json

import pytest

from agents.role import roles
from agents.tool import tools
from agents.turn import Post, Turn
from integrations.desk import Desk
from integrations.slack.permissions import SECTION, SECTIONS, asked
from integrations.terminal import SilentChannel
from memory.permission_requests import Wanted
from orchestrator import runs
from orchestrator.tool_permissions import digest_of
from tests.integrations.slack.conftest import running
from tests.integrations.slack.test_approvals import buttons, question, refusal, shown

NOTE = {"text": "Lease rates matter. ```<@UBEN> \u202e银"}
ADA = "Ada Byron (UADA)"


class Wants:
    """Asks the desk's own gate for a call at each turn, and says what it was told; as a model's turn does."""

    gate = None

    def take_all(self, tasks, workbench, say=None):
        for task in tasks:
            role = roles()[task.role].model_copy(update={"tools": ("remember",)})
            told = self.gate(role, tools()["remember"], NOTE, workbench.run_id, True)
            yield Turn(posts=(Post(role=task.role, text=told or "It is remembered."),))

    def left(self, run_id):
        return 1.0


@pytest.fixture
def waiting(slack, folder):
    """The desk after an agent asked for a call, and the message with the buttons."""
    agent = Wants()
    with running(folder, slack, agent) as desk:
        agent.gate = desk.permit
        desk.root = slack.say("UBEN", f"<@{slack.bot}> quant: remember it")
        yield desk, slack.until(lambda: question(slack))


def only(desk):
    (item,) = desk.permission_requests.requests()
    return item


def again(slack, desk):
    """The agent wants the same once more; what it is told."""
    before = len(slack.posts(thread=desk.root))
    slack.say("UBEN", "quant: once more", thread=desk.root)
    return slack.until(lambda: [p for p in slack.posts(thread=desk.root)[before:] if p.get("username") == "Quant"])[-1]["blocks"][0][
        "text"
    ]["text"]


def test_the_question_shows_the_whole_call_so_that_nothing_in_it_can_hide_and_who_may_decide(slack, waiting):
    _, message = waiting
    assert "May quant call remember?" in shown(message)
    call = next(
        block["text"] for block in message["blocks"] if block.get("text", {}).get("type") == "plain_text" and block["type"] == "section"
    )
    assert json.loads(call["text"].replace("&lt;", "<").replace("&gt;", ">")) == NOTE
    assert call["text"].isascii()
    assert "may decide: <@UADA>" in shown(message)
    assert buttons(message) == ["permission_once", "permission_run", "permission_deny"]
    assert message["thread_ts"] == waiting[0].root


def test_once_lets_one_call_through_under_the_persons_name_and_the_next_asks_again(slack, waiting):
    desk, message = waiting
    slack.click("UADA", message, "permission_once")
    slack.until(lambda: f"*Allowed once* by {ADA}" in shown(message))
    assert buttons(message) == []
    assert again(slack, desk) == "It is remembered."
    assert (only(desk).status, only(desk).decided_by) == ("used", ADA)
    assert "needs a person's approval" in again(slack, desk)
    assert len(desk.permission_requests.requests("pending")) == 1


def test_for_the_run_lets_every_such_call_of_the_thread_through(slack, waiting):
    desk, message = waiting
    slack.click("UADA", message, "permission_run")
    slack.until(lambda: "*Allowed for this run*" in shown(message))
    assert [again(slack, desk), again(slack, desk)] == ["It is remembered."] * 2


def test_a_no_holds_and_is_not_asked_again(slack, waiting):
    desk, message = waiting
    slack.click("UADA", message, "permission_deny")
    slack.until(lambda: "*Denied*" in shown(message))
    assert "was refused by a person" in again(slack, desk)


def test_who_may_not_decide_is_told_who_may_and_a_second_click_who_did(slack, waiting):
    desk, message = waiting
    before = dict(message)
    slack.click("UBEN", message, "permission_once")
    assert refusal(slack) == "Only those who may approve everything (`*`) may decide on tools: <@UADA>."
    slack.click("UADA", before, "permission_deny")
    slack.until(lambda: only(desk).status == "rejected")
    slack.click("UADA", before, "permission_once")
    assert f"This was denied by {ADA} already" in refusal(slack, 2)
    assert only(desk).status == "rejected"


def test_it_waits_over_a_restart_and_an_answer_from_elsewhere_changes_the_message(slack, folder):
    agent = Wants()
    with running(folder, slack, agent) as desk:
        agent.gate = desk.permit
        slack.say("UBEN", f"<@{slack.bot}> quant: remember it")
        message = slack.until(lambda: question(slack))
        item = only(desk)
    with Desk(folder) as desk:
        desk.permission_requests.decide(item.id, "minutes", "Head of desk", desk.clock())
    with running(folder, slack):
        slack.until(lambda: "*Allowed for 15 minutes* by Head of desk" in shown(message))
        assert sum(buttons(post) != [] for post in slack.posts() if post.get("blocks")) == 0


def wanted(desk, run_id):
    """A call of a research run, by another process."""
    call = Wanted(run_id, "quant", "remember", NOTE, digest_of("remember", NOTE))
    return desk.permission_requests.ask(call, "no rule is about it", desk.clock())


def test_a_call_of_a_worker_is_asked_in_its_runs_thread_and_a_yes_that_comes_too_late_is_refused(slack, folder):
    with running(folder, slack) as desk, Desk(folder) as other:
        context = other.context(SilentChannel())
        runs.enter(context, "run-1", other.as_of(), ["silver-squeeze"])
        item = wanted(other, "run-1")
        message = slack.until(lambda: question(slack))
        parent = next(post for post in slack.posts() if "thread_ts" not in post)
        assert (message["thread_ts"], "run-1" in parent["text"]) == (parent["ts"], True)
        other.journal.set_status("run-1", "done")
        slack.click("UADA", message, "permission_run")
        assert "`run-1` is over" in refusal(slack)
        assert desk.permission_requests.get(item.id).status == "pending"
        slack.click("UADA", message, "permission_once")
        slack.until(lambda: desk.permission_requests.get(item.id).status == "approved")


def test_a_call_that_is_too_long_to_be_read_can_only_be_denied_there(slack, folder):
    with Desk(folder) as desk:
        call = Wanted("r", "quant", "remember", {"text": "x" * SECTION * SECTIONS}, "0" * 64)
        payload = asked(desk.permission_requests.ask(call, "no rule", desk.clock()), ["UADA"])
    assert buttons(payload) == ["permission_deny"]
    assert "stoa permissions approve" in shown(payload)
