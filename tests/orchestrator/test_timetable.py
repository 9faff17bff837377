"""When schedules are due."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import ScheduleError
from orchestrator.timetable import Dated, instant, parse

ZONES = (
    "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "America/Sao_Paulo",
    "Asia/Tehran", "UTC", "Africa/Cairo", "America/St_Johns",
)  # fmt: skip


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def planned(text, after, until, events=()):
    return [(item.local, item.at.strftime("%Y-%m-%dT%H:%M")) for item in parse(text).planned(moment(after), moment(until), lambda: events)]


def test_in_spring_a_time_that_is_left_out_comes_at_the_end_of_the_gap():
    assert planned("daily 02:30 Europe/Zurich", "2026-03-28", "2026-03-31") == [
        ("2026-03-28T02:30 Europe/Zurich", "2026-03-28T01:30"),
        ("2026-03-29T02:30 Europe/Zurich", "2026-03-29T01:00"),
        ("2026-03-30T02:30 Europe/Zurich", "2026-03-30T00:30"),
    ]


def test_in_autumn_a_time_that_comes_twice_is_planned_at_its_first_coming():
    assert planned("daily 01:30 America/New_York", "2026-10-31T12:00", "2026-11-02T12:00") == [
        ("2026-11-01T01:30 America/New_York", "2026-11-01T05:30"),
        ("2026-11-02T01:30 America/New_York", "2026-11-02T06:30"),
    ]


def test_an_hourly_line_comes_once_at_the_end_of_the_gap():
    found = planned("cron 0 * * * * Europe/Zurich", "2026-03-29T00:00", "2026-03-29T02:00")
    assert found == [("2026-03-29T03:00 Europe/Zurich", "2026-03-29T01:00"), ("2026-03-29T04:00 Europe/Zurich", "2026-03-29T02:00")]


def test_a_day_that_an_island_left_out_begins_with_the_next():
    assert instant(datetime(2011, 12, 30, 9, 0), ZoneInfo("Pacific/Apia")) == moment("2011-12-30T10:00")


@settings(max_examples=60)
@given(st.sampled_from(ZONES), st.dates(date(1990, 1, 1), date(2036, 12, 1)), st.times(), st.integers(2, 40))
def test_each_local_date_is_planned_exactly_once_in_order(name, start, at, days):
    zone, at = ZoneInfo(name), at.replace(second=0, microsecond=0)
    after = instant(datetime.combine(start, time(12)), zone)
    until = instant(datetime.combine(start + timedelta(days=days), time(12)), zone)
    found = list(parse(f"daily {at:%H:%M} {name}").planned(after, until, lambda: ()))
    dates = [date.fromisoformat(item.local[:10]) for item in found]
    first = start if instant(datetime.combine(start, at), zone) > after else start + timedelta(days=1)
    last = start + timedelta(days=days)
    last = last if instant(datetime.combine(last, at), zone) <= until else last - timedelta(days=1)
    wanted = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    # Apia's left out day begins together with the next, which stands for both when both are midnight.
    assert [day for day in wanted if day not in dates] == ([date(2011, 12, 30)] if _joined(name, at, wanted) else [])
    assert [item.at for item in found] == sorted({item.at for item in found})
    for item in found:
        local = datetime.combine(date.fromisoformat(item.local[:10]), at)
        seen = item.at.astimezone(zone).replace(tzinfo=None)
        assert seen >= local  # never early
        if instant(local, zone).astimezone(zone).replace(tzinfo=None) == local:
            assert seen == local


def _joined(name, at, wanted):
    return name == "Pacific/Apia" and at == time(0) and {date(2011, 12, 30), date(2011, 12, 31)} <= set(wanted)


@settings(max_examples=40)
@given(st.sampled_from(ZONES), st.datetimes(datetime(1990, 1, 1), datetime(2036, 1, 1)), st.integers(0, 600), st.integers(0, 600))
def test_a_window_cut_in_two_plans_the_same(name, start, first, second):
    when, start = parse(f"cron 15 */6 * * * {name}"), start.replace(tzinfo=UTC)
    middle, end = start + timedelta(hours=first), start + timedelta(hours=first + second)
    halves = [*when.planned(start, middle, lambda: ()), *when.planned(middle, end, lambda: ())]
    assert halves == list(when.planned(start, end, lambda: ()))


def test_a_leap_day_comes_every_fourth_year():
    when = parse("cron 0 9 29 2 * Europe/Zurich")
    assert [item.local[:4] for item in islice(when.planned(moment("2026-01-01"), moment("2060-01-01"), lambda: ()), 3)] == [
        "2028",
        "2032",
        "2036",
    ]


def test_a_month_has_a_last_day():
    assert [local[:10] for local, _ in planned("monthly last 08:00 UTC", "2028-01-01", "2028-04-01")] == [
        "2028-01-31",
        "2028-02-29",
        "2028-03-31",
    ]


def test_a_market_holiday_has_no_tick():
    # Thanksgiving is on 26 November 2026; the day after closes at 13:00.
    assert [local[:10] for local, _ in planned("XNYS 07:30 Europe/Zurich", "2026-11-24T12:00", "2026-11-30T12:00")] == [
        "2026-11-25", "2026-11-27", "2026-11-30",
    ]  # fmt: skip
    assert [at for _, at in planned("XNYS close+15m", "2026-11-25T12:00", "2026-11-30T12:00")] == ["2026-11-25T21:15", "2026-11-27T18:15"]


def test_a_date_past_the_calendar_is_an_error_and_no_holiday():
    assert planned("XKRX 09:00 Asia/Seoul", "2050-12-28", "2050-12-29T12:00")
    with pytest.raises(ScheduleError, match="the calendar of XKRX ends on 2050-12-31, so that 2051-01-03 may be a holiday"):
        planned("XKRX 09:00 Asia/Seoul", "2050-12-29", "2051-01-03")


def test_the_days_around_an_event_are_planned_and_say_why():
    events = [Dated("silver", date(2026, 3, 27), "first notice day"), Dated("gold", date(2026, 3, 29), "vote", (-1,))]
    assert planned("catalysts 07:30 UTC", "2026-03-01", "2026-04-10", events) == [
        ("2026-03-24T07:30 UTC", "2026-03-24T07:30"),
        ("2026-03-28T07:30 UTC", "2026-03-28T07:30"),
    ]
    both = list(parse("catalysts -1,+1 07:30 UTC").planned(moment("2026-03-28"), moment("2026-03-29"), lambda: events))
    assert [item.about for item in both] == ["gold: vote, 1 day before; silver: first notice day, 1 day after"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("weekdays", "says no time"),
        ("weekdays 07:30", "is not understood"),
        ("weekdays 25:00 UTC", "is no time of day"),
        ("weekdays 07:30 Zurich", "there is no time zone 'Zurich'"),
        ("weekdays 07:30 ../etc/passwd", "there is no time zone"),
        ("sometimes 07:30 UTC", "is not understood"),
        ("monday,funday 07:30 UTC", "is not understood"),
        ("cron 0 0 30 2 * UTC", "no cron line that ever comes"),
        ("cron 99 0 * * * UTC", "no cron line that ever comes"),
        ("monthly 32 07:30 UTC", "no cron line that ever comes"),
        ("XNYZ 07:30 UTC", "there is no exchange calendar"),
        ("XNYS open", None),
        ("XNYS midday", "is not understood"),
        ("catalysts soon 07:30 UTC", "are no days around an event"),
        ("catalysts -400 07:30 UTC", "within 366 days"),
        ("file ../secrets", "inside a folder of the desk"),
        ("file /etc/*", "inside a folder of the desk"),
        ("file .stoa/*", "inside a folder of the desk"),
    ],
)
def test_words_that_mean_nothing_are_refused_with_what_would(text, says):
    if says is None:
        parse(text)
        return
    with pytest.raises(ScheduleError, match=says):
        parse(text)
