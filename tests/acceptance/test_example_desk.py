import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.acceptance.conftest import ROOT, Stoa, environment


def test_the_first_run_revises_theses_with_quotes_that_open_their_source(finished):
    stoa, result = finished
    assert (result["model"], result["status"]) == ("no model", "waiting")
    quoted = set()
    for revision in result["revisions"]:
        assert revision["evidence"]
        for item in revision["evidence"]:
            if item["source_uri"].startswith("sources/"):
                text = (stoa.desk / item["source_uri"]).read_text(encoding="utf-8")
                assert item["quote"] in re.sub(r"<[^>]+>", "", text)
                quoted.add(revision["thesis"])
            else:
                assert (stoa.desk / item["source_uri"]).exists()
    assert len(quoted) >= 3
    assert not any("[unsupported]" in revision["rationale"] for revision in result["revisions"])


def test_the_oil_falsifier_fires_and_challenges_its_thesis_while_a_person_is_asked(finished):
    stoa, result = finished
    assert [(item["thesis"], item["values"]) for item in result["fired"]] == [("metals-over-oil", [114.58])]
    assert [r["status"] for r in result["revisions"] if r["thesis"] == "metals-over-oil"] == ["challenged"]
    assert "metals-over-oil" in [item["thesis"] for item in result["pending"]]
    assert stoa.json("thesis", "show", "metals-over-oil")["status"] == "challenged"


def test_every_contradiction_of_the_fact_sheet_is_named(finished):
    _, result = finished
    texts = " ".join(item["text"] for item in result["contradictions"])
    for words in ("pays 5.38 of a maximum 20", "12x is claimed", "glut in 2027–2029", "55–60 %", "1000 x"):
        assert words in texts
    assert len(result["contradictions"]) == 5


def test_the_report_is_one_file_that_loads_nothing_and_draws_chinese(finished):
    stoa, result = finished
    page = (stoa.desk / result["report"]).read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)
    assert "data:font/woff;base64," in page
    assert "白银" in page
    assert "\ufffd" not in page
    assert "synthetic" in page
    assert result["charts"]
    assert all((stoa.desk / chart).exists() for chart in result["charts"])
    for record in result["revisions"]:
        assert record["thesis"] in page


def test_a_second_run_with_nothing_new_changes_nothing(copy):
    def counts():
        connection = sqlite3.connect(copy.desk / ".stoa" / "desk.db")
        found = connection.execute(
            "SELECT (SELECT count(*) FROM revisions), (SELECT count(*) FROM approvals), (SELECT count(*) FROM records)"
        ).fetchone()
        connection.close()
        return found

    before = counts()
    second = copy.json("run")
    assert (second["revisions"], second["posts"], second["status"], len(second["pending"])) == ([], 0, "done", 4)
    after = counts()
    assert after[:2] == before[:2]
    assert after[2] == before[2] + 1  # the brief that says so


def test_the_demo_makes_no_network_attempt(tmp_path):
    script = """
import sys, socket
def hook(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg") and args[0].family != socket.AF_UNIX or event == "socket.getaddrinfo":
        sys.stderr.write(f"NETWORK {event} {args[1:]}\\n"); sys.stderr.flush()
sys.addaudithook(hook)
sys.argv = ["stoa", "demo", "--desk", sys.argv[1]]
from integrations.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "desk")], capture_output=True, text=True, env=environment(), timeout=120, check=True
    )
    assert "NETWORK" not in done.stderr
    for words in ("Falsifier fired", "Waits for a person", "Contradiction", "Report"):
        assert words in done.stdout


def test_a_run_as_of_january_sees_nothing_that_was_known_later(tmp_path):
    stoa = Stoa(tmp_path / "desk")
    stoa.run("init", stoa.desk, "--example", "macro-2026", desk=False)
    early = stoa.json("run", "--as-of", "2026-01-31")
    assert early["fired"] == []
    assert early["revisions"]
    dates = re.findall(r"known (\d{4}-\d\d-\d\d)", json.dumps(early))
    assert dates
    assert max(dates) <= "2026-01-31"
    for item in (e for revision in early["revisions"] for e in revision["evidence"]):
        if item["source_uri"].startswith("sources/"):
            assert Path(item["source_uri"]).name[:10] <= "2026-01-31"
    assert all(
        hit["known_at"][:10] <= "2026-01-31" for hit in stoa.json("recall", "oil silver", "-k", "50", "--as-of", "2026-01-31")["hits"]
    )
    assert all(len(item["revisions"]) for item in [stoa.json("thesis", "history", "copper")])
    later = stoa.json("run")
    assert [item["thesis"] for item in later["fired"]] == ["metals-over-oil"]
    back = stoa.json("run", "--as-of", "2026-01-31", "--thesis", "copper")
    assert back["revisions"] == []
    stoa.run("verify")


def test_a_question_is_answered_with_quotes(finished):
    stoa, _ = finished
    answer = stoa.json("ask", "@quant price the SLV butterfly")
    assert answer["posts"][0]["role"] == "quant"
    assert "72.50 and 107.50" in answer["posts"][0]["text"]
    chinese = stoa.json("ask", "全球锡供应减少多少？", "--role", "data-analyst")
    assert "10%" in chinese["posts"][0]["text"]
    assert chinese["posts"][0]["citations"][0]["source_uri"].endswith("tin-zh.md")


def test_the_package_brings_its_roles_and_example(finished):
    from importlib import resources

    from agents.role import roles

    assert set(roles()) == {"architect", "data-analyst", "quant", "developer", "frontend"}
    assert resources.files("integrations.examples").joinpath("macro-2026", "stoa.toml").is_file()
    assert (ROOT / "pyproject.toml").exists()
