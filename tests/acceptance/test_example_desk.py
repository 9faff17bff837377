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


def test_asked_why_a_thesis_changed_the_desk_gives_the_reasons_of_its_last_revision_with_their_sources(copy):
    (post,) = copy.json("ask", "why did metals-over-oil change, and what was the last revision?")["posts"]
    assert "challenged (revision" in post["text"]
    assert "by architect: Falsifier oil-above-90 fired" in post["text"]
    assert "114.58" in post["citations"][0]["quote"]
    (copper,) = copy.json("ask", "为什么铜的信念变了？")["posts"]
    assert "by architect: Conviction 0.62 → 0.69" in copper["text"]
    (untouched,) = copy.json("ask", "why did us-exceptionalism change?")["posts"]
    assert "It has not changed since it entered the book on " in untouched["text"]
    (revised,) = copy.json("ask", "propose a revision of SLV butterfly, and say why")["posts"]
    assert "SLV June butterfly" in revised["text"]
    assert "It last changed" not in revised["text"]


def test_asked_for_a_number_the_desk_gives_the_newest_value_known_with_its_source_in_both_languages(copy):
    def said(question):
        (post,) = copy.json("ask", question)["posts"]
        return post["text"], post["citations"][0]

    for question in ("what is the price of copper?", "铜价现在多少?"):
        text, cited = said(question)
        assert "LME copper: 13,420 $/t on 2026-04-09" in text
        assert cited["quote"] == "last(lme.base.copper) = 13,420 $/t on 2026-04-09 (known 2026-04-09), synthetic"
        assert (cited["source_uri"], cited["locator"]) == ("data/lme.base.csv", "lme.base.copper, 2026-04-09")
    text, cited = said("上海白银溢价是多少？")
    assert "Shanghai silver premium: 3.9 $/oz" in text
    assert "“上海现货比纽约高出 2.6 美元/盎司。”" in text
    assert said("what is the WTI price now")[0].index("WTI crude: 114.58") < said("what is the WTI price now")[0].index("December 2027")
    (nothing,) = copy.json("ask", "how is the weather now?")["posts"]
    assert nothing["text"].startswith("Memory holds nothing on this")


def test_the_package_brings_its_roles_and_example(finished):
    from importlib import resources

    from agents.role import roles

    assert set(roles()) == {"architect", "data-analyst", "quant", "developer", "frontend"}
    assert resources.files("integrations.examples").joinpath("macro-2026", "stoa.toml").is_file()
    assert (ROOT / "pyproject.toml").exists()
