"""The data tools on a small desk: a number against its vintages, what may decide a forecast, and what is missing."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from agents.errors import ToolError
from agents.tool import call
from agents.workbench import Workbench
from integrations.report.painter import FilePainter
from memory.book import Book
from memory.forecasts import Forecasts
from memory.market import Market
from memory.observation import Observation, SeriesInfo
from memory.recall import Recall
from memory.thesis import Approval, ForecastDraft, Proposal


def at(day):
    return datetime.fromisoformat(day).replace(hour=22, tzinfo=UTC)


def months(count, start=(2024, 1)):
    places = [divmod(12 * start[0] + start[1] - 1 + i, 12) for i in range(count)]
    return [date(year, month + 1, 1) for year, month in places]


@pytest.fixture
def bench(database, store, clock, tmp_path):
    market = Market(tmp_path / "data", tmp_path / "log")
    rows = []
    for i, day in enumerate(months(25)):
        if day != date(2025, 10, 1):
            known = at(f"{day.year + (day.month == 12)}-{day.month % 12 + 1:02d}-13")
            rows.append(Observation(series="us.cpi", valid_time=day, known_at=known, value=300 + i, vintage="first"))
    rows.append(Observation(series="us.cpi", valid_time=date(2026, 1, 1), known_at=at("2026-02-25"), value=325.5, vintage="second"))
    for i in range(30):
        day = date.fromordinal(date(2026, 1, 5).toordinal() + i)
        if day.weekday() < 5:
            rows.append(Observation(series="comex.silver", valid_time=day, known_at=at(day.isoformat()), value=76.93 + i))
            rows.append(Observation(series="slv.yahoo", valid_time=day, known_at=at(day.isoformat()), value=69.0 + i))
            rows.append(Observation(series="wti", valid_time=day, known_at=at(day.isoformat()), value=-36.98 if i == 9 else 60.0 + i))
    market.record(rows)
    market.describe([
        SeriesInfo(series="us.cpi", unit="index", frequency="monthly", kind="average", source="FRED CPIAUCNS", lag_days=43, licence="x"),
        SeriesInfo(series="comex.silver", title="COMEX 白银 silver", unit="$/oz", currency="USD", kind="settle", source="a file", licence="x"),
        SeriesInfo(series="slv.yahoo", unit="$/share", source="Yahoo SLV", resolves=False, licence="x"),
        SeriesInfo(series="slv.twice", unit="$/share", formula="slv.yahoo * 2"),
        SeriesInfo(series="wti", unit="$/bbl", source="EIA", licence="x"),
    ])  # fmt: skip
    book = Book(database, clock)
    patch = {"slug": "silver", "title": "Silver", "claim": "Silver rises.", "stance": "long", "conviction": 0.6}
    proposal = Proposal(thesis="silver", against="", author="person", patch=patch, rationale="first", idempotency_key="k")
    book.commit(proposal, Approval(by="person", at=at("2026-01-02"), mode="person"), at("2026-01-02"))
    made = Workbench(
        store, book, Recall(database, store, lambda: None), market, Forecasts(database, clock), at("2026-02-27"), "r1",
        painter=FilePainter(tmp_path / "charts"),
    )  # fmt: skip
    yield made
    market.close()


def check(bench, stated, **more):
    return call("data.factcheck", {"series": "us.cpi", "stated": stated, **more}, bench)


def test_a_stated_number_holds_within_half_a_unit_of_its_last_digit(bench):
    assert check(bench, "325.5").verdict == "holds"
    assert check(bench, "326").verdict == "holds"  # 325.5 rounds to it
    assert check(bench, "325.60").verdict == "differs"
    found = check(bench, "310", on="2024-11")
    assert (found.verdict, found.period, found.found, f"{found.known_at:%Y-%m-%d}") == ("holds", "2024-11", 310.0, "2024-12-13")


def test_a_number_that_was_right_when_published_is_called_revised_with_both_vintages(bench):
    found = check(bench, "324.0", on="2026-01")
    assert found.verdict == "revised"
    assert [(f"{stand.known_at:%Y-%m-%d}", stand.value) for stand in found.vintages] == [("2026-02-13", 324.0), ("2026-02-25", 325.5)]
    early = Workbench(**{**bench.__dict__, "as_of": at("2026-02-20"), "_derived": []})
    assert check(early, "324.0", on="2026-01").verdict == "holds"


def test_a_year_is_counted_by_the_calendar_and_a_missing_month_is_not_bridged(bench):
    assert check(bench, "7.4 %", on="2025-11", measure="year_on_year").found == pytest.approx(100 * (322 / 310 - 1))
    lost = check(bench, "1", on="2025-11", measure="change")
    assert (lost.verdict, lost.found) == ("unknown", None)
    assert "period that is missing" in lost.reason
    gone = check(bench, "321", on="2025-10")
    assert gone.verdict == "unknown"
    assert "the last before is 2025-09-01" in gone.reason


def test_units_that_differ_are_not_compared(bench):
    found = call("data.factcheck", {"series": "comex.silver", "stated": "76.93 %"}, bench)
    assert (found.verdict, found.reason) == ("unknown", "it is stated in % and the series is in $/oz: convert it first")
    assert call("data.factcheck", {"series": "comex.silver", "stated": "$76.93/oz", "on": "2026-01-05"}, bench).verdict == "holds"


def test_a_day_without_a_value_is_unknown_and_a_month_of_days_must_be_named_by_the_day(bench):
    assert "no value for 2026-01-10" in call("data.factcheck", {"series": "comex.silver", "stated": "80", "on": "2026-01-10"}, bench).reason
    assert "name the day" in call("data.factcheck", {"series": "comex.silver", "stated": "80", "on": "2026-01"}, bench).reason


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lbma.silver.am", "LBMA and ICE Benchmark"),
        ("slv.option_chain.june", "option chain is sold"),
        ("comex.silvr", "did you mean comex.silver"),
    ],
)
@pytest.mark.parametrize("tool", ["data.factcheck", "data.chart", "data.check"])
def test_a_missing_leg_is_refused_and_what_would_settle_it_is_said(bench, tool, name, words):
    arguments = {
        "data.factcheck": {"series": name, "stated": "1"},
        "data.chart": {"kind": "line", "series": [name]},
        "data.check": {"series": [name]},
    }
    with pytest.raises(ToolError, match=words):
        call(tool, arguments[tool], bench)


def forecast(bench, name, rule, by="2026-01-30"):
    draft = ForecastDraft(name=name, text=name, probability=0.7, rule=rule, resolve_by=date.fromisoformat(by))
    return bench.forecasts.register("silver", draft, at("2026-01-03"))


def test_due_forecasts_are_decided_by_rule_and_the_rest_stays_open_with_the_reason(bench):
    forecast(bench, "up", "last(comex.silver) > 80")
    forecast(bench, "down", "last(comex.silver) < 80")
    forecast(bench, "unofficial", "last(slv.yahoo) > 80")
    forecast(bench, "behind-a-formula", "last(slv.twice) > 80")
    forecast(bench, "missing-leg", "last(lbma.silver.am) > 80")
    forecast(bench, "by-hand", "")
    forecast(bench, "later", "last(comex.silver) > 80", "2026-12-31")
    forecast(bench, "data-ended", "last(us.cpi) > 1", "2026-02-26")
    found = {row.name: row for row in call("data.resolve", {}, bench).resolved}
    assert {name: row.outcome for name, row in found.items()} == {
        "up": "yes", "down": "no", "unofficial": "open", "behind-a-formula": "open", "missing-leg": "open", "by-hand": "open", "data-ended": "yes",
    }  # fmt: skip
    assert found["up"].evidence[0]["source"] == "comex.silver"
    assert "not official" in found["unofficial"].reason
    assert "slv.yahoo is not official" in found["behind-a-formula"].reason
    assert "LBMA" in found["missing-leg"].reason
    again = call("data.resolve", {}, bench).resolved
    assert {row.name for row in again} == {"unofficial", "behind-a-formula", "missing-leg", "by-hand"}


def test_data_that_end_long_before_the_day_decide_nothing(bench):
    forecast(bench, "stale", "last(comex.silver) > 80", "2026-02-20")
    row = call("data.resolve", {"forecast": "stale"}, bench).resolved[0]
    assert row.outcome == "open"
    assert row.reason.startswith("the data of comex.silver end on 2026-02-03, before 2026-02-20")
    with pytest.raises(ToolError, match="no open forecast"):
        call("data.resolve", {"forecast": "nobody"}, bench)


def test_a_query_sees_the_as_of_and_no_file(bench):
    found = call("data.sql", {"query": "SELECT value FROM latest WHERE series = 'us.cpi' ORDER BY valid_time DESC LIMIT 1"}, bench)
    assert found.rows == [{"value": 325.5}]
    from memory.errors import InputError

    with pytest.raises(InputError, match="does not run"):
        call("data.sql", {"query": "SELECT * FROM read_csv('/etc/passwd')"}, bench)


def test_quality_is_told_before_use(bench):
    found = call("data.check", {"series": ["wti"]}, bench)
    assert any(item.check == "negative" and item.rows == ("2026-01-14 -36.98",) for item in found.findings)


def test_a_chart_has_files_whose_numbers_are_those_of_the_series(bench):
    found = call("data.chart", {"kind": "line", "series": ["comex.silver", "wti"], "title": "白银与原油"}, bench)
    assert set(found.files) == {"png", "svg", "csv", "json"}
    assert Path(found.files["png"]).read_bytes().startswith(b"\x89PNG")
    picture = json.loads(Path(found.files["json"]).read_text(encoding="utf-8"))
    assert picture["lines"][0]["y"][0] == 76.93
    assert (found.as_of, found.sources, found.units) == ("2026-02-27", ["a file", "EIA"], ["$/bbl", "$/oz"])
    lines = Path(found.files["csv"]).read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["line,unit,x,y", "COMEX 白银 silver,$/oz,2026-01-05,76.93"]
    assert len(lines) == 1 + found.points


def test_marks_are_computed_from_the_numbers(bench):
    fly = {"numbers": [[50, 0], [70, 0], [90, 20], [110, 0], [130, 0]], "unit": "$/share", "source": "quant.structure", "cost": 2.5}
    assert call("data.chart", {"kind": "payoff", "given": fly}, bench).marks == ["break-even 72.50", "break-even 107.50"]
    curve = {"numbers": [["2026-06", 75], ["2027-06", 66], ["2028-06", 60]], "unit": "$/bbl", "source": "quant.curve"}
    assert call("data.chart", {"kind": "curve", "given": curve}, bench).marks == ["backwardation"]
    assert call("data.chart", {"kind": "scatter", "series": ["comex.silver", "slv.yahoo"]}, bench).marks == [
        "n = 22, correlation 1.00, slope 1"
    ]
    fan = {"numbers": [[2026, 1, 2, 3, 4, 5], [2027, 1, 2, 3, 4, 6]], "unit": "%", "source": "quant.supply_demand"}
    assert call("data.chart", {"kind": "fan", "given": fan}, bench).points == 10
    assert call("data.chart", {"kind": "drawdown", "series": ["comex.silver"]}, bench).marks == []
    heat = call("data.chart", {"kind": "heat", "series": ["comex.silver", "wti"]}, bench)
    assert Path(heat.files["csv"]).read_text(encoding="utf-8").startswith("series,COMEX 白银 silver,wti\nCOMEX 白银 silver,1.0,")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "drawdown", "series": ["wti"]}, "-36.98 on 2026-01-14"),
        ({"kind": "payoff"}, "unit and source"),
        ({"kind": "line"}, "takes 1 to 6 series"),
        ({"kind": "line", "series": ["wti", "comex.silver", "us.cpi"]}, "3 units"),
        ({"kind": "line", "series": ["wti"], "since": "2026-02-26"}, "a chart needs two"),
        ({"kind": "line", "series": ["wti"], "given": {"numbers": [[1, 2]], "unit": "x", "source": "y"}}, "not given numbers"),
        ({"kind": "fan", "given": {"numbers": [[1, 2], [2, 3]], "unit": "%", "source": "y"}}, "has 6 entries"),
        ({"kind": "curve", "given": {"numbers": [["soon", 2], ["later", 3]], "unit": "%", "source": "y"}}, "is no date"),
        ({"kind": "heat", "series": ["us.cpi", "us.cpi", "slv.twice"]}, "share"),
    ],
)
def test_a_chart_that_cannot_be_drawn_honestly_is_refused(bench, arguments, words):
    with pytest.raises(ToolError, match=words):
        call("data.chart", arguments, bench)
