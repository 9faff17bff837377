"""Research runs in their thread, the Home tab, and answers shown while they are written."""

import threading
from datetime import timedelta

from agents.turn import Post, Turn
from integrations.desk import Desk
from integrations.replay import replay_context
from integrations.slack.channel import Mirrored
from integrations.terminal import SilentChannel
from memory.clock import system_clock
from memory.schedules import Schedule
from memory.slack_inbox import SlackInbox
from memory.slack_outbox import SlackOutbox
from orchestrator import runs
from orchestrator.channel import Message
from orchestrator.queue import LocalQueue
from tests.integrations.slack.agents import Echo, OneByOne
from tests.integrations.slack.conftest import running, set_slack


def text_of(message):
    return "\n".join(block.get("text", {}).get("text", "") for block in message["blocks"])


def view_text(view):
    parts = [block.get("text", {}).get("text", "") for block in view["blocks"]]
    parts += [element["text"] for block in view["blocks"] if block["type"] == "context" for element in block["elements"]]
    return "\n".join(parts)


def test_a_run_is_one_parent_message_whose_thread_holds_discussion_charts_and_the_question(slack, folder):
    (folder / "theses" / "wrong.yaml").write_text("just text", encoding="utf-8")
    with running(folder, slack) as desk:
        slack.command("UADA", "run silver-squeeze slv-butterfly")
        parent = slack.until(lambda: next((p for p in slack.posts() if "thread_ts" not in p), None), 15)
        slack.until(lambda: parent.get("edited") and "waiting" in text_of(parent), 20)
        assert "`slv-butterfly` 0.45 → *0.56*" in text_of(parent)
        assert "✋ `silver-squeeze` waits" in text_of(parent)
        assert "Left out: `theses/wrong.yaml`: it holds no fields: start from another thesis file" in text_of(parent)
        outbox = SlackOutbox(desk.database, system_clock)
        slack.until(lambda: set(outbox.counts()) == {"sent"}, 15)
        thread = slack.posts(thread=parent["ts"])
        assert {"Architect", "Data Analyst", "Quant"} <= {post.get("username") for post in thread}
        pictures = [file for post in thread for file in post.get("files", [])]
        assert pictures
        assert all(slack.workspace.files[file["id"]]["content"].startswith(b"\x89PNG") for file in pictures)
        question = next(post for post in thread if any(block["type"] == "actions" for block in post.get("blocks") or []))
        assert question["thread_ts"] == parent["ts"]
        slack.click("UADA", question, "approval_approve")
        slack.until(lambda: "done" in text_of(parent), 15)
        assert desk.book.get("silver-squeeze").revision.approval.by == "Ada Byron (UADA)"
        assert slack.unacknowledged() == []


def test_a_question_in_a_runs_thread_is_answered_there_and_leaves_the_run_alone(slack, folder):
    with running(folder, slack) as desk:
        slack.command("UADA", "run silver-squeeze")
        parent = slack.until(lambda: next((p for p in slack.posts() if "thread_ts" not in p and p.get("edited")), None), 25)
        run_id = desk.journal.runs(kind="research")[0].run_id
        slack.say("UBEN", "quant: and the target?", thread=parent["ts"])
        slack.until(lambda: desk.slack_app._inbox.counts().get("answered"))
        assert desk.journal.run(run_id).status == "waiting"
        assert desk.journal.run(f"{run_id}:talk").kind == "conversation"
        assert [post.text for post in desk.context(None).said_by_people(run_id)] == ["quant: and the target?"]


def test_the_home_tab_and_the_book_command_show_what_waits_the_theses_the_run_and_the_score(slack, folder):
    with running(folder, slack):
        slack.say("UADA", f"<@{slack.bot}> architect: propose a revision of the silver squeeze")
        slack.until(lambda: any(block["type"] == "actions" for post in slack.posts() for block in post.get("blocks") or []))
        slack.open_home("UADA")
        text = view_text(slack.until(lambda: slack.workspace.homes.get("UADA")))
        assert "✋ `silver-squeeze`: conviction would move by 0.23" in text
        assert "*0.60* Silver squeeze · long · r1" in text
        assert "No research run yet" in text
        assert "Forecasts: 0 resolved, 2 open" in text
        slack.command("UBEN", "book")
        told = slack.until(lambda: slack.workspace.ephemerals and slack.workspace.ephemerals[0])
        assert told["user"] == "UBEN"
        assert "Nothing waits for you." in view_text(told)


def test_help_and_a_run_of_a_thesis_that_is_not_there_are_told_to_the_asker_alone(slack, folder):
    with running(folder, slack):
        slack.command("UADA", "")
        slack.command("UADA", "run no-such-thesis")
        slack.until(lambda: len(slack.workspace.ephemerals) == 2)
        texts = sorted(item["text"] for item in slack.workspace.ephemerals)
        assert "the book holds no thesis 'no-such-thesis'" in texts[0]
        assert texts[1].startswith("`/stoa book`")


class Slow(OneByOne):
    """Takes until it is let go, and says so far what it has."""

    def __init__(self, post=True):
        self.go = threading.Event()
        self.post = post

    def take(self, task, workbench):
        assert self.go.wait(10)
        return Turn(posts=(Post(role=task.role, text="The whole **answer**."),) if self.post else ())


def only(slack, ts, seconds=5.0):
    return slack.until(lambda: len(slack.posts(thread=ts)) == 1 and slack.posts(thread=ts)[0], seconds)


def test_an_answer_that_takes_long_is_a_stream_under_the_persona_and_becomes_the_post(slack, folder):
    set_slack(folder, "streaming_after = 0.05")
    agent = Slow()
    with running(folder, slack, agent) as desk:
        ts = slack.say("UADA", f"<@{slack.bot}> quant: think")
        stream = only(slack, ts)
        assert (stream["username"], stream["streaming"]) == ("Quant", True)
        assert stream["tasks"]["work"]["status"] == "in_progress"
        assert slack.until(lambda: slack.workspace.statuses)[0]["status"] == "Quant is working…"
        agent.go.set()
        slack.until(lambda: "streaming" not in stream and stream["text"])
        assert stream["text"] == "The whole **answer**."
        assert stream["tasks"]["work"]["status"] == "complete"
        slack.until(lambda: SlackOutbox(desk.database, system_clock).counts() == {"sent": 1})
        assert len(stream["metadata"]["event_payload"]["keys"]) == 1
        assert len(slack.posts(thread=ts)) == 1


def test_where_streams_are_absent_a_message_is_edited_instead(slack, folder):
    set_slack(folder, "streaming_after = 0.05")
    agent = Slow()
    slack.refuse("chat.startStream", "unknown_method")
    with running(folder, slack, agent):
        ts = slack.say("UADA", f"<@{slack.bot}> quant: think")
        draft = only(slack, ts)
        assert draft["text"] == "_…_"
        agent.go.set()
        slack.until(lambda: draft.get("edited"))
        assert draft["blocks"][0]["text"]["text"] == "The whole *answer*."
        assert draft["metadata"]["event_type"] == "stoa_post"


def test_a_draft_of_which_nothing_comes_is_taken_away(slack, folder):
    set_slack(folder, "streaming_after = 0.05")
    agent = Slow(post=False)
    with running(folder, slack, agent):
        ts = slack.say("UADA", f"<@{slack.bot}> quant: think")
        only(slack, ts)
        agent.go.set()
        slack.until(lambda: slack.posts(thread=ts) == [])


def test_a_stream_that_a_crash_left_open_becomes_the_post_and_is_not_doubled(slack, folder):
    """The process dies between the stream's start and the note of where it is: the thread is searched for it."""
    set_slack(folder, "streaming_after = 0.05")
    root = slack.on_loop(slack._say("UADA", f"<@{slack.bot}> quant: think", "CDESK", None))
    from memory.slack_outbox import Outgoing, Thread

    thread = f"slack-CDESK-{root['ts']}"
    key = f"{thread}:answer:EvCut:0:post:0"
    with Desk(folder) as desk:
        outbox = SlackOutbox(desk.database, system_clock)
        outbox.open_thread(Thread(thread, "CDESK", root["ts"], "", "UADA"))
        payload = {"text": "…", "username": "Quant", "icon_emoji": ":abacus:", "person": "UADA"}
        outbox.enter([Outgoing(key=key, channel="CDESK", thread=root["ts"], role="quant", payload=payload)], "live")
        outbox.attempt_draft(key)
    orphan = {"thread_ts": root["ts"], "username": "Quant", "icon_emoji": ":abacus:"}
    stream = slack.on_loop(_own(slack, orphan))
    with running(folder, slack, Echo()):
        slack.event({**root, "channel": "CDESK", "channel_type": "channel"}, event_id="EvCut")
        slack.until(lambda: stream.get("blocks"))
        assert len(slack.posts(thread=root["ts"])) == 1
        assert stream["blocks"][0]["text"]["text"] == "quant heard: quant: think"


async def _own(slack, args):
    return slack.workspace.own("CDESK", args, streaming=True)


def worked_on(folder):
    """What ``stoa serve --worker`` does with the runs that are due, in a process that has no word with Slack."""
    with Desk(folder) as desk:
        engine = runs.engine(desk.context(SilentChannel()), desk.checkpoints)
        return [engine.advance(name).status for name in desk.dispatch.due(5)]


def test_a_scheduled_run_that_a_worker_does_has_its_message_thread_and_question_in_slack(slack, folder):
    """The desk was served once; while it is not, the schedule fires and a worker does the run. Nothing of it is lost."""
    with running(folder, slack):
        pass
    with Desk(folder) as desk:
        at = desk.clock()
        desk.scheduler.add("morning", Schedule(when="daily 07:30 UTC", theses=("silver-squeeze",)), at)
        desk.scheduler.tick(at + timedelta(days=1))
    assert worked_on(folder) == ["waiting"]
    assert slack.posts() == []
    with running(folder, slack) as desk:
        parent = slack.until(lambda: next((p for p in slack.posts() if p.get("edited") and "thread_ts" not in p), None))
        assert "✋ `silver-squeeze` waits" in text_of(parent)
        question = slack.until(lambda: asking(slack, parent["ts"]))
        spoken = {post.get("username") for post in slack.posts(thread=parent["ts"])}
        assert {"Architect", "Data Analyst", "Quant"} <= spoken
        slack.click("UADA", question, "approval_approve")
        slack.until(lambda: "done" in text_of(parent))
        assert desk.book.get("silver-squeeze").revision.approval.by == "Ada Byron (UADA)"
        assert sum("thread_ts" not in post for post in slack.posts()) == 1


def asking(slack, root):
    return next((p for p in slack.posts(thread=root) if any(b["type"] == "actions" for b in p.get("blocks") or [])), None)


def test_a_replay_says_nothing_in_slack(folder):
    with Desk(folder) as desk:
        SlackInbox(desk.database, system_clock).begin()
        assert isinstance(desk.context(SilentChannel()).channel, Mirrored)
        _, context = replay_context(desk, desk.database, "run-1")
        assert isinstance(context.channel, SilentChannel)


def test_what_was_said_elsewhere_before_the_desk_was_ever_in_slack_stays_there(slack, folder):
    with Desk(folder) as desk:
        context = desk.context(SilentChannel())
        runs.enter(context, "run-1", desk.as_of(), ["silver-squeeze"])
        context.channel.post(Message(key="k", run_id="run-1", thread_id="run-1", role="quant", text="old"))
    with running(folder, slack) as desk:
        context = desk.context(SilentChannel())
        context.channel.post(Message(key="k2", run_id="run-1", thread_id="run-1", role="quant", text="new"))
        context.channel.post(Message(key="k3", run_id="talk", thread_id="talk", role="quant", text="at the terminal"))
        post = slack.until(lambda: next((p for p in slack.posts() if "thread_ts" in p), None))
        assert post["blocks"][0]["text"]["text"] == "new"
        slack.until(lambda: SlackOutbox(desk.database, system_clock).counts() == {"sent": 2})


def test_a_run_that_a_worker_took_first_is_not_told_to_have_stopped_and_its_words_come_all_the_same(slack, folder):
    """The worker holds the run from the moment it is in the queue; the process in Slack gives way to it."""
    with running(folder, slack) as desk:
        quicker = desk.__dict__["queue"] = Quicker(desk.dispatch, folder)
        slack.command("UADA", "run silver-squeeze")
        parent = slack.until(lambda: next((p for p in slack.posts() if p.get("edited") and "thread_ts" not in p), None), 20)
        assert "waiting" in text_of(parent)
        slack.until(lambda: "run" in desk.slack_app._inbox.counts())
        assert slack.workspace.ephemerals == []
        assert quicker.status == "waiting"


class Quicker(LocalQueue):
    """A queue with a worker on another machine: told of a run, it has done it before the teller goes on."""

    def __init__(self, dispatch, folder):
        super().__init__(dispatch)
        self._folder = folder

    def ring(self, run_id):
        with Desk(self._folder) as desk:
            self.status = runs.engine(desk.context(SilentChannel()), desk.checkpoints).advance(run_id).status
