from datetime import UTC, datetime, timedelta

from agents.model import Prompt
from integrations.models.pace import Pace
from memory.journal import Journal
from memory.limits import RateLimit

PROMPT = Prompt(shared="x" * 350, role="", task="", agent="quant", run_id="r")


class Nap:
    """Time that passes only while somebody sleeps; keeps what the run said then."""

    def __init__(self, journal):
        self.now = datetime(2026, 3, 2, tzinfo=UTC)
        self.journal = journal
        self.said = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.said.append(self.journal.run("r").reason)
        self.now += timedelta(seconds=seconds)


def test_a_run_that_waits_for_the_limits_says_so_and_then_goes_on(database, clock):
    journal = Journal(database, clock)
    journal.start("r", "research", clock(), {}, "1")
    nap = Nap(journal)
    limits = RateLimit(database, calls=1, clock=nap)
    pace = Pace(limits, "provider", 100, journal, nap.sleep)
    assert pace.wait(PROMPT) == 200
    assert nap.said == []
    pace.wait(PROMPT)
    assert nap.said
    assert all("limits per minute of provider" in reason for reason in nap.said[1:])
    assert journal.run("r").reason == ""
    assert nap.now - datetime(2026, 3, 2, tzinfo=UTC) < timedelta(seconds=125)


def test_what_a_call_really_used_counts(database, clock):
    nap = Nap(Journal(database, clock))
    limits = RateLimit(database, tokens=250, clock=nap)
    pace = Pace(limits, "provider", 100, nap.journal, nap.sleep)
    pace.done(pace.wait(PROMPT), 20)
    assert limits.used("provider").tokens == 20
