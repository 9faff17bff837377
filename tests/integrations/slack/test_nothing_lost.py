"""Nothing lost, nothing twice: cut connections, killed processes, doubled and disordered events."""

from tests.fakes.slack import fake_slack
from tests.integrations.slack.soak import Soak, empty_desk

EVENTS = 30
"""Enough that some are under way at the kill; a thousand, with three kills, are in tests/bench."""


def test_every_event_is_answered_once_and_in_order_through_cuts_and_kills(tmp_path):
    with fake_slack(posts_a_second=40, retry_seconds=3.0, echo=False) as slack:
        soak = Soak(slack, empty_desk(tmp_path / "desk", slack), EVENTS)
        soak.run(disconnects=3, kills=1)
        assert sorted(soak.keys()) == sorted(set(soak.keys()))
        assert soak.answered() == soak.expected
        assert soak.outcomes() == {"answered": EVENTS}
        assert soak.heard() == EVENTS
        assert slack.api.refused == []
        assert soak.exit == 0
        log = (soak.folder / "serve.log").read_text(encoding="utf-8")
        assert slack.bot_token not in log
        assert slack.app_token not in log
