import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.market import Market

FILES = Path(os.environ.get("MARKET_FILES", Path(__file__).parents[3] / "shared" / "data" / "market"))


def at(day):
    return datetime.fromisoformat(day).replace(hour=23, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path


def market(folder):
    return Market(folder / "data", folder / "log")


def test_a_column_of_a_dated_table_is_a_series_with_its_lag(folder):
    (folder / "data" / "us.cpi.csv").write_text("date,index\n2026-01,300\n2026-02,301.5\n", encoding="utf-8")
    (folder / "data" / "series.yaml").write_text("us.cpi.index: {unit: index, lag_days: 43}\n", encoding="utf-8")
    found = market(folder)
    assert found.refresh(at("2026-04-01")).observations == 2
    assert [(p.valid_time, p.value) for p in found.points("us.cpi.index", at("2026-02-13"))] == [(date(2026, 1, 1), 300)]
    assert found.points("us.cpi.index", at("2026-02-12")) == []
    assert found.info("us.cpi.index").unit == "index"


def test_an_edited_value_is_a_new_vintage_and_the_old_one_stays(folder):
    path = folder / "data" / "x.csv"
    path.write_text("date,v\n2026-01-05,10\n2026-01-06,11\n", encoding="utf-8")
    market(folder).refresh(at("2026-01-07"))
    path.write_text("date,v\n2026-01-05,10\n2026-01-06,12\n", encoding="utf-8")
    found = market(folder)
    assert found.refresh(at("2026-02-01")).observations == 1
    assert found.points("x.v", at("2026-01-31"))[-1].value == 11
    assert found.points("x.v", at("2026-02-01"))[-1].value == 12
    assert found.refresh(at("2026-03-01")).observations == 0


def test_a_long_table_with_release_days_is_read_point_in_time(folder):
    rows = "series,date,value,known_at\ngdp,2025-10-01,2.1,2026-01-30\ngdp,2025-10-01,2.3,2026-02-27\n"
    (folder / "data" / "macro.csv").write_text(rows, encoding="utf-8")
    found = market(folder)
    found.refresh(at("2026-01-30"))
    assert found.points("gdp", at("2026-01-29")) == []
    assert found.points("gdp", at("2026-01-30"))[0].value == 2.1
    assert found.points("gdp", at("2026-02-27"))[0].value == 2.3
    assert found.refresh(at("2026-03-01")).observations == 0


def test_a_crash_before_the_list_of_files_is_written_reads_them_again_and_doubles_nothing(folder):
    (folder / "data" / "x.csv").write_text("date,v\n2026-01-05,10\n", encoding="utf-8")
    market(folder).refresh(at("2026-01-07"))
    (folder / "log" / "files.json").unlink()
    again = market(folder)
    assert again.refresh(at("2026-01-08")).observations == 0
    assert len(again.points("x.v", at("2026-01-08"))) == 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_as_of_read_never_returns_a_value_known_later(tmp_path_factory, data):
    from memory.observation import Observation

    folder = tmp_path_factory.mktemp("m")
    days = st.dates(date(2026, 1, 1), date(2026, 3, 1))
    rows = data.draw(st.lists(st.tuples(days, days, st.floats(-100, 100)), min_size=1, max_size=12))
    found = market(folder)
    found.record([Observation(series="s", valid_time=v, known_at=at(k.isoformat()), value=x) for v, k, x in rows])
    when = at(data.draw(days).isoformat())
    points = found.points("s", when)
    assert all(point.known_at <= when for point in points)
    assert {p.valid_time for p in points} == {v for v, k, _ in rows if at(k.isoformat()) <= when}
    found.close()


@pytest.mark.skipif(not FILES.is_dir(), reason="the folder of real market files is not beside this checkout")
def test_real_files_are_read_with_the_negative_price_of_april_2020(folder):
    import shutil

    for name in ("wti_daily.csv", "us10y_monthly.csv", "us_cpi_monthly.csv"):
        shutil.copy(FILES / name, folder / "data" / name)
    found = market(folder)
    found.refresh(at("2026-09-01"))
    prices = {p.valid_time: p.value for p in found.points("wti_daily.price", at("2026-09-01"))}
    assert prices[date(2020, 4, 20)] == -36.98
    assert prices[date(2026, 4, 7)] == 114.58
    assert found.points("us10y_monthly.rate", at("2026-09-01"))[-1].value == 4.47
