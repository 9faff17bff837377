"""Each defect of the eleven real files is found where it is, and nowhere else."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.errors import InputError
from memory.quality import check_sheets, log_returns, read_sheets
from memory.quality.growth import year_on_year
from memory.quality.sources import copied, reconcile
from memory.quality.times import averaging

FILES = Path(__file__).parents[4] / "shared" / "data" / "market"
HERE = Path(os.environ.get("MARKET_FILES", FILES))
pytestmark = pytest.mark.skipif(not HERE.is_dir(), reason="the folder of real market files is not beside this checkout")

NOW = datetime(2026, 8, 20, tzinfo=UTC)
VENUES = {"wti_daily": "XNYS", "brent_daily": "XLON", "henryhub_daily": "XNYS"}
PINK = "worldbank_pinksheet_monthly"
FIXED = ("coal_australian", "crude_oil_brent", "crude_oil_dubai", "iron_ore_cfr_spot", "liquefied_natural_gas_japan", "natural_gas_europe",
         "natural_gas_us", "nickel")  # fmt: skip
STILL = ("aluminum", "coal_australian", "copper", "gold", "iron_ore_cfr_spot", "platinum", "silver")
PEGS = ("australia", "china", "malaysia", "sri_lanka", "thailand", "venezuela")
ENDED = ("austria", "belgium", "finland", "france", "germany", "greece", "ireland", "italy", "netherlands", "portugal", "spain")
EXPECTED = {
    "missing": {"henryhub_daily.price"},
    "gap": {"henryhub_daily.price", "us_cpi_monthly.index", "us_cpi_monthly.inflation",
            *(f"world_gdp_annual.{code}" for code in ("chi", "dji", "gnq", "irn", "maf", "slb"))},
    "stale": {"henryhub_daily.price", *(f"{PINK}.{name}" for name in STILL), *(f"fx_monthly.{name}" for name in PEGS)},
    "repeated": {"gold_monthly_1833.price", *(f"{PINK}.{name}" for name in FIXED)},
    "look-ahead": {"us_gdp_quarterly.change_current", "us_gdp_quarterly.change_chained"},
    "growth over a gap": {"us_cpi_monthly.inflation"},
    "year by row": {"us_cpi_monthly.index"},
    "negative": {"wti_daily.price"},
    "unit": {"world_gdp_annual.geo", "world_gdp_annual.irq", "fx_monthly.venezuela"},
    "quote direction": {f"fx_monthly.{name}" for name in ("australia", "euro", "ireland", "new_zealand", "united_kingdom")},
    "session": {"wti_daily.price", "brent_daily.price", "henryhub_daily.price"},
    "type": set(), "duplicate": set(), "order": set(), "time zone": set(), "frequency": set(), "currency": set(),
}  # fmt: skip


@pytest.fixture(scope="module")
def sheets():
    licences = {entry["file"]: entry["licence"] for entry in json.loads((HERE / "MANIFEST.json").read_text(encoding="utf-8"))}
    return {path.stem: read_sheets(path, path.name, licence=licences[path.name]) for path in sorted(HERE.glob("*.csv"))}


@pytest.fixture(scope="module")
def found(sheets):
    return [item for name, there in sheets.items() for item in check_sheets(there, NOW, VENUES.get(name, ""))]


@pytest.fixture(scope="module")
def rows(sheets):
    return {sheet.info.series: sheet.rows for there in sheets.values() for sheet in there}


def of(found, check, series):
    return next(item for item in found if item.check == check and item.series == series and item.severity != "note")


@pytest.mark.parametrize("check", sorted(EXPECTED))
def test_a_defect_is_found_where_it_is_and_nowhere_else(found, check):
    assert {item.series for item in found if item.check == check and item.severity != "note"} == EXPECTED[check]


def test_every_file_gives_its_series(sheets):
    assert {name: len(there) for name, there in sheets.items()} == {
        "brent_daily": 1, "fx_monthly": 34, "gold_monthly_1833": 1, "henryhub_daily": 1, "us10y_monthly": 1, "us_cpi_monthly": 2,
        "us_gdp_quarterly": 4, "world_gdp_annual": 262, "world_population_annual": 265, PINK: 17, "wti_daily": 1,
    }  # fmt: skip
    assert sum(len(sheet.rows) for sheet in sheets["fx_monthly"]) == 17237


def test_the_rows_are_named(found):
    assert of(found, "missing", "henryhub_daily.price").rows == ("2018-01-05 blank (line 5286)",)
    assert of(found, "gap", "henryhub_daily.price").rows == ("2005-09-23 to 2005-10-06 (10 days)",)
    assert of(found, "gap", "us_cpi_monthly.index").rows == ("2025-10",)
    assert of(found, "growth over a gap", "us_cpi_monthly.inflation").rows == ("2025-11-01 -0.21 (line 1355)",)
    assert of(found, "negative", "wti_daily.price").rows == ("2020-04-20 -36.98 (line 8645)",)
    assert of(found, "repeated", "gold_monthly_1833.price").rows == ("1833-01-01 to 1959-12-01",)
    assert of(found, "year by row", "us_cpi_monthly.index").count == 7
    assert "533,906 times" in of(found, "unit", "world_gdp_annual.geo").rows[0]


def test_data_that_stopped_is_told_from_data_that_goes_on(found):
    late = {item.series for item in found if item.check == "freshness"}
    assert {name for name in late if name.startswith("fx_monthly")} == {f"fx_monthly.{name}" for name in ENDED}
    assert {name for name in late if name.startswith("us_gdp")} == {
        f"us_gdp_quarterly.{name}" for name in ("level_current", "level_chained", "change_current", "change_chained")
    }
    assert not [name for name in late if name.startswith(("wti", "brent", "henry", "us10y", "us_cpi", "gold", PINK, "world_pop"))]


def test_reference_dates_are_named_for_periods_and_not_for_days(found):
    dated = {item.series.partition(".")[0] for item in found if item.check == "release date"}
    assert dated.isdisjoint(VENUES)
    assert {"us10y_monthly", "us_gdp_quarterly", "us_cpi_monthly", "gold_monthly_1833", "world_gdp_annual"} <= dated


def test_a_licence_that_nobody_confirmed_is_named_and_a_clear_one_is_not(found):
    unsure = {item.series.partition(".")[0] for item in found if item.check == "licence"}
    assert unsure == {"world_gdp_annual", "world_population_annual", PINK}


@pytest.mark.parametrize(
    ("month", "day"), [("crude_oil_wti", "wti_daily"), ("crude_oil_brent", "brent_daily"), ("natural_gas_us", "henryhub_daily")]
)
def test_a_monthly_average_called_a_close_is_found_and_called_an_average_is_not(sheets, rows, month, day):
    info = next(sheet.info for sheet in sheets[PINK] if sheet.info.series == f"{PINK}.{month}")
    wrong = averaging(info.model_copy(update={"kind": "close"}), rows[f"{PINK}.{month}"], rows[f"{day}.price"], day)
    assert wrong[0].message.startswith("it is described as close, but is the average of the days")
    assert averaging(info.model_copy(update={"kind": "average"}), rows[f"{PINK}.{month}"], rows[f"{day}.price"], day) == []


def test_two_sources_of_gold_differ_where_one_was_rounded(rows):
    apart = reconcile("gold", "pink sheet", rows["gold_monthly_1833.price"], rows[f"{PINK}.gold"], 0.005)[0]
    assert (apart.count, apart.severity, apart.rows[0]) == (25, "warning", "1968-07: 39.46 against 39")
    assert reconcile("gold", "pink sheet", rows["gold_monthly_1833.price"], rows[f"{PINK}.gold"], 0.02) == []


def test_brent_before_1979_is_dubai_and_no_other_pair_is_one(sheets):
    there = [(sheet.info.series, sheet.rows) for sheet in sheets[PINK]]
    pairs = [(a, b, item) for i, (a, x) in enumerate(there) for b, y in there[i + 1 :] for item in copied(a, b, x, y)]
    assert [(a, b, item.rows) for a, b, item in pairs] == [(f"{PINK}.crude_oil_brent", f"{PINK}.crude_oil_dubai", ("1960-01 to 1978-12",))]


def test_a_log_return_over_the_negative_price_is_refused_by_its_day(rows):
    with pytest.raises(InputError, match=r"2020-04-20 has -36\.98"):
        log_returns(rows["wti_daily.price"])
    assert len(log_returns(rows["brent_daily.price"])) == 9957


def test_consumer_prices_year_on_year_go_by_the_calendar(rows):
    change = {item.day.isoformat()[:7]: item for item in year_on_year(rows["us_cpi_monthly.index"])}
    assert round(change["2025-01"].value, 1) == 3.0
    assert round(change["2025-11"].value, 2) == 2.74  # 324.122 on 315.493 of November 2024
    assert change["2025-11"].base == "2024-11"
