"""The desk in Slack under load: a thousand events at fifty a second, cut off and killed; and at rest."""

import threading
from statistics import quantiles

from tests.fakes.slack import fake_slack
from tests.integrations.slack.soak import Process, Soak, empty_desk


def test_a_thousand_events_through_cuts_and_kills(benchmark, tmp_path):
    with fake_slack(posts_a_second=40, echo=False) as slack:
        soak = Soak(slack, empty_desk(tmp_path / "desk", slack), 1000, channels=20)
        benchmark.pedantic(soak.run, kwargs={"duplicates": 0.1, "disconnects": 5, "kills": 3}, rounds=1)
        steady = [e.seconds for e in slack.socket.envelopes.values() if e.attempts == 1]
        cut = quantiles(steady, n=100)
        print(  # noqa: T201 - the numbers are the point
            f"\n{len(soak.plan)} events, {len(slack.socket.envelopes)} deliveries, {slack.socket.connections} connections, "
            f"{len(soak.starts)} kills, restarts of {soak.starts} s; ack of first deliveries p50 {cut[49] * 1e3:.0f} ms, "
            f"p99 {cut[98] * 1e3:.0f} ms, all: {soak.acks()} ms (p50, p99, worst)"
        )
        assert sorted(soak.keys()) == sorted(set(soak.keys()))
        assert soak.answered() == soak.expected
        assert soak.outcomes() == {"answered": 1000}
        assert soak.heard() == 1000
        assert slack.api.refused == []
        assert cut[98] < 0.5


def test_acknowledgements_at_rest(benchmark, tmp_path):
    with fake_slack(posts_a_second=40, echo=False) as slack:
        folder = empty_desk(tmp_path / "desk", slack)
        slack.workspace.channels["CLOAD0"] = {"name": "load", "is_member": True}
        process = Process(folder, slack)
        quiet = threading.Event()

        def one_by_one():
            quiet.wait(3)  # its start is over
            root = slack.say("UADA", f"<@{slack.bot}> begin", "CLOAD0")
            for number in range(120):
                slack.say("UADA", f"and part {number}?", "CLOAD0", root)
                slack.until(lambda: not slack.unacknowledged() and len(slack.posts("CLOAD0")) > number, 10)  # noqa: B023
                quiet.wait(0.3)  # what follows an answer, the index and the views, is done

        try:
            benchmark.pedantic(one_by_one, rounds=1)
        finally:
            process.stop()
        cut = quantiles(slack.acks(), n=100)
        print(f"\nat rest: p50 {cut[49] * 1e3:.0f} ms, p99 {cut[98] * 1e3:.0f} ms, worst {slack.acks()[-1] * 1e3:.0f} ms")  # noqa: T201 - the numbers are the point
        assert cut[98] < 0.1
