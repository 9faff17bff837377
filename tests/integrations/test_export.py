"""What leaves the desk: Markdown and PDF for reading, the signed record for checking."""

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from integrations.desk import Desk
from integrations.export.contents import contents
from integrations.export.markdown import as_markdown
from integrations.export.outlines import truetype
from integrations.export.pdf import as_pdf
from integrations.export.record import signed_record
from integrations.new_desk import make_desk
from memory.clock import end_of_day
from memory.thesis import Approval, Evidence, ForecastDraft, Proposal
from tests.acceptance.conftest import Stoa
from tests.commands import ROOT

DAY = datetime(2026, 1, 8, 12, tzinfo=UTC)
SCRIPT = ROOT / "docs" / "verify_record.py"


@pytest.fixture
def folder(tmp_path):
    made = make_desk(tmp_path / "desk")
    with Desk(made) as desk:
        quote = Evidence(record="x", quote="库存 | <b>下降</b> 10 %", source_uri="sources/a.md", stance="supports")
        patch = {"title": "Silver_squeeze", "title_zh": "白银逼仓", "claim": "伦敦白银现货溢价持续，因为库存下降。", "stance": "long", "conviction": 0.6,
                 "falsifiers": [{"name": "low", "rule": "a.b < 1", "text": "It fell."}]}  # fmt: skip
        first = desk.book.commit(
            Proposal(thesis="silver", against="", author="person", patch=patch, rationale="In."), Approval(by="p", at=DAY), DAY
        )
        later = datetime(2026, 3, 1, tzinfo=UTC)
        moved = Proposal(
            thesis="silver", against=first.hash, author="architect", patch={"conviction": 0.7}, rationale="Up.", evidence=(quote,)
        )
        desk.book.commit(moved, Approval(by="rule", at=later), later)
        desk.forecasts.register("silver", ForecastDraft(name="f", text="Above 90", probability=0.55, resolve_by=date(2026, 6, 25)), DAY)
    return made


def test_markdown_holds_the_book_and_no_text_of_it_becomes_markup(folder):
    with Desk(folder) as desk:
        book = contents(desk, end_of_day(date(2026, 3, 1)))
        text = as_markdown(book)
        assert book.head == desk.book.head_hash()
    assert "| [Silver\\_squeeze 白银逼仓](#silver) | long | 0.70 | active |" in text
    assert "库存 \\| \\<b\\>下降\\</b\\> 10 %" in text
    assert book.head in text
    assert "too few to say" in text
    assert "r2, 2026-03-01, architect: Up." in text


def test_an_earlier_day_gives_the_book_of_that_day(folder):
    with Desk(folder) as desk:
        text = as_markdown(contents(desk, end_of_day(date(2026, 2, 1))))
    assert "0.60" in text
    assert "Up." not in text


def test_the_pdf_can_be_searched_in_chinese_and_the_same_book_gives_the_same_bytes(folder):
    import pypdfium2

    with Desk(folder) as desk:
        book = contents(desk, end_of_day(date(2026, 3, 1)))
        first, second = as_pdf(book), as_pdf(book)
    assert first == second
    document = pypdfium2.PdfDocument(first)
    text = "".join(document[i].get_textpage().get_text_range() for i in range(len(document)))
    assert "白银逼仓" in text
    assert "伦敦白银现货溢价持续" in text
    assert "2026-03-01" in text
    assert book.head in text
    pixels = document[0].render(scale=1).to_numpy()
    assert (pixels < 128).sum() > 1_000, "the glyphs are drawn, not only named"


def test_the_font_holds_outlines_of_what_it_has_and_a_mark_for_the_rest():
    from fontTools.ttLib import TTFont

    font = TTFont(truetype("锡 tin \U0001f9ee"))
    assert set(font.getBestCmap()) >= {ord(c) for c in "锡tin"}
    assert font["glyf"][font.getBestCmap()[ord("锡")]].numberOfContours > 2
    assert 0x1F9EE not in font.getBestCmap()


def check(path, *more):
    return subprocess.run([sys.executable, "-I", str(SCRIPT), str(path), *more], capture_output=True, text=True, check=False, timeout=60)


def test_a_third_party_checks_the_record_with_fifty_lines_and_python_alone(folder, tmp_path):
    Stoa(folder).run("export", "--out", tmp_path / "record.json")
    document = json.loads((tmp_path / "record.json").read_text(encoding="utf-8"))
    done = check(tmp_path / "record.json", document["head"])
    assert (done.returncode, done.stdout) == (0, f"2 revisions hold. Head {document['head']}\n")
    text = SCRIPT.read_text(encoding="utf-8")
    assert text.count("\n") <= 50
    assert set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) <= sys.stdlib_module_names


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["theses"][0]["revisions"][1].update(rationale="Down."),
        lambda d: d["theses"][0]["revisions"].pop(),
        lambda d: d["theses"][0]["revisions"].pop(0),
        lambda d: d["theses"][0]["thesis"].update(conviction=0.9),
        lambda d: d["theses"].clear(),
        lambda d: d["theses"][0]["revisions"][0].update(effective_at="2025-01-08T12:00:00Z"),
        lambda d: d.update(head="0" * 64),
    ],
)
def test_any_change_of_the_record_is_found(folder, tmp_path, change):
    with Desk(folder) as desk:
        document = signed_record(desk)
    change(document)
    (tmp_path / "record.json").write_text(json.dumps(document), encoding="utf-8")
    assert check(tmp_path / "record.json").returncode == 1


def test_the_commands_write_each_form(folder, tmp_path):
    stoa = Stoa(folder)
    stoa.run("export", "--format", "pdf", "--out", tmp_path / "book.pdf", "--as-of", "2026-03-01")
    assert (tmp_path / "book.pdf").read_bytes().startswith(b"%PDF")
    assert "# desk: the book on 2026-03-01" in stoa.run("export", "--format", "markdown", "--as-of", "2026-03-01").stdout
    assert "name it with --out" in stoa.run("export", "--format", "pdf", code=2).stderr
