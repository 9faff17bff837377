import re

from tests.commands import ROOT


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
    for words in ("pays 5.38 of a maximum 20", "12x is claimed", "glut in 2027–2029", "55–60 %", "1000x"):
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


def test_a_question_is_answered_with_quotes(copy):
    answer = copy.json("ask", "@quant price the SLV butterfly")
    assert answer["posts"][0]["role"] == "quant"
    assert "72.50 and 107.50" in answer["posts"][0]["text"]
    chinese = copy.json("ask", "全球锡供应减少多少？", "--role", "data-analyst")
    assert "10%" in chinese["posts"][0]["text"]
    assert chinese["posts"][0]["citations"][0]["source_uri"].endswith("tin-zh.md")


def test_the_package_brings_its_roles_and_example(finished):
    from importlib import resources

    from agents.role import roles

    assert set(roles()) == {"architect", "data-analyst", "quant", "developer", "frontend"}
    assert resources.files("integrations.examples").joinpath("macro-2026", "stoa.toml").is_file()
    assert (ROOT / "pyproject.toml").exists()
