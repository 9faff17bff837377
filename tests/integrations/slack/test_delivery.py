"""In and out: what is acknowledged is written, what is written is handled once, what is posted is there once."""

import asyncio
import json
import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from agents.turn import Post, Turn
from integrations.slack.pace import wait_for
from memory.clock import system_clock
from memory.records import Kind, Trust
from memory.slack_inbox import SlackInbox
from memory.slack_outbox import Outgoing, SlackOutbox
from tests.fakes.slack import post_signed
from tests.integrations.slack.agents import Echo, OneByOne, Says
from tests.integrations.slack.conftest import running, set_slack


def keys(slack, channel="CDESK"):
    return [key for post in slack.posts(channel) for key in post.get("metadata", {}).get("event_payload", {}).get("keys", [])]


def calls(slack, method):
    return [args for name, args, _ in slack.workspace.calls if name == method]


def test_the_same_event_delivered_again_is_answered_once(slack, folder):
    with running(folder, slack, Echo()) as desk:
        ts = slack.say("UADA", f"<@{slack.bot}> hello", copies=3)
        slack.until(lambda: slack.posts(thread=ts) and not slack.unacknowledged())
        slack.say("UADA", "and then?", thread=ts)
        slack.until(lambda: len(slack.posts(thread=ts)) == 2)
        slack.until(lambda: SlackInbox(desk.database, system_clock).counts() == {"answered": 2})


def test_messages_that_arrive_the_wrong_way_round_are_answered_in_the_order_they_were_written(slack, folder):
    set_slack(folder, "workers = 3")
    with running(folder, slack, Echo()):
        first = slack.on_loop(slack._say("UADA", f"<@{slack.bot}> one", "CDESK", None))
        second = slack.on_loop(slack._say("UADA", "two", "CDESK", first["ts"]))
        for message in (second, first):
            slack.event({**message, "channel": "CDESK", "channel_type": "channel"})
        slack.until(lambda: len(keys(slack)) == 2)
        assert "".join(post["text"] for post in slack.posts(thread=first["ts"])).index("one") < "".join(
            post["text"] for post in slack.posts(thread=first["ts"])
        ).index("two")


@contextmanager
def broken_inbox(desk):
    """Every write of an event fails, as on a full disk."""
    with desk.database.writing() as connection:
        connection.execute(text("CREATE TRIGGER full BEFORE INSERT ON slack_inbox BEGIN SELECT RAISE(ABORT, 'disk full'); END"))
    yield
    with desk.database.writing() as connection:
        connection.execute(text("DROP TRIGGER full"))


def test_an_event_that_cannot_be_written_is_not_acknowledged_and_is_answered_when_it_comes_again(slack, folder):
    with running(folder, slack, Echo()) as desk:
        with broken_inbox(desk):
            ts = slack.say("UADA", f"<@{slack.bot}> hello")
            slack.until(lambda: any(envelope.attempts == 2 for envelope in slack.unacknowledged()))
            assert slack.acks() == []
        slack.until(lambda: slack.posts(thread=ts) and not slack.unacknowledged())
        assert len(slack.posts(thread=ts)) == 1


def test_a_cut_connection_comes_back_and_nothing_sent_meanwhile_is_lost(slack, folder):
    with running(folder, slack, Echo()):
        ts = slack.say("UADA", f"<@{slack.bot}> one")
        slack.until(lambda: slack.posts(thread=ts))
        for politely in (False, True):
            before = slack.socket.connections
            slack.disconnect(politely=politely)
            slack.say("UADA", f"while away {politely}", thread=ts)
            slack.until(lambda: slack.socket.connections > before, why="it did not come back")  # noqa: B023
        slack.until(lambda: len(keys(slack)) == 3 and not slack.unacknowledged())


def test_retry_after_is_obeyed_and_the_post_comes_once(slack, folder):
    with running(folder, slack, Echo()):
        slack.refuse("chat.postMessage", "ratelimited", status=429, retry_after=1)
        ts = slack.say("UADA", f"<@{slack.bot}> hello")
        slack.until(lambda: slack.posts(thread=ts))
        times = [at for name, _, at in slack.workspace.calls if name == "chat.postMessage"]
        refused = next(at for name, _, at in slack.workspace.calls if name == "users.info")
        assert len(times) == 1
        assert times[0] - refused >= 1.0
        assert calls(slack, "conversations.replies") == []


def test_a_name_waits_for_as_long_as_slack_asks_and_for_longer_the_id_stands_in_without_asking_again(slack, folder):
    with running(folder, slack, Echo()) as desk:
        slack.refuse("users.info", "ratelimited", status=429, retry_after=0.3)
        began = time.monotonic()
        ts = slack.say("UADA", f"<@{slack.bot}> hello")
        slack.until(lambda: slack.posts(thread=ts))
        answered = [at for name, _, at in slack.workspace.calls if name == "users.info"]
        assert answered[0] - began >= 0.3
        slack.refuse("users.info", "ratelimited", status=429, retry_after=3600)
        for words in ("one", "two"):
            slack.say("UBEN", words, thread=ts)
        slack.until(lambda: len(slack.posts(thread=ts)) == 3)
        assert len(calls(slack, "users.info")) == len(answered)
        heard = desk.store.find(thread_id=f"slack-CDESK-{ts}", kinds=[Kind.MESSAGE])
        assert [record.author for record in heard if record.trust is Trust.PERSON] == ["Ada Byron", "UBEN", "UBEN"]


def test_the_home_tab_comes_after_the_pause_that_slack_asks_for(slack, folder):
    with running(folder, slack, Echo()) as desk:
        slack.refuse("views.publish", "ratelimited", status=429, retry_after=0.3)
        slack.open_home("UADA")
        slack.until(lambda: slack.workspace.homes.get("UADA"))
        slack.until(lambda: desk.slack_app._inbox.counts() == {"shown": 1})


def test_a_post_whose_answer_was_lost_is_found_in_the_thread_and_not_sent_again(slack, folder):
    with running(folder, slack, Echo()) as desk:
        slack.lose_answer("chat.postMessage")
        ts = slack.say("UADA", f"<@{slack.bot}> hello")
        outbox = SlackOutbox(desk.database, system_clock)
        slack.until(lambda: outbox.counts() == {"sent": 1})
        assert len(slack.posts(thread=ts)) == 1
        assert calls(slack, "conversations.replies")[0]["include_all_metadata"] in {True, "True", "true", "1"}


@pytest.mark.parametrize("arrived", [True, False])
def test_after_a_crash_between_sent_and_marked_the_history_decides(slack, folder, arrived):
    with running(folder, slack, Echo()) as desk:
        outbox = SlackOutbox(desk.database, system_clock)
    with desk_open(folder) as desk:
        outbox = SlackOutbox(desk.database, system_clock)
        outbox.enter([Outgoing(key="k1", channel="CDESK", payload={"text": "once", "blocks": []})])
        outbox.attempt(outbox.head("CDESK"))
    if arrived:
        metadata = {"event_type": "stoa_post", "event_payload": {"keys": ["k1"]}}
        slack.on_loop(in_loop(lambda: slack.workspace.own("CDESK", {"text": "once", "metadata": metadata})))
    with running(folder, slack, Echo()) as desk:
        slack.until(lambda: SlackOutbox(desk.database, system_clock).counts() == {"sent": 1})
    assert [post["text"] for post in slack.posts()] == ["once"]
    assert len(calls(slack, "chat.postMessage")) == (0 if arrived else 1)


async def in_loop(call):
    return call()


@contextmanager
def desk_open(folder):
    from integrations.desk import Desk

    with Desk(folder) as desk:
        yield desk


def test_what_slack_refuses_for_good_is_put_aside_and_the_rest_goes_on(slack, folder):
    with running(folder, slack, Echo()) as desk:
        slack.refuse("chat.postMessage", "msg_too_long")
        first = slack.say("UADA", f"<@{slack.bot}> one")
        outbox = SlackOutbox(desk.database, system_clock)
        slack.until(outbox.failures)
        second = slack.say("UADA", f"<@{slack.bot}> two")
        slack.until(lambda: slack.posts(thread=second))
        assert slack.posts(thread=first) == []
        assert outbox.failures()[0].error == "msg_too_long"


class Burst(OneByOne):
    """Five short posts of one voice."""

    def __init__(self):
        self.written = threading.Event()

    def take(self, task, workbench):
        return Turn(posts=tuple(Post(role=task.role, text=f"point {number}") for number in range(5)))


def test_a_burst_of_one_voice_becomes_few_messages_and_each_key_is_there_once(slack, folder):
    toml = folder / "stoa.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("post_seconds = 0.03", "post_seconds = 0.6"), encoding="utf-8")
    with running(folder, slack, Burst()) as desk:
        ts = slack.say("UADA", f"<@{slack.bot}> quant: go")
        slack.until(lambda: len(keys(slack)) == 5)
        found = keys(slack)
        assert found == sorted(set(found))
        assert len(slack.posts(thread=ts)) <= 2
        slack.until(lambda: SlackOutbox(desk.database, system_clock).counts() == {"sent": 5})
        joined = "\n".join(block["text"]["text"] for post in slack.posts(thread=ts) for block in post["blocks"])
        assert joined == "\n".join(f"point {number}" for number in range(5))


def test_a_long_answer_is_several_messages_in_order_within_slacks_limits(slack, folder):
    words = " ".join(f"Sentence {number} says & means something <plain>." for number in range(900))
    with running(folder, slack, Says(words)):
        ts = slack.say("UADA", f"<@{slack.bot}> hello")
        slack.until(lambda: len(slack.posts(thread=ts)) == 4)
        shown = " ".join(block["text"]["text"] for post in slack.posts(thread=ts) for block in post["blocks"])
        assert shown.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">") == words


def test_a_stop_that_comes_with_a_wake_up_is_not_lost():
    async def stopped_while_woken():
        woken = asyncio.Event()
        waiting = asyncio.create_task(wait_for(woken, 5))
        await asyncio.sleep(0)
        woken.set()
        waiting.cancel()
        await asyncio.wait([waiting])
        return waiting.cancelled()

    assert asyncio.run(stopped_while_woken())


# -- HTTP


@contextmanager
def over_http(folder, slack, agent=None):
    set_slack(folder, 'mode = "http"\nport = 0')
    with running(folder, slack, agent) as desk:
        yield f"http://127.0.0.1:{desk.slack_app.port}/slack/events"


def event_of(slack, words):
    message = slack.on_loop(slack._say("UADA", words, "CDESK", None))
    event = {**message, "channel": "CDESK", "channel_type": "channel"}
    return {"type": "event_callback", "event_id": "EvHttp1", "team_id": slack.team, "event": event}, message["ts"]


def test_a_signed_event_over_http_is_answered_and_a_second_delivery_changes_nothing(slack, folder):
    with over_http(folder, slack, Echo()) as url:
        body, ts = event_of(slack, f"<@{slack.bot}> hello")
        assert [post_signed(url, body)[0] for _ in range(2)] == [200, 200]
        slack.until(lambda: slack.posts(thread=ts))
        assert len(slack.posts(thread=ts)) == 1


def test_wrong_and_stale_signatures_are_refused_and_nothing_is_written(slack, folder):
    with over_http(folder, slack, Echo()) as url:
        body, _ = event_of(slack, f"<@{slack.bot}> hello")
        stale = int(system_clock().timestamp()) - 400
        assert post_signed(url, body, secret="another")[0] == 401
        assert post_signed(url, body, signature="v0=" + "0" * 64)[0] == 401
        assert post_signed(url, body, timestamp=stale)[0] == 401
    with desk_open(folder) as desk:
        assert SlackInbox(desk.database, system_clock).counts() == {}


def test_a_command_over_http_is_acknowledged_at_once_and_answered(slack, folder):
    with over_http(folder, slack, Echo()) as url:
        form = "command=%2Fstoa&text=quant%3A+hello&user_id=UADA&channel_id=CDESK&team_id=T0TEAM&trigger_id=9.9"
        assert post_signed(url, form) == (200, "")
        slack.until(lambda: len(slack.posts()) == 2)
        assert slack.posts()[1]["text"] == "quant heard: quant: hello"


def test_slacks_challenge_is_answered(slack, folder):
    with over_http(folder, slack, Echo()) as url:
        status, answer = post_signed(url, {"type": "url_verification", "challenge": "c-123", "token": "x"})
        assert (status, "c-123" in answer) == (200, True)


def test_a_failed_write_over_http_is_a_500_so_that_slack_sends_the_event_again(slack, folder):
    set_slack(folder, 'mode = "http"\nport = 0')
    with running(folder, slack, Echo()) as desk:
        url = f"http://127.0.0.1:{desk.slack_app.port}/slack/events"
        body, ts = event_of(slack, f"<@{slack.bot}> hello")
        with broken_inbox(desk):
            assert post_signed(url, json.dumps(body))[0] == 500
        assert post_signed(url, body)[0] == 200
        slack.until(lambda: slack.posts(thread=ts))
