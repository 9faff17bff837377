from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.limits import RateLimit
from memory.tables import model_usage


class At:
    """A clock that stands where it is put."""

    def __init__(self):
        self.now = datetime(2026, 3, 2, 9, 0, 10, tzinfo=UTC)

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += timedelta(seconds=seconds)


def test_without_limits_nothing_waits_and_nothing_is_counted(database):
    limit = RateLimit(database)
    assert [limit.acquire("p", 10**9) for _ in range(3)] == [0, 0, 0]
    with database.reading() as connection:
        assert connection.execute(model_usage.select()).all() == []


def test_two_workers_share_one_count_and_providers_do_not(database):
    at = At()
    here, there = (RateLimit(database, calls=2, clock=at) for _ in range(2))
    assert (here.acquire("p", 1), there.acquire("p", 1)) == (0, 0)
    assert here.acquire("p", 1) > 0
    assert there.acquire("p", 1) > 0
    assert here.acquire("other", 1) == 0


def test_whoever_waits_as_long_as_was_said_is_let_through(database):
    at = At()
    limit = RateLimit(database, calls=3, tokens=1000, clock=at)
    for _ in range(3):
        assert limit.acquire("p", 100) == 0
    wait = limit.acquire("p", 100)
    at.advance(wait - 1)
    assert limit.acquire("p", 100) > 0
    at.advance(1.01)
    assert limit.acquire("p", 100) == 0


def test_a_call_larger_than_the_limit_goes_when_nothing_else_did(database):
    at = At()
    limit = RateLimit(database, tokens=100, clock=at)
    assert limit.acquire("p", 500) == 0
    wait = limit.acquire("p", 500)
    assert wait > 60
    at.advance(wait + 0.01)
    assert limit.acquire("p", 500) == 0


def test_what_a_call_did_not_use_is_given_back(database):
    at = At()
    limit = RateLimit(database, tokens=1000, clock=at)
    assert limit.acquire("p", 900) == 0
    assert limit.acquire("p", 900) > 0
    limit.correct("p", 900, 50)
    assert limit.acquire("p", 900) == 0


def test_a_clock_that_is_set_back_stops_nobody(database):
    at = At()
    limit = RateLimit(database, calls=1, clock=at)
    limit.acquire("p", 1)
    at.advance(-36_000)
    assert limit.acquire("p", 1) == 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.floats(0, 40), st.integers(1, 60)), min_size=1, max_size=25), name=st.uuids())
def test_no_clock_minute_ever_holds_more_than_the_limits(database, steps, name):
    at = At()
    limit = RateLimit(database, calls=5, tokens=100, clock=at)
    booked = []
    for pause, tokens in steps:
        at.advance(pause)
        wait = limit.acquire(str(name), tokens)
        assert 0 <= wait <= 120
        if not wait:
            booked.append((at.now.replace(second=0, microsecond=0), tokens))
    for minute in {when for when, _ in booked}:
        inside = [tokens for when, tokens in booked if when == minute]
        assert len(inside) <= 5
        assert sum(inside) <= 100
