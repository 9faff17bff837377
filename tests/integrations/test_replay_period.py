"""The desk run again over a period, on the example and on real prices."""

import csv
import json
import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from integrations.desk import Desk
from integrations.replay_period import Plan, as_markdown, days, replay_period
from memory.errors import InputError
from tests.acceptance.conftest import EXAMPLE

REAL = Path(os.environ.get("MARKET_FILES", Path(__file__).parents[3] / "shared" / "data" / "market")) / "wti_daily.csv"
THESES = ("metals-over-oil", "us-shutdown")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two theses of the example, with its data and the notes that they need."""
    made = tmp_path_factory.mktemp("replay") / "desk"
    shutil.copytree(EXAMPLE, made, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (made / "theses").glob("*.yaml"):
        if path.stem not in THESES:
            path.unlink()
    for path in (made / "sources" / "notes").iterdir():
        if "oil" not in path.name and "hormuz" not in path.name:
            path.unlink()
    return made


def replayed(folder, plan):
    with Desk(folder) as desk:
        return replay_period(desk, plan)


def first_fired(document):
    return next((run["day"] for run in document["runs"] if any(item["thesis"] == "metals-over-oil" for item in run["fired"])), None)


SPRING = Plan(date(2026, 3, 20), date(2026, 4, 10), "week")


@pytest.fixture(scope="module")
def spring(folder):
    return replayed(folder, SPRING)


def test_two_replays_are_the_same_byte_for_byte_and_the_desk_is_not_touched(folder, spring):
    before = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and ".stoa" not in path.parts)
    assert json.dumps(replayed(folder, SPRING), ensure_ascii=False) == json.dumps(spring, ensure_ascii=False)
    assert sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and ".stoa" not in path.parts) == before
    with Desk(folder) as desk:
        assert desk.book.theses() == []


def test_a_falsifier_fires_when_its_value_is_known_and_conviction_follows_once_people_agree(spring):
    document = spring
    path = document["theses"]["metals-over-oil"]["path"]
    assert first_fired(document) is not None
    assert "challenged" in [status for _, _, status in path]
    assert path[-1][1] < path[0][1]
    legs = document["theses"]["metals-over-oil"]["positions"][0]
    assert [leg["instrument"] for leg in legs["legs"] if leg["priced"]] == ["LME copper", "WTI"]
    assert legs["result"] is None, "tonnes and barrels do not add up"
    assert {item["name"]: item["outcome"] for item in document["forecasts"]}["shutdown-low"] == "no"
    assert "falsifier fired: **metals-over-oil**" in as_markdown(document)


def test_with_nobody_there_the_questions_stay_open_and_a_challenged_thesis_stays_challenged(folder):
    document = replayed(folder, Plan(date(2026, 4, 3), date(2026, 4, 10), "week", "absent"))
    assert {answer["answer"] for run in document["runs"] for answer in run["asked"]} == {"left open"}
    assert document["theses"]["metals-over-oil"]["path"][-1][2] == "challenged"


def test_on_real_prices_the_oil_falsifier_fires_in_2026_and_not_before_the_price_was_known(folder, tmp_path):
    if not REAL.exists():
        pytest.skip(f"the real prices are not here: {REAL}")
    desk = tmp_path / "desk"
    shutil.copytree(folder, desk, ignore=shutil.ignore_patterns(".stoa"))
    with REAL.open(encoding="utf-8") as file:
        rows = [(row["Date"], float(row["Price"])) for row in csv.DictReader(file) if row["Date"] >= "2025-06-01"]
    text = "date,front,dec27\n" + "".join(f"{day},{price},{price}\n" for day, price in rows)
    (desk / "data" / "nymex.wti.csv").write_text(text, encoding="utf-8")
    document = replayed(desk, Plan(date(2026, 1, 1), date(2026, 6, 30), "week"))
    known = dict(rows)

    def last_price(day):
        return known[max(name for name in known if name <= day)]

    expected = next(run["day"] for run in document["runs"] if last_price(run["day"]) > 90)
    assert first_fired(document) == expected
    assert expected.startswith("2026")
    assert max(price for day, price in rows if day < "2026-01-01") < 90
    assert len(document["runs"]) == 27


def test_the_days_of_a_replay_hold_both_ends_and_months_end_where_they_end():
    assert days(date(2026, 1, 1), date(2026, 1, 15), "week") == [date(2026, 1, 1), date(2026, 1, 8), date(2026, 1, 15)]
    assert days(date(2026, 1, 31), date(2026, 3, 31), "month") == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    assert days(date(2026, 1, 1), date(2026, 1, 1), "day") == [date(2026, 1, 1)]
    with pytest.raises(InputError, match="earlier day"):
        days(date(2026, 2, 1), date(2026, 1, 1), "day")
    with pytest.raises(InputError, match="shorter period"):
        days(date(2020, 1, 1), date(2026, 1, 1), "day")


def test_a_period_before_any_thesis_is_refused_by_name(folder):
    with pytest.raises(InputError, match="held no thesis until 2020-01-31"):
        replayed(folder, Plan(date(2020, 1, 1), date(2020, 1, 31), "week"))
