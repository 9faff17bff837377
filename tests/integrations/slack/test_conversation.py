"""Talking to the desk in Slack: who answers, where, and what is kept of it."""

import pytest

from memory.records import Status, Trust
from memory.slack_inbox import SlackInbox
from tests.integrations.slack.agents import Echo, OneByOne, Relay, Says
from tests.integrations.slack.conftest import running, set_slack


def outcomes(desk):
    return SlackInbox(desk.database, desk.clock).counts()


def handled(slack, desk, count):
    """Wait until so many events have an outcome and none waits."""

    def settled():
        counts = outcomes(desk)
        return "" not in counts and sum(counts.values()) >= count and counts

    return slack.until(settled)


def voices(slack, thread):
    """Who speaks, one after the other; posts of one voice may have been sent as one message."""
    said = [post["username"] for post in slack.posts(thread=thread)]
    return [name for number, name in enumerate(said) if number == 0 or said[number - 1] != name]


def test_a_mention_is_answered_in_its_thread_under_the_persona(slack, folder):
    with running(folder, slack):
        ts = slack.say("UADA", f"<@{slack.bot}> quant: what does the butterfly pay?")
        posts = slack.until(lambda: slack.posts(thread=ts))
        assert posts[0]["username"] == "Quant"
        assert posts[0]["icon_emoji"] == ":abacus:"
        assert "17.5 or 7.0x" in posts[0]["text"]
        slack.until(lambda: not slack.unacknowledged())


def test_a_handover_is_seen_as_messages_of_two_personas_and_the_objection_quotes_a_note(slack, folder):
    with running(folder, slack):
        ts = slack.say("UADA", f"<@{slack.bot}> @quant price the SLV 70/90/110 butterfly")
        posts = slack.until(lambda: voices(slack, ts)[-1:] == ["Data Analyst"] and slack.posts(thread=ts))
        assert voices(slack, ts) == ["Quant", "Data Analyst"]
        assert "These cannot both hold" in "".join(post["text"] for post in posts[:-1])
        assert "@quant the notes say: “We put 5 % of NAV" in posts[-1]["text"]
        assert "sources/notes/2026-01-08-slv-butterfly.md" in posts[-1]["blocks"][-1]["elements"][0]["text"]


def test_a_thread_goes_on_after_a_restart_without_a_mention_and_with_its_memory(slack, folder):
    with running(folder, slack):
        ts = slack.say("UADA", f"<@{slack.bot}> quant: what does the butterfly pay?")
        slack.until(lambda: len(slack.posts(thread=ts)) >= 1)
    agent = Relay()
    with running(folder, slack, agent):
        slack.say("UBEN", "quant: and if silver falls?", thread=ts)
        assert agent.asked.acquire(timeout=5)
        said = [(post.role, post.text) for post in agent.tasks[0].posts]
        assert said[0] == ("Ada Byron", "quant: what does the butterfly pay?")
        assert said[1][0] == "quant"
        assert said[-1] == ("Ben", "quant: and if silver falls?")
        agent.go.release(3)


def test_a_person_who_writes_during_a_handover_takes_the_floor(slack, folder):
    agent = Relay()
    with running(folder, slack, agent) as desk:
        ts = slack.say("UADA", f"<@{slack.bot}> quant: first")
        assert agent.asked.acquire(timeout=5)
        slack.say("UADA", "architect: stop, look at this", thread=ts)
        slack.until(lambda: outcomes(desk).get("", 0) == 2)
        agent.go.release()
        assert agent.asked.acquire(timeout=5)
        assert [task.role for task in agent.tasks] == ["quant", "architect"]
        assert agent.tasks[1].question == "architect: stop, look at this"
        agent.go.release(3)
        handled(slack, desk, 2)


def test_agents_that_answer_each_other_stop_after_three_turns(slack, folder):
    agent = Relay()
    agent.go.release(9)
    with running(folder, slack, agent) as desk:
        ts = slack.say("UADA", f"<@{slack.bot}> quant: go")
        handled(slack, desk, 1)
        slack.until(lambda: slack.unacknowledged() == [])
        assert len(agent.tasks) == 2  # whoever has spoken is not asked again
        assert len(slack.posts(thread=ts)) >= 1


def test_other_machines_and_the_desks_own_posts_are_never_answered(slack, folder):
    with running(folder, slack, Echo()) as desk:
        ts = slack.say("UADA", f"<@{slack.bot}> hello")
        slack.until(lambda: slack.posts(thread=ts))
        envelope = slack.event(
            {"type": "message", "subtype": "bot_message", "bot_id": "BELSE", "text": f"<@{slack.bot}> hi", "channel": "CDESK", "ts": "1.1"}
        )
        slack.until(lambda: envelope.acked and not slack.unacknowledged())
        assert handled(slack, desk, 1) == {"answered": 1}
        assert len(slack.posts()) == 1


def test_what_is_not_for_the_desk_is_not_kept(slack, folder):
    with running(folder, slack, Echo()) as desk:
        slack.say("UADA", "lunch at noon, my number is 555-0100")
        assert handled(slack, desk, 1) == {"ignored": 1}
        assert slack.posts() == []
        assert "555-0100" not in (folder / ".stoa" / "desk.db").read_bytes().decode("latin-1") or _not_in_rows(desk)


def _not_in_rows(desk):
    from sqlalchemy import text

    with desk.database.reading() as connection:
        return "555-0100" not in str(connection.execute(text("SELECT body FROM slack_inbox")).all())


def test_a_direct_message_and_a_command_are_answered_too(slack, folder):
    with running(folder, slack, Echo()):
        place = slack.direct("UADA")
        ts = slack.say("UADA", "what is new?", place)
        assert slack.until(lambda: slack.posts(place))[0]["thread_ts"] == ts
        slack.command("UADA", "quant: what of tin?")
        posts = slack.until(lambda: len(slack.posts()) == 2 and slack.posts())
        assert posts[0]["text"] == "Ada Byron asks: quant: what of tin?"
        assert (posts[1]["thread_ts"], posts[1]["username"]) == (posts[0]["ts"], "Quant")


@pytest.mark.parametrize(
    ("setting", "channel", "reason"),
    [('people = ["UBEN"]', "CDESK", "people on its list"), ("", "COTHER", "does not work in this channel")],
)
def test_others_are_told_once_so_that_only_they_see_it(slack, folder, setting, channel, reason):
    set_slack(folder, setting)
    with running(folder, slack, Echo()) as desk:
        for _ in range(3):
            slack.say("UADA", f"<@{slack.bot}> hello", channel)
        handled(slack, desk, 3)
        told = slack.until(lambda: slack.workspace.ephemerals)
        assert len(told) == 1
        assert (told[0]["user"], reason in told[0]["text"]) == ("UADA", True)
        assert slack.posts(channel) == []


def test_a_channel_shared_with_another_organisation_is_closed_until_it_is_opened(slack, folder):
    slack.workspace.channels["CDESK"]["is_ext_shared"] = True
    with running(folder, slack, Echo()) as desk:
        slack.say("UADA", f"<@{slack.bot}> hello")
        assert handled(slack, desk, 1) == {"ignored": 1}
        assert slack.posts() == []
    set_slack(folder, "external = true")
    with running(folder, slack, Echo()):
        slack.say("UADA", f"<@{slack.bot}> hello")
        slack.until(slack.posts)


def test_an_edited_message_is_a_new_version_in_memory_and_a_deleted_one_is_retracted(slack, folder):
    with running(folder, slack, Echo()) as desk:
        first = slack.say("UADA", f"<@{slack.bot}> silver is at 70")
        second = slack.say("UADA", "and gold is at 4000", thread=first)
        handled(slack, desk, 2)
        slack.edit("UADA", first, f"<@{slack.bot}> silver is at 77")
        slack.delete(second)
        handled(slack, desk, 4)
        versions = desk.store.find(source_uri=f"slack://CDESK/{first}", live=False)
        assert [(item.body, item.status) for item in versions] == [
            ("silver is at 70", Status.SUPERSEDED),
            ("silver is at 77", Status.LIVE),
        ]
        assert (versions[1].author, versions[1].trust, versions[1].version) == ("Ada Byron", Trust.PERSON, 2)
        gone = desk.store.find(source_uri=f"slack://CDESK/{second}", live=False)
        assert [item.status for item in gone] == [Status.RETRACTED]


def test_a_message_deleted_before_anybody_read_it_is_not_answered(slack, folder):
    set_slack(folder, "workers = 1")
    agent = Relay()
    with running(folder, slack, agent) as desk:
        slack.say("UBEN", f"<@{slack.bot}> quant: something long")
        assert agent.asked.acquire(timeout=5)
        ts = slack.say("UADA", f"<@{slack.bot}> quant: a slip")
        slack.delete(ts)
        slack.until(lambda: outcomes(desk).get("", 0) == 3)
        agent.go.release(9)
        assert handled(slack, desk, 3)["deleted before it was read"] == 1
        assert slack.posts(thread=ts) == []


def test_reactions_to_a_post_are_feedback_that_is_kept_until_it_is_taken_back(slack, folder):
    with running(folder, slack, Echo()) as desk:
        ts = slack.say("UADA", f"<@{slack.bot}> quant: hello")
        post = slack.until(lambda: slack.posts(thread=ts))[0]
        slack.until(lambda: desk.slack_app._outbox.at("CDESK", post["ts"]))
        slack.react("UBEN", "thumbsup", post["ts"])
        slack.react("UADA", "eyes", post["ts"])
        inbox = SlackInbox(desk.database, desk.clock)
        kept = slack.until(lambda: len(inbox.feedback_given()) == 2 and inbox.feedback_given())
        assert {(item["person"], item["reaction"], item["role"]) for item in kept} == {
            ("UBEN", "thumbsup", "quant"), ("UADA", "eyes", "quant"),
        }  # fmt: skip
        slack.react("UBEN", "thumbsup", post["ts"], removed=True)
        slack.until(lambda: [item["person"] for item in inbox.feedback_given()] == ["UADA"])


def test_a_file_dropped_into_the_channel_is_read_with_the_persons_name_as_its_author(slack, folder):
    with running(folder, slack) as desk:
        slack.drop_file("UCAT", "../tin note.md", b"# Tin\n\nTin stocks in Shanghai fell by 12,345 tonnes in a month.\n")
        post = slack.until(slack.posts)[0]
        assert post["text"] == "Taken into the desk's memory: ../tin note.md."
        found = desk.recall.search("tin stocks Shanghai", 1).hits[0]
        assert (found.author, found.source_uri.startswith("sources/slack/F")) == ("Cat Li", True)
        assert "12,345 tonnes" in found.text


def test_a_file_that_is_too_large_or_lies_elsewhere_is_left_out_and_the_token_stays_here(slack, folder):
    with running(folder, slack) as desk:
        slack.say("UADA", "", files=[{"id": "F1", "name": "a.pdf", "size": 10, "url_private_download": "https://evil.example/a.pdf"}])
        post = slack.until(slack.posts)[0]
        assert "it lies at evil.example, which is not Slack" in post["text"]
        slack.say("UADA", "", files=[{"id": "F2", "name": "b.pdf", "size": 10**9, "url_private_download": f"{slack.url}/download/F2"}])
        slack.until(lambda: len(slack.posts()) == 2)
        assert "larger than 20 MB" in slack.posts()[1]["text"]
        handled(slack, desk, 2)


def test_a_text_cannot_call_the_whole_channel(slack, folder):
    with running(folder, slack, Says("<!channel> and <@UBEN> & **bold** [here](https://example.com/a)")):
        ts = slack.say("UADA", f"<@{slack.bot}> hello")
        post = slack.until(lambda: slack.posts(thread=ts))[0]
        assert post["blocks"][0]["text"]["text"] == "&lt;!channel&gt; and &lt;@UBEN&gt; &amp; *bold* <https://example.com/a|here>"


def test_a_question_that_cannot_be_answered_says_so(slack, folder):
    from agents.errors import ModelUnreachableError

    class Silent(OneByOne):
        def take(self, task, workbench):
            raise ModelUnreachableError("the model is down: try again later")

    set_slack(folder, "streaming_after = 0.0")
    with running(folder, slack, Silent()) as desk:
        ts = slack.say("UADA", f"<@{slack.bot}> hello")
        sentence = "I could not answer: the model is down: try again later"
        slack.until(lambda: [post["text"] for post in slack.posts(thread=ts)] == [sentence])
        assert list(handled(slack, desk, 1)) == ["failed: the model is down: try again later"]
