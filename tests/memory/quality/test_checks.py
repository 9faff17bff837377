"""Each class of defect on a small series made for it, beside a clean one."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.errors import InputError
from memory.observation import SeriesInfo
from memory.quality import (
    Row,
    check_series,
    check_sheets,
    condensed,
    entries,
    growth,
    levels,
    log_returns,
    read_sheets,
    repetition,
    sessions,
    sources,
    times,
)

NOW = datetime(2026, 2, 10, tzinfo=UTC)


def rows(values, start="2026-01-05", step=1):
    first = date.fromisoformat(start)
    return [Row(i + 2, first + timedelta(days=step * i), value, "" if value is None else f"{value:g}") for i, value in enumerate(values)]


def months(values, start=(2024, 1)):
    year, month = start
    places = [divmod(12 * year + month - 1 + i, 12) for i in range(len(values))]
    return [Row(i + 2, date(y, m + 1, 1), v, str(v)) for i, ((y, m), v) in enumerate(zip(places, values, strict=True))]


def working_days(values, start="2026-01-05"):
    day, out = date.fromisoformat(start), []
    for i, value in enumerate(values):
        out.append(Row(i + 2, day, value, str(value)))
        day += timedelta(days=3 if day.weekday() == 4 else 1)
    return out


def test_a_clean_series_has_no_finding():
    info = SeriesInfo(series="comex.silver", unit="$/oz", currency="USD", source="a file", licence="CC0", venue="XNYS")
    there = [row for row in working_days([70 + 0.37 * i for i in range(26)]) if row.day != date(2026, 1, 19)]
    assert check_series(info, there, NOW) == []


def test_a_word_among_numbers_is_a_type_error():
    there = [*rows([1, 2]), Row(4, date(2026, 1, 7), None, "see note")]
    assert entries.types("s", there)[0].rows == ("2026-01-07 see note (line 4)",)
    assert entries.types("s", [*rows([1, 2]), Row(4, date(2026, 1, 7), None, "n/a")]) == []


def test_a_day_that_stands_twice_is_worse_with_two_values():
    day = date(2026, 1, 5)
    assert [item.severity for item in entries.duplicates("s", [Row(2, day, 1, "1"), Row(3, day, 2, "2")])] == ["error"]
    assert [item.severity for item in entries.duplicates("s", [Row(2, day, 1, "1"), Row(3, day, 1, "1")])] == ["warning"]
    assert entries.duplicates("s", rows([1, 1])) == []


def test_order_is_noted_when_turned_and_warned_of_when_mixed():
    there = rows([1, 2, 3, 4])
    assert entries.order("s", there) == []
    assert entries.order("s", there[::-1])[0].severity == "note"
    assert entries.order("s", [there[0], there[2], there[1], there[3]])[0].severity == "warning"


def test_a_price_of_nought_is_a_missing_value_and_a_change_of_nought_is_not():
    values = [70 + i / 10 for i in range(40)]
    values[7] = 0
    assert "was written as 0" in entries.missing("s", rows(values), "close", "$/oz")[0].message
    assert entries.missing("s", rows(values), "change", "%") == []
    assert entries.missing("s", rows([0.0, 0.1, 0.0, 0.2]), "level", "%") == []
    assert entries.missing("s", rows([1, None, 2]))[0].count == 1


def test_times_with_and_without_a_zone_are_told_apart():
    mixed = [(2, "2026-01-05T16:00:00-05:00"), (3, "2026-01-06T16:00:00")]
    assert entries.time_zones("s", mixed)[0].severity == "error"
    assert entries.time_zones("s", [(2, "2026-01-05T16:00:00")])[0].severity == "warning"
    assert entries.time_zones("s", [(2, "2026-01-05"), (3, "2026-01-06")]) == []


def test_midnight_in_greenwich_is_the_day_before_in_new_york():
    moved = entries.time_zones("s", [(2, "2026-01-06T00:00:00+00:00")], "America/New_York")
    assert moved[0].rows == ("2026-01-06T00:00:00+00:00 (line 2) is 2026-01-05 in America/New_York",)
    late = entries.time_zones("s", [(2, "2026-01-06T23:30:00+00:00")], "America/New_York", "09:30", "16:00")
    assert "outside the session" in late[0].message
    assert entries.time_zones("s", [(2, "2026-01-06T20:30:00+00:00")], "America/New_York", "09:30", "16:00") == []


def test_a_gap_is_counted_in_sessions_of_the_venue_not_in_days():
    there = [row for row in working_days([float(i) for i in range(30)]) if row.day.isoformat() not in {"2026-01-19", "2026-01-20"}]
    short = sessions.gaps("s", there, "XNYS")
    assert [(item.severity, item.rows) for item in short] == [("note", ("2026-01-20",))]  # the 19th was a holiday
    there = [row for row in there if not date(2026, 1, 20) <= row.day <= date(2026, 1, 23)]
    assert sessions.gaps("s", there, "XNYS")[0].rows == ("2026-01-20 to 2026-01-23 (4 days)",)
    assert sessions.gaps("s", there)[0].severity == "error"


def test_days_past_the_calendar_are_an_error_and_no_holiday():
    with pytest.raises(InputError, match="reaches from"):
        sessions.sessions("XNYS", date(2026, 1, 1), date(2199, 1, 1))
    with pytest.raises(InputError, match="no venue"):
        sessions.sessions("NOWHERE", date(2026, 1, 1), date(2026, 1, 5))


def test_values_at_weekends_and_holidays_filled_forward_are_named():
    assert sessions.closed_days("s", rows([float(i) for i in range(14)]), "XNYS")[0].count == 4
    assert sessions.closed_days("s", rows([float(i) for i in range(14)]), "24/7") == []
    values = [70 + 0.3 * i for i in range(300)]
    there = working_days(values, "2025-01-02")
    filled = [
        row._replace(value=there[i - 1].value) if row.day.isoformat() in {"2025-01-20", "2025-02-17", "2025-05-26"} else row
        for i, row in enumerate(there)
    ]
    assert sessions.closed_days("s", filled, "XNYS")[0].count == 3
    assert sessions.closed_days("s", there, "XNYS") == []


def test_a_stated_frequency_that_the_dates_contradict_is_an_error():
    assert repetition.frequency("s", months([1, 2, 3, 4]), "daily")[0].severity == "error"
    assert repetition.frequency("s", months([1, 2, 3, 4]), "monthly") == []


def test_years_repeated_as_months_are_found_and_a_peg_is_not_one():
    spread = months([float(10 + i // 12) for i in range(60)])
    assert "repeat annual values" in repetition.repeated("s", spread)[0].message
    peg = months([3.8] * 60)
    assert repetition.repeated("s", peg) == []
    assert repetition.stale("s", peg)[0].rows == ("2024-01-01 to 2028-12-01: 3.8 (60 times)",)
    quarters = months([float(10 + i // 3) for i in range(24)])
    assert "repeat quarterly values" in repetition.repeated("s", quarters)[0].message


@given(st.lists(st.integers(100, 10_000), min_size=20, max_size=60, unique=True))
def test_values_that_all_differ_are_never_stale_nor_repeated(values):
    there = working_days([value / 7 for value in values])
    assert repetition.stale("s", there) == []
    assert repetition.repeated("s", there) == []


def test_a_source_that_stopped_is_told_from_chance():
    moving = [float(100 + (7 * i) % 13) for i in range(60)]
    assert repetition.stale("s", working_days([*moving[:30], *[55.0] * 11, *moving[30:]]))[0].count == 1
    assert repetition.stale("s", working_days([*moving[:30], 55.0, 55.0, *moving[30:]])) == []


def test_freshness_allows_the_release_lag():
    there = months([1, 2, 3, 4], (2025, 9))
    assert repetition.freshness("s", there, datetime(2026, 3, 20, tzinfo=UTC)) == []
    assert repetition.freshness("s", there, datetime(2026, 6, 1, tzinfo=UTC))[0].check == "freshness"
    assert repetition.freshness("s", there, datetime(2026, 6, 1, tzinfo=UTC), 150) == []


def test_a_negative_price_is_named_and_a_negative_rate_is_not():
    values = [20.0 + i / 10 for i in range(30)]
    values[11] = -36.98
    assert levels.negative("s", rows(values))[0].rows == ("2026-01-16 -36.98 (line 13)",)
    assert levels.negative("s", rows(values), "rate", "%") == []
    with pytest.raises(InputError, match=r"2026-01-16 has -36\.98"):
        log_returns(rows(values))


def test_a_step_of_a_thousand_is_another_unit():
    assert "1,000 times" in levels.unit_breaks("s", rows([1.0, 1.1, 1100.0, 1150.0]))[0].rows[0]
    assert levels.unit_breaks("s", rows([1.0, 3.0, 9.0])) == []


def test_a_unit_and_a_currency_that_disagree_are_an_error():
    assert levels.described(SeriesInfo(series="s", unit="$/oz", currency="EUR"))[0].check == "currency"
    assert levels.described(SeriesInfo(series="s", unit="USD per EUR", currency="USD")) == []


def test_euros_per_dollar_under_the_name_eurusd_are_turned_round():
    turned = [Row(2, date(2025, 2, 1), 0.9603, "0.9603")]
    assert levels.quote_direction(SeriesInfo(series="fx.eurusd"), turned)[0].severity == "error"
    assert levels.quote_direction(SeriesInfo(series="fx.usdeur"), turned) == []
    assert levels.quote_direction(SeriesInfo(series="fx.x", unit="EUR per USD"), turned) == []
    assert levels.quote_direction(SeriesInfo(series="fx.x", unit="USD per EUR"), turned)[0].severity == "error"
    assert levels.quote_direction(SeriesInfo(series="fx.euro"), turned)[0].severity == "warning"
    assert levels.quote_direction(SeriesInfo(series="fx.japan"), turned) == []
    right = [Row(2, date(2025, 2, 1), 1.0413, "1.0413")]
    assert levels.quote_direction(SeriesInfo(series="fx.eurusd"), right) == []


def test_a_pair_that_turns_round_on_the_way_is_found():
    values = [1.25, 1.26, 1.24, 1.25, 0.80, 0.79, 0.81, 0.80]
    assert levels.turned_round("s", rows(values))[0].rows[0].startswith("2026-01-09: 0.8 after 1.25")
    assert levels.turned_round("s", rows([1.25, 1.2, 1.1, 1.0, 0.95, 0.9, 0.85, 0.8])) == []


LEVEL = [100.0, 101.0, 103.0, 102.0, 106.0, 107.5, 109.0, 108.0, 111.0]


def test_a_growth_column_one_period_early_is_look_ahead_and_one_in_time_is_not():
    level = months(LEVEL)
    own = [100 * (b / a - 1) for a, b in pairwise(LEVEL)]
    in_time, early = months([None, *own]), months([*own, 0.4])
    assert growth.look_ahead("g", in_time, {"l": level}) == []
    assert "move it 1 period later" in growth.look_ahead("g", early, {"l": level})[0].message


def test_a_year_is_counted_by_the_calendar_when_a_month_is_missing():
    there = [row for row in months([100.0 + i for i in range(30)]) if row.day != date(2025, 10, 1)]
    assert growth.years_by_row("s", there)[0].rows[0] == "2025-11-01: 12 rows back is 2024-10"
    change = {item.day: item for item in growth.year_on_year(there)}
    assert change[date(2025, 11, 1)].value == pytest.approx(100 * (122 / 110 - 1))
    assert change[date(2024, 5, 1)].value is None
    assert growth.years_by_row("s", months([100.0 + i for i in range(30)])) == []


def test_a_month_known_before_it_ends_is_a_reference_date():
    there = months([1.0, 2.0, 3.0])
    info = SeriesInfo(series="s", kind="average")
    early = [datetime(row.day.year, row.day.month, 1, 22, tzinfo=UTC) for row in there]
    assert times.reference_dates(info, there, early)[0].severity == "error"
    later = [moment + timedelta(days=45) for moment in early]
    assert times.reference_dates(info, there, later) == []
    assert times.reference_dates(info, there)[0].severity == "warning"
    assert times.reference_dates(SeriesInfo(series="s", lag_days=43), there) == []
    assert times.reference_dates(info, working_days([1.0, 2.0, 3.0])) == []


def test_an_average_is_told_from_a_close():
    daily = working_days([50 + 5 * ((i * 7) % 11) for i in range(260)], "2025-01-02")
    by_month: dict = {}
    for row in daily:
        by_month.setdefault(row.day.replace(day=1), []).append(row.value)
    average = [Row(0, day, sum(values) / len(values), "") for day, values in by_month.items()]
    close = [Row(0, day, values[-1], "") for day, values in by_month.items()]
    assert times.average_or_close(average, daily)[0] == "average"
    assert times.average_or_close(close, daily)[0] == "close"
    assert times.averaging(SeriesInfo(series="s", kind="settle"), close, daily, "d") == []
    assert times.averaging(SeriesInfo(series="s", kind="average"), close, daily, "d")[0].severity == "error"


def test_two_sources_that_differ_say_what_explains_it():
    a = months([70.0, 72.0, 75.0, 71.0, 78.0])
    assert sources.reconcile("a", "b", a, a) == []
    assert "cents against dollars" in sources.reconcile("a", "b", a, [row._replace(value=row.value * 100) for row in a])[0].message
    assert "opposite directions" in sources.reconcile("a", "b", a, [row._replace(value=1 / row.value) for row in a])[0].message
    moved = months([70.0, 72.0, 75.0, 71.0, 78.0], (2024, 2))
    assert "moved by 1 period" in sources.reconcile("a", "b", a, moved)[0].message
    one = [row._replace(value=90.0) if i == 2 else row for i, row in enumerate(months([70.0 + i for i in range(30)]))]
    assert sources.reconcile("a", "b", months([70.0 + i for i in range(30)]), one)[0].severity == "warning"


def test_a_licence_is_stated_confirmed_or_asked_for():
    assert sources.licence(SeriesInfo(series="s"))[0].severity == "warning"
    assert sources.licence(SeriesInfo(series="s", licence="CC BY 4.0 (BELIEVE)"))[0].severity == "warning"
    assert sources.licence(SeriesInfo(series="s", licence="personal use only"))[0].severity == "note"
    assert sources.licence(SeriesInfo(series="s", licence="CC BY 4.0")) == []


def test_a_file_is_checked_whole_and_many_equal_findings_are_one(tmp_path):
    path = tmp_path / "gdp.csv"
    lines = [f"Land {c},{c},{year},{1000 + 7 * year}" for c in ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF") for year in range(2018, 2025)]
    path.write_text("\n".join(["Country Name,Country Code,Year,Value", *lines]), encoding="utf-8")
    sheets = read_sheets(path, "gdp.csv")
    assert [sheet.info.series for sheet in sheets] == [f"gdp.{c}" for c in ("aaa", "bbb", "ccc", "ddd", "eee", "fff")]
    found = condensed(check_sheets(sheets, NOW))
    assert next(item for item in found if item.check == "licence").series == "gdp.aaa and 5 more"


def test_times_in_a_file_are_held_against_the_hours_of_its_venue(tmp_path):
    path = tmp_path / "spy.csv"
    rows = ["2026-01-05T16:00:00-05:00,1", "2026-01-06T21:00:00+00:00,2", "2026-01-08T00:30:00+00:00,3", "2026-01-08T03:00:00-05:00,4"]
    path.write_text("\n".join(["time,close", *rows]), encoding="utf-8")
    found = [item for item in check_sheets(read_sheets(path, "spy.csv"), NOW, "XNYS") if item.check == "session"]
    assert [(item.severity, item.count) for item in found] == [("error", 1), ("warning", 2)]
    assert sessions.hours("XNYS") == ("America/New_York", "09:30", "16:00")
    assert sessions.hours("24/7").opens == ""
