"""What is forgotten of the traffic, and what never is."""

from datetime import timedelta

import pytest

from integrations.desk import Desk
from integrations.slack.channel import SlackChannel
from integrations.slack.retention import tidy
from integrations.slack.views import refresh
from memory.errors import InputError
from memory.permission_requests import Wanted
from memory.slack_inbox import Incoming, SlackInbox
from memory.slack_outbox import Outgoing, SlackOutbox, Thread
from tests.conftest import TurnableClock
from tests.integrations.slack.conftest import set_slack

OLD = timedelta(days=31)


@pytest.fixture
def desk(folder):
    with Desk(folder) as opened:
        yield opened


@pytest.fixture
def traffic(desk, clock: TurnableClock):
    return desk, SlackInbox(desk.database, clock), SlackOutbox(desk.database, clock), clock


def post(key, **fields):
    return Outgoing(key=key, channel="CDESK", payload={"text": key}, **fields)


def send(outbox):
    outbox.sent(outbox.head("CDESK"), "1.0")


def keys(outbox):
    return outbox.keys("")


def test_handled_events_go_after_the_days_and_what_waits_stays(traffic):
    desk, inbox, outbox, clock = traffic
    inbox.write([Incoming(event_id=name, kind="message", lane=name, body={}) for name in ("handled", "waits")])
    inbox.done(inbox.next("handled", timedelta(0)).seq, "answered")
    clock.advance(days=29)
    inbox.write([Incoming(event_id="handled", kind="message", lane="again", body={})])
    assert inbox.lanes(timedelta(0)) == ["waits"]  # within the days it is known, and not handled again
    assert tidy(desk, inbox, outbox) == 0
    clock.advance(days=2)
    assert tidy(desk, inbox, outbox) == 1
    assert inbox.lanes(timedelta(0)) == ["waits"]


def test_sent_and_refused_posts_go_and_those_that_wait_or_are_needed_by_them_stay(traffic):
    desk, inbox, outbox, clock = traffic
    outbox.enter([post("sent"), post("refused"), post("opener"), post("changed")])
    rows = {row.key: row for row in outbox.head("CDESK")}
    outbox.sent([rows["sent"], rows["opener"], rows["changed"]], "1.0")
    outbox.failed([rows["refused"]], "is_archived")
    outbox.enter([post("reply", thread="opener"), post("update", kind="update", target="changed")])
    clock.advance(days=31)
    assert tidy(desk, inbox, outbox) == 2
    assert keys(outbox) == {"opener", "changed", "reply", "update"}


def test_a_post_that_was_sent_late_is_kept_from_then_on(traffic):
    desk, inbox, outbox, clock = traffic
    outbox.enter([post("late")])
    clock.advance(days=40)
    outbox.attempt(outbox.head("CDESK"))
    send(outbox)
    assert tidy(desk, inbox, outbox) == 0


def test_nothing_is_shown_or_asked_again_after_the_rows_are_gone(traffic):
    desk, inbox, outbox, clock = traffic
    channel = SlackChannel(outbox, desk.roles, desk.settings.slack)
    for name in ("open", "closed"):
        desk.permission_requests.ask(Wanted("cli", "quant", name, {}, name * 8), "no rule", desk.clock())
    refresh(desk, outbox, channel)
    closed = next(item for item in desk.permission_requests.requests() if item.tool == "closed")
    desk.permission_requests.decide(closed.id, "", "Ada", desk.clock())
    refresh(desk, outbox, channel)
    outbox.open_thread(Thread("run-1", "CDESK", "", "run-1:parent", ""))
    outbox.enter([post("run-1:parent"), post("run-1:parent:done"), post("run-1:chart:a"), post("run-1:work:quant:post:0")])
    send(outbox)
    clock.advance(days=31)
    before = keys(outbox)
    tidy(desk, inbox, outbox)
    gone = before - keys(outbox)
    assert gone == {f"permission:{closed.id}", f"permission:{closed.id}:decided", "run-1:work:quant:post:0"}
    refresh(desk, outbox, channel)
    assert outbox.head("CDESK") == []


def test_less_than_a_week_is_refused(folder):
    set_slack(folder, "keep_days = 6")
    with pytest.raises(InputError, match="keep_days"):
        Desk(folder)
