"""A look into the past sees the past: what was known later neither speaks nor moves anything."""

import csv
import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pytest
import yaml

from tests.acceptance.conftest import EXAMPLE, Stoa

DAY = date(2026, 1, 31)


def rows(stoa, query):
    with closing(sqlite3.connect(stoa.desk / ".stoa" / "desk.db")) as connection:
        return connection.execute(query).fetchall()


def without_the_later(folder):
    """The example desk as if nothing of it that was known after the day had ever been written."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "sources" / "notes").iterdir():
        if path.name[:10] > DAY.isoformat():
            path.unlink()
    lags = {
        name: item.get("lag_days", 0)
        for name, item in yaml.safe_load((folder / "data" / "series.yaml").read_text(encoding="utf-8")).items()
    }
    for path in (folder / "data").glob("*.csv"):
        _cut(path, lags)
    return Stoa(folder)


def _cut(path, lags):
    header, *lines = csv.reader(path.read_text(encoding="utf-8").splitlines())
    kept = [header]
    for line in lines:
        day = date.fromisoformat(line[0])
        cells = [
            cell if day + timedelta(days=lags.get(f"{path.stem}.{column}", 0)) <= DAY else ""
            for column, cell in zip(header[1:], line[1:], strict=True)
        ]
        if any(cells):
            kept.append([line[0], *cells])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(kept)


@pytest.fixture(scope="module")
def early(tmp_path_factory):
    stoa = Stoa(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("early") / "desk", ignore=shutil.ignore_patterns("__pycache__")))
    return stoa, stoa.json("run", "--run-id", "early", "--as-of", DAY.isoformat())


def said(stoa):
    """What the run believed, found and said, without ids and times."""
    revisions = []
    for thesis, n, body in rows(stoa, "SELECT thesis, n, body FROM revisions ORDER BY thesis, n"):
        raw = json.loads(body)
        if raw["run_id"] == "early":
            revisions.append((thesis, n, raw["patch"], raw["rationale"], [item["quote"] for item in raw["evidence"]]))
    texts = rows(stoa, "SELECT kind, body FROM records WHERE run_id = 'early' AND kind IN ('finding', 'message') ORDER BY kind, body")
    questions = rows(stoa, "SELECT thesis, question FROM approvals ORDER BY thesis, question")
    return {"revisions": revisions, "texts": texts, "questions": questions}


def test_a_run_as_of_a_day_is_the_run_of_a_desk_that_never_saw_the_rest(early, tmp_path):
    cut = without_the_later(tmp_path / "desk")
    cut.run("run", "--run-id", "early", "--as-of", DAY.isoformat())
    assert said(early[0]) == said(cut)


def test_no_evidence_no_figure_and_no_revision_rests_on_what_was_known_later(early):
    stoa, result = early
    assert result["fired"] == []
    assert result["revisions"]
    cited = {item["record"] for revision in result["revisions"] for item in revision["evidence"]}
    known = rows(stoa, f"SELECT id, known_at, source_uri FROM records WHERE id IN ({', '.join(repr(name) for name in sorted(cited))})")
    assert {row[0] for row in known} == cited
    for _, when, source in known:
        assert when[:10] <= DAY.isoformat()
        if source.startswith("sources/"):
            assert source.rpartition("/")[2][:10] <= DAY.isoformat()
    for when, body in rows(stoa, "SELECT effective_at, body FROM revisions WHERE n > 1"):
        assert when[:10] <= DAY.isoformat()
        assert "114" not in json.loads(body)["rationale"]
    for (body,) in rows(stoa, "SELECT body FROM records WHERE run_id = 'early' AND kind IN ('finding', 'figure', 'message')"):
        dates = re.findall(r"known (\d{4}-\d\d-\d\d)", body)
        assert all(day <= DAY.isoformat() for day in dates), body


def test_a_run_without_a_day_goes_on_from_there(early, tmp_path):
    stoa = Stoa(shutil.copytree(early[0].desk, tmp_path / "desk"))
    before = dict(rows(stoa, "SELECT thesis || n, hash FROM revisions"))
    later = stoa.json("run")
    assert [item["thesis"] for item in later["fired"]] == ["metals-over-oil"]
    assert stoa.json("thesis", "show", "metals-over-oil")["status"] == "challenged"
    after = dict(rows(stoa, "SELECT thesis || n, hash FROM revisions"))
    assert before.items() <= after.items()
    assert len(after) > len(before)
    then = stoa.json("thesis", "show", "metals-over-oil", "--as-of", DAY.isoformat())
    assert then["status"] == "active"
    stoa.run("verify")
