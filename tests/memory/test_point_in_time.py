"""Nothing known later is ever seen: by release rule, by lag, by vintage, through every way of reading."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.cadence import period_end, period_index, period_start
from memory.errors import InputError
from memory.market import Market
from memory.observation import Observation, SeriesInfo
from memory.releases import known_at, parse_release
from memory.rules import DerivedReader


def at(day):
    return datetime(day.year, day.month, day.day, 22, tzinfo=UTC)


DAYS = st.dates(date(2025, 11, 1), date(2026, 4, 1))
ROWS = st.lists(st.tuples(DAYS, DAYS, st.integers(-5, 5)), min_size=1, max_size=14)
SLOW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(a=ROWS, b=ROWS, when=DAYS, later=DAYS)
def test_every_read_at_a_random_day_holds_only_what_was_known_then(tmp_path_factory, a, b, when, later):
    folder = tmp_path_factory.mktemp("pit")
    market = Market(folder / "data", folder / "log")
    for name, rows in (("a", a), ("b", b)):
        market.record([Observation(series=name, valid_time=v, known_at=at(k), value=x, vintage=k.isoformat()) for v, k, x in rows])
    market.describe([SeriesInfo(series="a"), SeriesInfo(series="b"), SeriesInfo(series="d", formula="a - b")])
    moment = at(when)
    known = {v: max((k, i, x) for i, (v2, k, x) in enumerate(a) if v2 == v and k <= when)[2] for v, k, _ in a if k <= when}
    seen = market.points("a", moment)
    assert all(point.known_at <= moment for point in seen)
    assert {point.valid_time for point in seen} == set(known)
    assert all(item.known_at <= moment for item in market.history("a", moment))
    assert all(point.known_at <= moment for point in DerivedReader(market).points("d", moment))
    rows = market.query("SELECT max(known_at) AS k, count(*) AS n FROM observations WHERE series = 'a'", moment).rows
    assert rows[0]["n"] == sum(k <= when for _, k, _ in a)
    first, last = sorted((moment, at(later)))
    before = {point.valid_time: point.value for point in market.points("a", first)}
    after = {point.valid_time: point.value for point in market.points("a", last)}
    changed = {item.valid_time: item.after for item in market.difference("a", first, last)}
    assert before | changed == after
    market.close()


@given(day=st.dates(date(1960, 1, 1), date(2050, 12, 31)), frequency=st.sampled_from(["daily", "weekly", "monthly", "quarterly", "annual"]))
def test_a_value_is_never_known_before_its_period_ends(day, frequency):
    end = period_end(day, frequency)
    assert known_at(SeriesInfo(series="s", frequency=frequency), day).date() >= end
    for rule in (
        "friday 15:30 America/New_York",
        "same day 18:00 America/New_York",
        "+15d 08:30 Europe/London",
        "business day 2 14:00 UTC",
    ):
        assert known_at(SeriesInfo(series="s", frequency=frequency, release=rule), day).date() >= end
    index = period_index(day, frequency)
    assert period_index(period_start(index, frequency), frequency) == index


@pytest.mark.parametrize(
    ("rule", "frequency", "day", "known"),
    [
        ("friday 15:30 America/New_York", "weekly", date(2026, 1, 6), "2026-01-09T20:30:00+00:00"),
        ("friday 15:30 America/New_York", "weekly", date(2026, 7, 7), "2026-07-10T19:30:00+00:00"),  # summer time
        ("friday 15:30 America/New_York", "weekly", date(2026, 1, 9), "2026-01-16T20:30:00+00:00"),  # a Friday's own is next week's
        ("business day 2 14:00 America/New_York", "monthly", date(2026, 1, 1), "2026-02-03T19:00:00+00:00"),
        ("+16d 08:30 America/New_York", "monthly", date(2026, 1, 1), "2026-02-16T13:30:00+00:00"),
        ("same day 18:00 America/New_York", "daily", date(2026, 1, 5), "2026-01-05T23:00:00+00:00"),
    ],
)
def test_a_release_rule_gives_the_moment(rule, frequency, day, known):
    assert known_at(SeriesInfo(series="s", frequency=frequency, release=rule), day).isoformat() == known


@pytest.mark.parametrize("rule", ["soon", "friday 15:30", "friday 25:99 UTC", "+3d 08:30 Mars/Olympus", "business day x 10:00 UTC"])
def test_a_rule_that_is_none_is_refused_with_the_forms_there_are(rule):
    with pytest.raises(InputError, match="business day 2 14:00 ZONE"):
        parse_release(rule)


def test_a_lag_counts_from_the_values_own_day_and_a_month_without_one_is_known_at_its_end():
    assert known_at(SeriesInfo(series="s", frequency="monthly", lag_days=43), date(2026, 1, 1)).date() == date(2026, 2, 13)
    assert known_at(SeriesInfo(series="s"), date(2026, 1, 1), "monthly").date() == date(2026, 1, 31)
    assert known_at(SeriesInfo(series="s"), date(2026, 1, 5)).date() == date(2026, 1, 5)


def test_a_file_of_months_without_a_description_is_not_known_on_the_first_of_the_month(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cpi.csv").write_text("date,index\n2026-01,300\n2026-02,301\n2026-03,302\n", encoding="utf-8")
    market = Market(tmp_path / "data", tmp_path / "log")
    market.refresh(at(date(2026, 5, 1)))
    assert market.points("cpi.index", at(date(2026, 1, 30))) == []
    assert [point.value for point in market.points("cpi.index", at(date(2026, 1, 31)))] == [300]


def test_a_source_pulled_again_adds_only_what_is_new_and_dates_a_change_by_the_pull(tmp_path):
    market = Market(tmp_path / "data", tmp_path / "log")
    info = SeriesInfo(series="s")

    def row(day, value, vintage="", known=None):
        return Observation(series="s", valid_time=day, known_at=at(known or day), value=value, vintage=vintage)

    one, two = date(2026, 1, 5), date(2026, 1, 6)
    assert market.take([info], [row(one, 1.0), row(two, 2.0)], at(date(2026, 1, 7))) == {"s": 2}
    assert market.take([info], [row(one, 1.0), row(two, 2.5)], at(date(2026, 2, 1))) == {"s": 1}
    assert market.take([info], [row(one, 1.0), row(two, 2.5)], at(date(2026, 2, 2))) == {"s": 0}
    assert market.points("s", at(date(2026, 1, 31)))[-1].value == 2.0
    assert market.points("s", at(date(2026, 2, 1)))[-1].value == 2.5
    late = row(one, 1.5, "alfred 2026-01-20", date(2026, 1, 20))
    assert market.take([info], [late], at(date(2026, 3, 1))) == {"s": 1}
    assert market.take([info], [late], at(date(2026, 3, 2))) == {"s": 0}
    assert market.points("s", at(date(2026, 1, 19)))[0].value == 1.0
    assert market.points("s", at(date(2026, 1, 20)))[0].value == 1.5
    changes = market.difference("s", at(date(2026, 1, 10)), at(date(2026, 3, 1)))
    assert [(item.valid_time, item.before, item.after) for item in changes] == [(one, 1.0, 1.5), (two, 2.0, 2.5)]


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)))
def test_the_fridays_release_is_a_friday_after_the_day(day):
    moment = parse_release("friday 15:30 America/New_York").moment(day, "weekly")
    assert moment.weekday() == 4
    assert timedelta(0) < moment.date() - day <= timedelta(days=7)
