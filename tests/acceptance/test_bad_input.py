import json

import pytest

from tests.acceptance.conftest import Stoa, make_small

GOOD = "slug: good\ntitle: Good\nclaim: It holds.\nstance: long\nconviction: 0.5\n"


@pytest.fixture
def empty(tmp_path):
    stoa = Stoa(tmp_path / "desk")
    stoa.run("init", stoa.desk, desk=False)
    return stoa


def test_broken_files_are_named_and_the_rest_goes_on(empty, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing follows")
    (folder / "empty.md").write_bytes(b"")
    with (folder / "huge.log").open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    (folder / "mixed.csv").write_text("date,price\n2026-01-01,5\n2026-01-02,n.q.\n2026-01-02,6\n", encoding="utf-8")
    (folder / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00")
    (folder / "good.md").write_text("# Note\n\nLease rates rose.\n", encoding="utf-8")
    report = empty.json("ingest", folder)
    reasons = {item["path"].split("/")[-1]: item["reason"] for item in report["skipped"]}
    assert set(reasons) == {"broken.pdf", "empty.md", "huge.log", "picture.txt"}
    assert all("\n" not in reason and len(reason) < 300 for reason in reasons.values())
    assert report["documents"] == 2
    assert any("mixed.csv" in item["path"] for item in report["warnings"])
    assert empty.json("recall", "lease rates")["hits"][0]["source_uri"].endswith("good.md")
    assert empty.json("ingest", folder)["unchanged"] == 2


def test_wrong_data_is_named_and_the_good_series_stay(empty):
    data = empty.desk / "data"
    (data / "good.csv").write_text("date,price\n2026-01-01,5\n2026-01-02,6\n", encoding="utf-8")
    (data / "mixed.csv").write_text("date,price\n2026-01-01,5\n2026-01-02,n.q.\n2026-01-03,7\n", encoding="utf-8")
    (data / "twice.csv").write_text("date,price\n2026-01-01,5\n2026-01-01,6\n", encoding="utf-8")
    (data / "units.csv").write_text("date,price,unit\n2026-01-01,5,$/oz\n2026-01-02,6,$/kg\n", encoding="utf-8")
    (data / "nodate.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (data / "series.yaml").write_text("a.x: {formula: b.x * 2}\nb.x: {formula: a.x / 2}\n", encoding="utf-8")
    (empty.desk / "theses" / "good.yaml").write_text(GOOD + "signals:\n  - {name: up, rule: good.price > 5, llr: 0.3}\n", encoding="utf-8")
    (empty.desk / "theses" / "circle.yaml").write_text(
        GOOD.replace("good", "circle") + "signals:\n  - {name: c, rule: a.x > 1, llr: 0.3}\n", encoding="utf-8"
    )
    result = empty.json("run")
    assert [item["thesis"] for item in result["revisions"]] == ["good"]
    page = (empty.desk / result["report"]).read_text(encoding="utf-8")
    for words in ("n.q.", "stands twice", "its unit changes within the file", "no column says the date", "a.x -&gt; b.x -&gt; a.x"):
        assert words in page, words
    rows = json.loads(empty.run("tool", "call", "data.series", "{}").stdout)
    assert {"good.price", "mixed.price", "twice.price"} <= {row["info"]["series"] for row in rows["series"]}
    assert "units.price" not in {row["info"]["series"] for row in rows["series"]}


def test_what_a_run_could_not_read_is_said_where_it_ends_until_it_is_mended(empty):
    theses = empty.desk / "theses"
    (theses / "wrong.yaml").write_text(GOOD.replace("stance: long\n", ""), encoding="utf-8")
    (empty.desk / "sources" / "broken.pdf").write_bytes(b"%PDF-1.7 nothing follows")
    told = empty.run("run").stdout
    assert "the book is empty. Write a thesis into theses/" in told
    assert "Left out theses/wrong.yaml: stance: this field is missing: add it" in told
    assert "Left out sources/broken.pdf: it is no PDF that can be read: save or download it again" in told
    (empty.desk / "sources" / "broken.pdf").unlink()
    for number in range(9):
        (theses / f"z{number}.yaml").write_text("just text", encoding="utf-8")
    told = empty.run("run").stdout
    assert told.count("Left out") == 9
    assert "Left out 2 more: the report names them" in told
    assert len(empty.json("run")["left_out"]) == 10
    for path in theses.iterdir():
        path.unlink()
    (theses / "good.yaml").write_text(GOOD, encoding="utf-8")
    told = empty.run("run").stdout
    assert "Left out" not in told
    assert "the book is empty" not in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("stance: long", "stance: up"), "stance"),
        (GOOD.replace("conviction", "convicton"), "did you mean conviction?"),
        (GOOD.replace("0.5", "1.5"), "conviction"),
        (GOOD + "title: Again\n", "stands twice"),
        (GOOD + "signals:\n  - {name: s, rule: nothing.here > 1, llr: 0.3}\n", "no series 'nothing.here'"),
        (GOOD + "signals:\n  - {name: s, rule: \"__import__('os').system('x')\", llr: 0.3}\n", "not part of a rule"),
        (GOOD + "falsifiers:\n  - {name: s, rule: 'fact(\"x\") > 1'}\n", "no measure is called 'x'"),
        ("just text", "no fields"),
        ("a: [1\n", "no valid YAML"),
    ],
)
def test_a_mistake_in_a_thesis_file_is_one_sentence(empty, tmp_path, text, words):
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    good = tmp_path / "good.yaml"
    good.write_text(GOOD, encoding="utf-8")
    result = empty.json("thesis", "import", path, good)
    assert result["imported"] == ["good"]
    (skipped,) = result["skipped"]
    assert words in skipped["reason"]
    assert "\n" not in skipped["reason"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["thesis", "show", "nothing"], "no thesis 'nothing'"), (["run", "--thesis", "nothing"], "no thesis 'nothing'"),
        (["run", "--as-of", "yesterday"], "2026-01-31"), (["tool", "call", "quant.optoin", "{}"], "did you mean quant.option?"),
        (["tool", "call", "quant.runway", "{not json"], "JSON"), (["tool", "call", "quant.runway", '{"capex": 1}'], "missing"),
        (["ask", " "], "no question"), (["ask", "x", "--role", "boss"], "no role"), (["approvals", "approve", "nothing"], "no approval"),
        (["runs", "show", "nothing"], "no run"), (["recall", ""], "nothing to look for"), (["ingest", "/nowhere/at/all"], "/nowhere/at/all"),
        (["remember", ""], "text"), (["remember", "x", "--kind", "rumour"], "kind"), (["thesis", "list", "--as-of", "2026-13-01"], "no date"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_one_sentence_and_exit_2(empty, words, said):
    done = empty.run(*words, code=2)
    assert done.stderr.startswith("stoa: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_that_is_no_desk_says_how_to_make_one(tmp_path):
    assert "stoa init" in Stoa(tmp_path).run("thesis", "list", code=2).stderr
    assert "is a desk already" in Stoa(tmp_path).run("init", make_small(tmp_path / "d", (), ()).desk, desk=False, code=2).stderr


def test_batches_answer_line_by_line_and_a_wrong_line_in_its_place(empty, tmp_path):
    rows = [
        {"text": "silver is short", "author": "a"},
        "not json",
        {"kind": "note"},
        {"text": "白银短缺", "valid_from": "2026-01-01"},
        {"text": "x", "colour": 1},
    ]
    path = tmp_path / "notes.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    answers = [json.loads(line) for line in empty.run("remember", "--jsonl", path).stdout.splitlines()]
    assert [sorted(answer) for answer in answers] == [["id", "version"], ["error"], ["error"], ["id", "version"], ["error"]]
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"query": "白銀"}\n{"query": "silver", "k": 1}\n{"k": 0, "query": "x"}\n', encoding="utf-8")
    found = [json.loads(line) for line in empty.run("recall", "--jsonl", queries).stdout.splitlines()]
    assert (found[0]["hits"][0]["text"], found[1]["hits"][0]["text"], "error" in found[2]) == ("白银短缺", "silver is short", True)
    calls = tmp_path / "calls.jsonl"
    calls.write_text('{"capex": 26, "revenue": 12, "ebitda": 8, "cash": 2}\n{}\n', encoding="utf-8")
    done = [json.loads(line) for line in empty.run("tool", "call", "quant.runway", "--jsonl", calls).stdout.splitlines()]
    assert (done[0]["free_cash_flow"], "error" in done[1]) == (-18, True)
