from datetime import date
from pathlib import Path

import pytest

from memory.ingest import Document, read_document
from tests.memory.ingest.samples import ARTICLE, MARKDOWN, SIMPLIFIED, TRADITIONAL, check_laws, write


def kinds(document: Document) -> list[str]:
    return [segment.kind for segment in document.segments]


def said(document: Document, kind: str) -> list[str]:
    return [document.text[s.start : s.end] for s in document.segments if s.kind == kind]


def test_markdown_is_kept_verbatim_with_its_structure(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "note.md", MARKDOWN))
    assert document.text == MARKDOWN
    assert document.title == "Silver is short in London"
    assert document.authored == date(2026, 1, 8)
    assert document.meta["thesis"] == "silver-squeeze, gold-silver"
    assert document.meta["source"] == "desk note"
    assert said(document, "heading") == ["# Silver", "## Stocks *by* vault"]
    assert said(document, "table")[0].startswith("| month | stocks |")
    assert said(document, "quote") == ["> A quoted line of somebody else."]
    assert said(document, "code")[1].startswith("```python\n# not a heading")
    assert document.segments[-1].locator == "§ Silver > Stocks by vault"
    assert document.warnings == ()


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_and_byte_order_marks_change_nothing(tmp_path: Path, ends: str) -> None:
    plain = read_document(write(tmp_path, "a.md", MARKDOWN))
    marked = read_document(write(tmp_path, "b.md", b"\xef\xbb\xbf" + MARKDOWN.replace("\n", ends).encode()))
    assert (marked.text, marked.segments, marked.meta) == (plain.text, plain.segments, plain.meta)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_a_mark_is_read(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff".encode(encoding)
    document = read_document(write(tmp_path, "a.txt", mark + f"{ARTICLE}\n{SIMPLIFIED}".encode(encoding)))
    assert document.text == f"{ARTICLE}\n{SIMPLIFIED}"
    assert document.warnings == ()


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [(SIMPLIFIED, "gb18030", "GB18030"), (SIMPLIFIED, "gbk", "GB18030"), (TRADITIONAL, "big5", "Big5"),
     ("Café prices rose 5 % – naïve", "cp1252", "Windows-1252")],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 400])
def test_an_older_encoding_is_found_and_named_in_a_warning(tmp_path: Path, text: str, encoding: str, named: str, times: int) -> None:
    whole = "\n\n".join([text] * times)
    document = read_document(write(tmp_path, "old.txt", whole.encode(encoding)))
    assert document.text == whole
    assert any(named in warning for warning in document.warnings)


def test_one_damaged_byte_does_not_make_utf_8_another_encoding(tmp_path: Path) -> None:
    content = (SIMPLIFIED * 20).encode() + b"\xff" + SIMPLIFIED.encode()
    document = read_document(write(tmp_path, "a.txt", content))
    assert document.text == SIMPLIFIED * 20 + "\ufffd" + SIMPLIFIED
    assert "not UTF-8" in document.warnings[0]


def test_the_language_follows_the_text(tmp_path: Path) -> None:
    languages = {
        name: read_document(write(tmp_path, f"{name}.txt", text)).language
        for name, text in {"en": ARTICLE, "zh": SIMPLIFIED, "mixed": f"{ARTICLE}\n{SIMPLIFIED}"}.items()
    }
    assert languages == {"en": "en", "zh": "zh", "mixed": "mixed"}


def test_menus_notices_and_foreign_lines_of_a_saved_page_are_left_out_and_counted(tmp_path: Path) -> None:
    own = ["# Silver", "", ARTICLE, "", SIMPLIFIED, "", "The copyright on this design was sold.", "", "Greek: Δ = 0.4"]
    noise = [
        "We use cookies to give you the best experience.",
        "Accept all cookies",
        "Share this article",
        "[Home](/) | [About us](/a) | [Contact](/c)",
        "© 2026 Example Research. All rights reserved.",
        "版权所有 2026",
        "Версия на русском языке",
        "النسخة العربية من الموقع",
        "Skip to main content",
    ]
    text = "\n".join([*noise[:4], *own, *noise[4:]])
    for name in ("page.md", "page.txt"):
        document = read_document(write(tmp_path, name, text))
        assert document.text == "\n".join(own)
        assert any("another script (2)" in warning for warning in document.warnings)
        check_laws(document)
    # The place is the line of the file, not of what is left of it.
    assert read_document(tmp_path / "page.txt").segments[1].locator == "line 7"


def test_a_russian_text_keeps_its_russian_lines(tmp_path: Path) -> None:
    text = "Серебро подорожало на треть.\n\nЗапасы на бирже упали."
    document = read_document(write(tmp_path, "a.txt", text))
    assert document.text == text
    assert document.language == "other"


def test_code_and_tables_are_not_searched_for_menus(tmp_path: Path) -> None:
    text = "```\nShare this\n```\n\n| Home | About us | Contact |\n|---|---|---|\n| 1 | 2 | 3 |\n"
    document = read_document(write(tmp_path, "a.md", text))
    assert document.text == text
    assert kinds(document) == ["code", "table"]


@pytest.mark.parametrize(
    ("front", "problem"),
    [
        ("a: [1", "YAML"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: " + "[" * 5000, "too deeply"),
        ("- " * 3000, "too deeply"),
        ("date: 2026-13-45", "no day"),
    ],
)
def test_front_matter_that_cannot_be_used_is_a_warning(tmp_path: Path, front: str, problem: str) -> None:
    document = read_document(write(tmp_path, "a.md", f"---\n{front}\n---\n# T\n\nwords\n"))
    assert any(problem in warning for warning in document.warnings)
    assert document.authored is None
    assert document.title == "T"
    check_laws(document)


def test_a_rule_at_the_top_is_no_front_matter(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.md", "---\nJust words\n---\nmore\n"))
    assert document.meta == {}
    check_laws(document)


@pytest.mark.parametrize(
    ("line", "day"),
    [("Date: 2026-01-08", date(2026, 1, 8)), ("London, 8 January 2026", date(2026, 1, 8)),
     ("Published: January 8, 2026 09:30 UTC", date(2026, 1, 8)), ("发布日期：2026年1月8日", date(2026, 1, 8)),
     ("**Date:** 2026-01-08", date(2026, 1, 8)),
     ("The June contract expires on 18 June 2026", None), ("January 2026", None), ("08/01/2026", None)],
)  # fmt: skip
def test_a_text_is_dated_by_its_date_line_only(tmp_path: Path, line: str, day: date | None) -> None:
    document = read_document(write(tmp_path, "a.txt", f"Silver\n{line}\n\n{ARTICLE}"))
    assert document.authored == day


def test_a_text_is_called_by_its_first_short_line_or_its_name(tmp_path: Path) -> None:
    assert read_document(write(tmp_path, "a.txt", f"Silver is short\n\n{ARTICLE}")).title == "Silver is short"
    assert read_document(write(tmp_path, "long.txt", ARTICLE)).title == "long"
