"""The sandbox as a person uses it."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import Stoa

FIELDS = ["tier", "exit_code", "exit_reason", "stdout", "stderr", "files", "rejected", "usage"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    stoa = Stoa(tmp_path_factory.mktemp("sandbox") / "desk")
    stoa.run("init", stoa.desk, desk=False)
    (stoa.desk / "data").mkdir(exist_ok=True)
    (stoa.desk / "data" / "silver.csv").write_text("date,close\n2026-01-02,30\n2026-01-05,31.5\n", encoding="utf-8")
    stoa.run("run")
    return stoa


def test_a_file_runs_on_its_input_and_on_the_desk_s_data_and_is_not_run_twice(desk, tmp_path):
    script, given, result = tmp_path / "a.py", tmp_path / "x.csv", tmp_path / "result.json"
    given.write_text("a\n1\n", encoding="utf-8")
    script.write_text(
        "import duckdb\nprint(open('in/x.csv').read().split())\n"
        "print(duckdb.sql(\"SELECT series, max(value) FROM 'in/data/observations.parquet' GROUP BY 1\").fetchall())\n"
        "open('out/a.csv', 'w').write('a\\n1\\n')\nopen('out/a.html', 'w').write('x')\n", encoding="utf-8",
    )  # fmt: skip
    answer = desk.json("sandbox", "run", script, "--input", given, "--wall", "30", "--result", result)
    assert list(answer) == FIELDS
    assert json.loads(result.read_text(encoding="utf-8")) == answer
    assert (answer["exit_code"], answer["exit_reason"], answer["stderr"]) == (0, "ok", "")
    assert answer["stdout"] == "['a', '1']\n[('silver.close', 31.5)]\n"
    (file,) = answer["files"]
    assert (list(file), file["name"], file["kind"]) == (["name", "kind", "path"], "a.csv", "csv")
    assert Path(file["path"]).read_text(encoding="utf-8") == "a\n1\n"
    assert Path(file["path"]).is_relative_to(desk.desk.resolve() / ".stoa" / "artifacts")
    assert answer["rejected"][0][0] == "a.html"
    again = desk.json("sandbox", "run", script, "--input", given)
    assert again["usage"]["reused"]
    assert {**again, "usage": 0} == {**answer, "usage": 0}


def test_code_that_fails_says_so_in_the_result_and_by_the_exit_code(desk, tmp_path):
    script = tmp_path / "bad.py"
    script.write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    answer = json.loads(desk.run("sandbox", "run", script, "--wall", "0.3", "--json", code=1).stdout)
    assert (answer["exit_reason"], answer["exit_code"]) == ("wall", 137)
    assert "wall" in desk.run("sandbox", "run", script, "--wall", "0.3", code=1).stderr
    assert "check the path" in desk.run("sandbox", "run", tmp_path / "none.py", code=2).stderr


def test_the_doctor_tries_each_wall_and_gives_one_line_for_each(desk):
    checks = desk.json("sandbox", "doctor")["checks"]
    tiers = {check["tier"] for check in checks if check["name"] == "tier" and check["state"] == "ok"}
    assert "landlock" in tiers
    assert len([check for check in checks if check["tier"] == "landlock"]) > 20
    assert [check for check in checks if check["state"] == "fail"] == []
    assert all(check["mend"] for check in checks if check["state"] == "warn")
