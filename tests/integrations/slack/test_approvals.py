"""A change that waits: seen in Slack, decided by a button or a form, once, by whoever may, and kept in the book."""

import json
from datetime import timedelta

import pytest

from integrations.slack.modals import CALLBACK
from tests.acceptance.conftest import Stoa
from tests.integrations.slack.conftest import running, set_slack

ASK = "architect: propose a revision of the silver squeeze"
ADA = "Ada Byron (UADA)"


def asked(slack, desk):
    """The message with the buttons, after somebody asked for a revision."""
    slack.say("UCAT", f"<@{slack.bot}> {ASK}")
    return slack.until(lambda: question(slack))


def question(slack):
    return next((p for p in slack.posts() if any(b["type"] == "actions" for b in p.get("blocks") or [])), None)


def shown(message):
    parts = [block.get("text", {}).get("text", "") for block in message["blocks"]]
    parts += [element.get("text", "") for block in message["blocks"] if block["type"] == "context" for element in block["elements"]]
    return "\n".join(parts)


def head(desk):
    return desk.book.get("silver-squeeze")


def refusal(slack, count=1):
    return slack.until(lambda: len(slack.workspace.ephemerals) == count and slack.workspace.ephemerals[-1]["text"])


def buttons(message):
    return [element["action_id"] for block in message["blocks"] if block["type"] == "actions" for element in block["elements"]]


def test_the_question_shows_the_change_the_reason_the_evidence_and_who_may_decide(slack, folder):
    with running(folder, slack) as desk:
        message = asked(slack, desk)
        text = shown(message)
        assert "*conviction*: 0.60 → *0.83*" in text
        assert "conviction would move by 0.23" in text
        assert "COMEX stocks fall by more than 20 m oz" in text
        assert "<@UADA>" in text
        assert "revision 1" in text
        assert buttons(message) == ["approval_approve", "approval_edit", "approval_reject"]
        assert message["thread_ts"] == slack.workspace.messages["CDESK"][0]["ts"]


def test_it_waits_over_a_restart_is_approved_by_button_and_lands_once_with_the_approvers_name(slack, folder):
    with running(folder, slack) as desk:
        message = asked(slack, desk)
    with running(folder, slack) as desk:
        slack.click("UADA", message, "approval_approve")
        slack.until(lambda: head(desk).revision.n == 2)
        slack.until(lambda: buttons(message) == [])
        assert f"*Approved* by {ADA}" in shown(message)
        approval = head(desk).revision.approval
        assert (approval.by, approval.mode) == (ADA, "person")
        assert head(desk).thesis.conviction == pytest.approx(0.8328)
    with running(folder, slack) as desk:
        assert len(desk.book.history("silver-squeeze")) == 2
        assert desk.book.verify() >= 2


def test_a_second_click_is_refused_with_who_decided(slack, folder):
    with running(folder, slack) as desk:
        message = dict(asked(slack, desk))
        slack.click("UADA", message, "approval_approve")
        slack.until(lambda: head(desk).revision.n == 2)
        slack.click("UADA", message, "approval_reject")
        assert f"This was approved by {ADA} already" in refusal(slack)
        assert head(desk).revision.n == 2


def test_two_clicks_at_once_decide_once(slack, folder):
    set_slack(folder, "workers = 4")
    with running(folder, slack) as desk:
        message = dict(asked(slack, desk))
        for action in ("approval_approve", "approval_reject", "approval_approve"):
            slack.click("UADA", message, action)
        refusal(slack, 2)
        assert [item.status for item in desk.journal.approvals()] == ["approved"]
        assert len(desk.book.history("silver-squeeze")) == 2


def test_a_person_without_the_right_is_refused_and_told_who_has_it(slack, folder):
    with running(folder, slack) as desk:
        message = asked(slack, desk)
        slack.click("UBEN", message, "approval_approve")
        assert refusal(slack) == "Only the approvers of `silver-squeeze` may decide on this: <@UADA>."
        slack.click("UBEN", message, "approval_edit")
        assert "Only the approvers" in refusal(slack, 2)
        assert slack.workspace.views == {}
        assert head(desk).revision.n == 1


def test_a_stale_click_is_refused_with_the_current_diff_and_the_message_says_so(slack, folder):
    with running(folder, slack) as desk:
        message = dict(asked(slack, desk))
    Stoa(folder).run("thesis", "edit", "silver-squeeze", "--set", "conviction=0.7", "--why", "new facts", "--by", "Cat")
    with running(folder, slack) as desk:
        # The view notices by itself, or the click does: either way nothing lands.
        slack.click("UADA", message, "approval_approve")
        text = refusal(slack)
        assert "stale" in text or "revision 2" in text
        slack.until(lambda: buttons(question_at(slack, message["ts"])) == [])
        assert "Stale" in shown(question_at(slack, message["ts"]))
        assert (head(desk).revision.n, head(desk).thesis.conviction) == (2, 0.7)


def question_at(slack, ts):
    return slack.workspace.find("CDESK", ts)


def test_a_stale_decision_names_the_revision_and_what_the_change_would_be_now(slack, folder):
    from integrations.slack import decisions
    from integrations.terminal import SilentChannel

    with running(folder, slack) as desk:
        asked(slack, desk)
        item = desk.journal.approvals(status="pending")[0]
    Stoa(folder).run("thesis", "edit", "silver-squeeze", "--set", "conviction=0.7", "--why", "new facts", "--by", "Cat")
    from integrations.desk import Desk

    with Desk(folder) as desk:
        wanted = decisions.Wanted(item.id, "UADA", "CDESK", "", approve=True, against=item.proposal.against[:16])
        told = decisions.decide(desk, SilentChannel(), wanted, ADA, again=False)
        assert "silver-squeeze is at revision 2 since this was asked" in told
        assert "*conviction*: 0.70 → *0.83*" in told


def test_edit_opens_a_form_that_says_what_is_wrong_and_then_lands_what_the_person_made_of_it(slack, folder):
    with running(folder, slack) as desk:
        message = asked(slack, desk)
        slack.click("UADA", message, "approval_edit")
        view = slack.until(lambda: slack.workspace.views and next(iter(slack.workspace.views.values())))
        assert view["callback_id"] == CALLBACK
        wrong = slack.submit("UADA", view, {"conviction": "1.7", "reason": " "})
        slack.until(lambda: wrong.acked)
        assert set(wrong.answer["errors"]) == {"conviction", "reason"}
        right = slack.submit("UADA", view, {"conviction": "0.7", "reason": "The lease rate alone is worth less."})
        slack.until(lambda: right.acked and head(desk).revision.n == 2)
        assert right.answer == {}
        entry = head(desk)
        assert entry.thesis.conviction == 0.7
        assert f"Edited by {ADA}: conviction 0.70 instead of 0.83. The lease rate alone is worth less." in entry.revision.rationale
        assert entry.revision.approval.by == ADA
        slack.until(lambda: "*Approved*" in shown(message))


def test_a_rejection_leaves_the_book_and_is_not_asked_again(slack, folder):
    with running(folder, slack) as desk:
        message = asked(slack, desk)
        slack.click("UADA", message, "approval_reject")
        slack.until(lambda: "*Rejected*" in shown(message))
        slack.say("UCAT", f"<@{slack.bot}> {ASK}")
        slack.until(lambda: "" not in desk.slack_app._inbox.counts())
        assert head(desk).revision.n == 1
        assert len(desk.journal.approvals()) == 1


def test_a_decision_on_the_command_line_changes_the_message_in_slack(slack, folder):
    with running(folder, slack) as desk:
        message = asked(slack, desk)
        item = desk.journal.approvals(status="pending")[0]
    Stoa(folder).run("approvals", "approve", item.id, "--by", "Head of desk")
    with running(folder, slack):
        slack.until(lambda: "*Approved* by Head of desk" in shown(message))


def test_what_nobody_answers_in_time_expires_and_the_message_says_so(slack, folder):
    with running(folder, slack) as desk:
        message = asked(slack, desk)
    toml = folder / "stoa.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("today = 2026-04-10", "today = 2026-05-20"), encoding="utf-8")
    with running(folder, slack) as desk:
        slack.until(lambda: "*Expired*" in shown(message))
        assert head(desk).revision.n == 1
        assert desk.journal.approvals()[0].expires_at - desk.journal.approvals()[0].created_at == timedelta(days=14)


def test_a_decision_that_was_cut_off_before_its_change_landed_lands_after_the_restart(slack, folder):
    with running(folder, slack) as desk:
        message = asked(slack, desk)
        item = desk.journal.approvals(status="pending")[0]
    from integrations.desk import Desk

    with Desk(folder) as desk:
        desk.journal.decide(item.id, "approved", ADA, "")
        # The event was begun once: this is what a kill between decision and change leaves.
        from memory.clock import system_clock
        from memory.slack_inbox import Incoming, SlackInbox

        action = {"action_id": "approval_approve", "value": json.dumps({"approval": item.id, "against": item.proposal.against[:16]})}
        body = {"user": {"id": "UADA"}, "channel": {"id": "CDESK"}, "message": {"ts": message["ts"]}, "actions": [action]}
        inbox = SlackInbox(desk.database, system_clock)
        inbox.write([Incoming(event_id="action:1", kind="action", lane=f"approval:{item.id}", body=body)])
        inbox.next(f"approval:{item.id}", timedelta(0))
    with running(folder, slack) as desk:
        slack.until(lambda: head(desk).revision.n == 2)
        assert head(desk).revision.approval.by == ADA
        slack.until(lambda: "*Approved*" in shown(message))
        assert slack.workspace.ephemerals == []
