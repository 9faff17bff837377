"""Talking to the desk in Slack."""

from tests.integrations.slack.conftest import running


def test_a_mention_is_answered_in_its_thread_under_the_persona(slack, folder):
    with running(folder, slack):
        ts = slack.say("UADA", f"<@{slack.bot}> quant: what does the butterfly pay?")
        posts = slack.until(lambda: slack.posts(thread=ts))
        assert posts[0]["username"] == "Quant"
        assert posts[0]["icon_emoji"] == ":abacus:"
        assert "17.5 or 7.0x" in posts[0]["text"]
        assert slack.unacknowledged() == []
