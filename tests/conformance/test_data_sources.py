"""What every data source must do, run on each connector against the services on loopback."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import NamedTuple

import pytest

from integrations.data.fetch import ATTEMPTS, LONGEST_WAIT, Fetcher
from integrations.data.folder import Folder
from integrations.data.registry import SOURCES
from integrations.data.yahoo import Yahoo
from memory.data_source import (
    SeriesRequest,
    SourceAnswerError,
    SourceError,
    SourceKeyError,
    SourceUnreachableError,
    observations,
)
from tests.fakes.data_services import Fault, data_services

NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)
KEY = "k3y-of-the-desk"


class Case(NamedTuple):
    """A connector's call, what it gives, and which field of its answer to break."""

    code: str
    first: tuple[str, float]
    known: str
    unit: str
    change: tuple[bytes, bytes] | None
    key: bool = False
    bad: str = ""


CASES = {
    "fred": Case("CPIAUCNS", ("2025-12-01", 324.054), "2026-01-14T22:00", "index", (b'"realtime_start"', b'"rt_start"'), key=True, bad="NOPE"),
    "wdi": Case("USA/NY.GDP.MKTP.CD", ("2022-01-01", 26006893000000), "2023-07-19T12:00", "$", (b'"date"', b'"year"'), bad="USA/NOPE"),
    "pink_sheet": Case("Silver", ("2026-03-01", 74.1), "2026-04-02T18:00", "$/troy oz", None, bad="Unobtainium"),
    "eia": Case("PET.RWTC.D", ("2020-04-20", -36.98), "2020-04-28T21:00", "$/bbl", (b'"period"', b'"when"'), key=True),
    "edgar": Case("1769628/us-gaap/Revenues/USD/quarter", ("2025-06-30", 1212800000), "2025-08-14T02:00", "USD", (b'"filed"', b'"sent"'),
                  bad="1769628/us-gaap/Nope/USD/quarter"),
    "cot": Case("084691/noncomm_net", ("2025-12-30", 30011), "2026-01-05T20:30", "contracts", (b"noncomm_positions_long_all", b"long_all"),
                bad="084691/nothing"),
    "treasury": Case("10 Yr", ("2025-12-31", 4.18), "2025-12-31T23:00", "%", (b'"10 Yr"', b'"10 Year"'), bad="11 Yr"),
    "bls": Case("CUUR0000SA0", ("2025-09-01", 324.8), "2025-10-16T12:30", "", (b'"period"', b'"per"'), bad="XX"),
    "polymarket": Case("us-shutdown/Yes", ("2026-01-08", 0.30), "2026-01-08T00:00", "probability", (b'"clobTokenIds"', b'"tokens"'),
                       bad="no-such/Yes"),
    "metaculus": Case("41234", ("2026-01-08", 0.29), "2026-01-08T08:13", "probability", (b'"recency_weighted"', b'"newest"'), key=True, bad="999"),
    "stooq": Case("slv.us", ("2026-01-05", 69.45), "2026-01-05T23:00", "", (b"Close", b"Last"), bad="nope.us"),
}  # fmt: skip


class Bench(NamedTuple):
    services: object
    waits: list
    source: object

    def pull(self, code, since=None):
        return self.source.pull(SeriesRequest("desk.name", code, since), NOW)


@pytest.fixture(scope="module")
def services():
    with data_services() as running:
        yield running


@pytest.fixture(params=sorted(CASES))
def kind(request):
    return request.param


@pytest.fixture
def bench(services, kind, tmp_path):
    services.faults.clear()
    services.requests.clear()
    waits = []
    return Bench(services, waits, make(kind, services, tmp_path, waits))


def make(kind, services, cache, waits, key=KEY, now_age=timedelta(hours=6)):
    entry = SOURCES[kind]
    cls = getattr(import_module(f"integrations.data.{entry.module}"), entry.cls)
    fetcher = Fetcher(kind, cls.licence, cache, now_age, waits.append)
    return cls(fetcher, f"{services.url}/{kind}", key, "A. Person a.person@example.com")


def test_every_source_of_the_registry_is_held_against_this_suite():
    assert set(SOURCES) == {*CASES, "folder", "yahoo"}


def test_values_come_with_day_unit_and_the_moment_they_were_out(bench, kind):
    case = CASES[kind]
    pulled = bench.pull(case.code)
    first = pulled.values[0]
    assert (first.valid_time, first.value) == (date.fromisoformat(case.first[0]), pytest.approx(case.first[1]))
    info, rows = observations(pulled)
    assert info.series == "desk.name"
    assert info.unit == case.unit
    assert f"{rows[0].known_at:%Y-%m-%dT%H:%M}" == case.known
    assert all(row.known_at.tzinfo is not None and row.known_at.date() >= row.valid_time for row in rows)
    assert [row.valid_time for row in rows] == sorted(row.valid_time for row in rows)


def test_a_missing_value_is_left_out_and_never_nought(bench, kind):
    assert all(value.value not in (0, None) for value in bench.pull(CASES[kind].code).values)


def test_provenance_has_address_time_and_licence_and_no_key(bench, kind):
    pulled = bench.pull(CASES[kind].code)
    assert pulled.provenance.source == kind
    assert pulled.provenance.url.startswith(bench.services.url)
    assert pulled.provenance.fetched_at == NOW
    assert pulled.provenance.licence
    assert pulled.info.licence
    assert KEY not in repr(pulled)
    if CASES[kind].key:
        assert any(KEY in f"{query}{headers}" for _, query, _, headers in bench.services.requests)


def test_values_before_since_are_not_brought(bench, kind):
    case = CASES[kind]
    since = bench.pull(case.code).values[-1].valid_time
    assert {value.valid_time for value in bench.pull(case.code, since).values} == {since}


def test_an_answer_is_asked_for_once_and_again_when_it_is_old(bench, kind):
    case = CASES[kind]
    bench.pull(case.code)
    asked = len(bench.services.requests)
    again = bench.pull(case.code)
    assert len(bench.services.requests) == asked
    assert again.provenance.cached
    later = bench.source.pull(SeriesRequest("desk.name", case.code), NOW + timedelta(hours=7))
    assert len(bench.services.requests) == 2 * asked
    assert not later.provenance.cached


def test_a_busy_service_is_asked_again_after_the_time_it_names_within_bounds(bench, kind):
    bench.services.faults += [Fault(429, headers=(("retry-after", "3"),)), Fault(500), Fault(503, headers=(("retry-after", "86400"),))]
    assert bench.pull(CASES[kind].code).values
    assert bench.waits == [3.0, 1.0, LONGEST_WAIT]


def test_a_service_that_stays_down_is_named_and_nothing_is_kept(bench, kind):
    bench.services.faults += [Fault(500)] * ATTEMPTS
    with pytest.raises(SourceUnreachableError, match=f"{kind} cannot be reached"):
        bench.pull(CASES[kind].code)
    assert len(bench.waits) == ATTEMPTS - 1
    bench.services.faults.clear()
    assert bench.pull(CASES[kind].code).values


def test_a_connection_that_breaks_in_the_midst_is_tried_again(bench, kind):
    bench.services.faults.append(Fault(cut=True))
    assert bench.pull(CASES[kind].code).values
    assert bench.waits == [0.5]


def test_a_body_that_is_cut_short_is_no_data_and_is_not_kept(bench, kind):
    bench.services.faults.append(Fault(short=9))
    with pytest.raises(SourceAnswerError, match=kind):
        bench.pull(CASES[kind].code)
    assert bench.pull(CASES[kind].code).values


def test_a_web_page_instead_of_data_is_said(bench, kind):
    bench.services.faults.append(Fault(body=b"<!DOCTYPE html><html><body>We are improving our site</body></html>"))
    with pytest.raises(SourceAnswerError, match="web page instead of data"):
        bench.pull(CASES[kind].code)


def test_a_changed_field_is_named(bench, kind):
    change = CASES[kind].change
    if change is None:
        bench.services.faults.append(Fault(body=b"PK not a workbook"))
    else:
        places = {"fred": 1, "polymarket": 0, "treasury": 0}
        bench.services.faults += [Fault()] * places.get(kind, 0) + [Fault(change=change)]
    with pytest.raises(SourceAnswerError, match=r"changed|has no column|there is no field|no whole workbook"):
        bench.pull(CASES[kind].code)


def test_a_code_that_does_not_exist_is_a_sentence(bench, kind):
    with pytest.raises(SourceError) as caught:
        bench.pull(CASES[kind].bad or "NOPE-AT-ALL", since=date(2199, 1, 1) if not CASES[kind].bad else None)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refused_key_is_said_without_the_key(bench, kind):
    bench.services.faults.append(Fault(403, body=f"bad key {KEY}".encode()))
    with pytest.raises(SourceKeyError) as caught:
        bench.pull(CASES[kind].code)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("wanting", [name for name, case in sorted(CASES.items()) if case.key])
def test_without_a_key_a_sentence_says_where_to_get_one_and_nothing_is_asked(services, tmp_path, wanting):
    services.requests.clear()
    with pytest.raises(SourceKeyError) as caught:
        make(wanting, services, tmp_path, [], key="").pull(SeriesRequest("s", CASES[wanting].code), NOW)
    assert f"and set {SOURCES[wanting].key}" in str(caught.value)
    assert services.requests == []


def test_fred_gives_every_vintage(services, tmp_path):
    services.faults.clear()
    pulled = make("fred", services, tmp_path, []).pull(SeriesRequest("cpi", "CPIAUCNS"), NOW)
    december = [(value.value, f"{value.known_at:%Y-%m-%d}") for value in pulled.values if value.valid_time == date(2025, 12, 1)]
    assert sorted(december, key=lambda pair: pair[1]) == [(324.054, "2026-01-14"), (324.06, "2026-02-13"), (324.054, "2026-03-11")]


def test_fred_says_when_a_series_has_too_many_vintages(services, tmp_path):
    pulled = make("fred", services, tmp_path, []).pull(SeriesRequest("ust10", "DGS10"), NOW)
    assert "too many vintages" in pulled.notes[0]
    assert all(value.vintage == "" for value in pulled.values)


def test_bls_leaves_out_the_yearly_average_and_says_what_was_not_published(services, tmp_path):
    pulled = make("bls", services, tmp_path, []).pull(SeriesRequest("cpi", "CUUR0000SA0"), NOW)
    assert [value.valid_time.month for value in pulled.values] == [9, 11, 12]
    assert pulled.notes == ("not published: 2025-10 (Data unavailable due to the 2025 lapse in appropriations)",)
    assert b'"registrationkey"' in services.requests[-1][2]


def test_edgar_tells_a_quarter_from_nine_months_and_keeps_an_amended_figure_as_a_vintage(services, tmp_path):
    pulled = make("edgar", services, tmp_path, []).pull(SeriesRequest("rev", CASES["edgar"].code), NOW)
    assert [(value.valid_time.isoformat(), value.value) for value in pulled.values] == [
        ("2025-06-30", 1212800000), ("2025-09-30", 1364700000), ("2025-09-30", 1364900000),
    ]  # fmt: skip
    assert services.requests[-1][3]["user-agent"] == "A. Person a.person@example.com"


def test_positions_of_tuesday_are_known_on_friday_and_after_a_holiday_on_monday():
    from integrations.data.cot import released

    assert released(date(2026, 1, 6)).isoformat() == "2026-01-09T20:30:00+00:00"
    assert released(date(2025, 11, 25)).isoformat() == "2025-12-01T20:30:00+00:00"  # Thanksgiving
    assert released(date(2026, 6, 30)).isoformat() == "2026-07-06T19:30:00+00:00"  # 4 July kept on Friday the 3rd, summer time


def test_metaculus_reads_only_yes_or_no(services, tmp_path):
    with pytest.raises(SourceAnswerError, match="yes or no"):
        make("metaculus", services, tmp_path, []).pull(SeriesRequest("q", "999"), NOW)


def test_stooq_says_when_the_day_is_used_up(services, tmp_path):
    with pytest.raises(SourceAnswerError, match="try again tomorrow"):
        make("stooq", services, tmp_path, []).pull(SeriesRequest("x", "limit.us"), NOW)


def test_a_folder_gives_the_series_of_csv_parquet_and_excel_files(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq
    from openpyxl import Workbook

    (tmp_path / "gold.csv").write_text("date,close\n2026-01-05,4400\n2026-01-06,4410\n", encoding="utf-8")
    pq.write_table(pa.table({"date": ["2026-01-05"], "close": [78.1]}), tmp_path / "silver.parquet")
    book = Workbook()
    for row in (["date", "close"], [datetime(2026, 1, 5), 5.9], [datetime(2026, 1, 6), 6.0]):
        book.active.append(row)
    book.save(tmp_path / "copper.xlsx")
    folder = Folder(tmp_path, "my own")
    assert sorted(folder.offers()) == ["copper.close", "gold.close", "silver.close"]
    pulled = folder.pull(SeriesRequest("metal.copper", "copper.close", date(2026, 1, 6)), NOW)
    assert [(value.valid_time, value.value) for value in pulled.values] == [(date(2026, 1, 6), 6.0)]
    assert pulled.provenance.licence == "my own"
    with pytest.raises(SourceAnswerError, match="has no series"):
        folder.pull(SeriesRequest("x", "tin.close"), NOW)
    with pytest.raises(SourceAnswerError, match="is no folder"):
        Folder(tmp_path / "none").offers()


def test_yahoo_decides_no_forecast_and_names_its_extra():
    pulled = Yahoo(lambda code, since: [(date(2026, 1, 5), 69.45), (date(2026, 1, 6), float("nan"))]).pull(SeriesRequest("slv", "SLV"), NOW)
    assert [value.value for value in pulled.values] == [69.45]
    assert not pulled.info.resolves
    from importlib.util import find_spec

    if find_spec("yfinance") is None:
        with pytest.raises(SourceAnswerError, match=r"stoa-desk\[yahoo\]"):
            Yahoo().pull(SeriesRequest("slv", "SLV"), NOW)
