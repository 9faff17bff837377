"""stoa data on a desk: pulled from the services on loopback, listed, shown, checked, compared and drawn."""

import json
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from integrations.cli import app
from memory.errors import StoaError
from tests.fakes.data_services import Fault, data_services

SETTINGS = """
[desk]
name = "data"
today = 2026-08-20

[data.sources.fred]
kind = "fred"
base_url = "{url}/fred"
series = {{ "us.cpi" = "CPIAUCNS" }}

[data.sources.cot]
kind = "cot"
base_url = "{url}/cot"
series = {{ "cftc.silver.net" = "084691/noncomm_net" }}

[data.sources.energy]
kind = "eia"
base_url = "{url}/eia"
series = {{ "wti" = "PET.RWTC.D" }}

[data.sources.mine]
kind = "folder"
path = "elsewhere"
licence = "my own"
"""


class Desk:
    def __init__(self, folder, services):
        self.folder = folder
        self.services = services

    def run(self, *words, code=0):
        done = CliRunner().invoke(app, ["data", *words, "--desk", str(self.folder)])
        if isinstance(done.exception, StoaError):
            assert done.exception.exit_code == code
            return str(done.exception)
        assert done.exit_code == code, done.output
        return done.stdout

    def json(self, *words, code=0):
        return json.loads(self.run(*words, "--json", code=code))


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setenv("FRED_API_KEY", "k3y")
    monkeypatch.delenv("EIA_API_KEY", raising=False)
    with data_services() as services:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "gold.csv").write_text("date,close\n2026-08-18,4200\n2026-08-19,4210\n", encoding="utf-8")
        (tmp_path / "stoa.toml").write_text(SETTINGS.format(url=services.url), encoding="utf-8")
        yield Desk(tmp_path, services)


def test_a_pull_brings_what_it_can_and_names_what_it_cannot(desk):
    found = desk.json("pull", code=1)
    assert {(row["source"], row["series"], row["new"]) for row in found["pulled"]} == {
        ("fred", "us.cpi", 4), ("cot", "cftc.silver.net", 3), ("mine", "gold.close", 2),
    }  # fmt: skip
    assert [(row["source"], row["series"]) for row in found["failed"]] == [("energy", "wti")]
    assert "set EIA_API_KEY" in found["failed"][0]["reason"]
    assert "k3y" not in json.dumps(found)
    again = desk.json("pull", "fred")
    assert again["pulled"][0]["new"] == 0
    assert again["pulled"][0]["cached"]


def test_names_choose_sources_and_series(desk):
    assert [row["series"] for row in desk.json("pull", "cftc.silver.net")["pulled"]] == ["cftc.silver.net"]
    assert [row["series"] for row in desk.json("pull", "gold.close")["pulled"]] == ["gold.close"]
    assert "is no source of stoa.toml" in desk.run("pull", "nobody", code=2)


def test_a_series_is_shown_with_its_origin_and_as_it_was_known(desk):
    desk.run("pull", "fred")
    found = desk.json("show", "us.cpi", "--as-of", "2026-02-20")
    assert [(row["valid_time"], row["value"]) for row in found["values"]] == [("2025-12-01", 324.06), ("2026-01-01", 325.252)]
    assert found["pull"]["url"].startswith(desk.services.url)
    assert found["vintages"] == 3
    assert desk.json("show", "us.cpi", "--as-of", "2026-02-01")["values"][0]["value"] == 324.054
    assert "us.cpi" in desk.run("show", "us.cpi")


def test_what_was_revised_between_two_days_is_told(desk):
    desk.run("pull", "fred")
    found = desk.json("diff", "us.cpi", "--from", "2026-02-01", "--to", "2026-02-28")
    assert [(row["valid_time"], row["before"], row["after"]) for row in found["revised"]] == [("2025-12-01", 324.054, 324.06)]
    assert [row["valid_time"] for row in found["added"]] == ["2026-01-01"]
    assert "turn them round" in desk.run("diff", "us.cpi", "--from", "2026-03-01", "--to", "2026-02-01", code=2)
    assert "1 values added, 1 revised" in desk.run("diff", "us.cpi", "--from", "2026-02-01", "--to", "2026-02-28")


def test_the_desk_lists_checks_and_draws(desk):
    desk.run("pull", code=1)
    assert {row["info"]["series"] for row in desk.json("list")["series"]} == {"us.cpi", "cftc.silver.net", "gold.close"}
    found = desk.json("check")
    assert any(item["series"] == "gold.close" for item in found["findings"])
    assert found["errors"] + found["warnings"] + found["notes"] == len(found["findings"])
    drawn = desk.json("chart", "gold.close", "--title", "黄金 gold", "--out", str(desk.folder / "out"))
    assert sorted(path.suffix for path in (desk.folder / "out").iterdir()) == [".csv", ".json", ".png", ".svg"]
    assert drawn["as_of"] == "2026-08-20"
    assert "LBMA" in desk.run("chart", "lbma.gold", code=2)


def test_files_with_defects_are_found_and_strict_fails(desk):
    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "x.csv").write_text("date,close\n2026-08-17,5\n2026-08-17,6\n2026-08-18,abc\n2026-08-19,7\n", encoding="utf-8")
    found = desk.json("check", "x", "--strict", code=1)
    assert {item["check"] for item in found["findings"] if item["severity"] == "error"} == {"duplicate", "type"}
    assert "errors" in desk.run("check", "x")


def test_a_source_that_is_down_does_not_stop_the_others(desk):
    desk.services.faults.append(Fault(404, body=b"gone"))
    found = desk.json("pull", "fred", "cot", code=1)
    assert [row["source"] for row in found["failed"]] == ["fred"]
    assert [row["source"] for row in found["pulled"]] == ["cot"]


def test_the_desks_own_description_comes_before_the_sources(desk):
    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "series.yaml").write_text(
        "cftc.silver.net: {title: Funds in silver, title_zh: 白银基金净多头}\n", encoding="utf-8"
    )
    desk.run("pull", "cot")
    info = desk.json("show", "cftc.silver.net")["info"]
    assert (info["title"], info["unit"], info["frequency"]) == ("Funds in silver", "contracts", "weekly")


def test_without_sources_or_with_a_wrong_one_a_sentence_says_what_to_write(tmp_path):
    path = tmp_path / "stoa.toml"
    path.write_text("[desk]\n", encoding="utf-8")
    desk = Desk(tmp_path, None)
    assert "[data.sources.NAME]" in desk.run("pull", code=2)
    path.write_text('[data.sources.x]\nkind = "bloomberg"\n', encoding="utf-8")
    assert "take one of fred" in desk.run("pull", code=2)
    path.write_text('[data.sources.x]\nkind = "fred"\nkey = "secret"\n', encoding="utf-8")
    assert "stoa.toml" in desk.run("pull", code=2)


def test_a_growth_column_that_a_folder_brought_is_held_against_its_level(desk):
    level = [100.0, 101.0, 103.0, 102.0, 106.0, 107.5, 109.0, 108.0]
    early = [100 * (b / a - 1) for a, b in pairwise(level)]
    rows = [f"2025-{month:02d},{value},{change:.3f}" for month, (value, change) in enumerate(zip(level, [*early, 0.4], strict=True), 1)]
    (desk.folder / "elsewhere" / "gdp.csv").write_text("\n".join(["date,level,growth", *rows]), encoding="utf-8")
    desk.run("pull", "mine")
    assert "look-ahead" in {item["check"] for item in desk.json("check", "gdp")["findings"] if item["series"] == "gdp.growth"}
