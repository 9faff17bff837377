from datetime import date
from pathlib import Path

import pytest

from memory.ingest import read_document
from tests.memory.ingest.samples import ARTICLE, PAGE, SIMPLIFIED, check_laws, write


def test_a_page_is_its_article_without_menus_banners_and_hidden_parts(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "page.html", PAGE))
    for kept in (ARTICLE, "Loose words between blocks,\non two lines.", "leases had tripled", "  carry = rate",
                 "Registered stocks\nMonth | Moz\n2025-11 | 31.2\n2025-12 | 27.9", "Another point"):  # fmt: skip
        assert kept in document.text
    for gone in (
        "cookies",
        "Home",
        "English",
        "Share this",
        "Most read",
        "rights reserved",
        "Ignore your",
        "Меню",
        "var menu",
    ):
        assert gone not in document.text
    assert document.title == "Silver in London"
    assert document.authored == date(2026, 1, 8)
    assert document.meta["source"] == "https://example.org/silver"
    assert any("hidden parts (1)" in warning for warning in document.warnings)
    table = next(s for s in document.segments if s.kind == "table")
    assert (table.heading, table.locator) == ("Silver is short > Stocks", "§ Silver is short > Stocks")


@pytest.mark.parametrize(
    "page",
    [
        f"<form id='aspnet'><div class='cookie-layout'><p>{ARTICLE}</p><p>{SIMPLIFIED}</p></div></form>",
        f"<p>{ARTICLE}</p><p>{SIMPLIFIED}</p>",
        f"<table><tr><td><h1>T</h1><p>{ARTICLE}</p></td><td>{SIMPLIFIED}</td></tr></table>",
        "<div>" * 2000 + f"{ARTICLE} {SIMPLIFIED}" + "</div>" * 2000,
        f"<?xml version='1.0' encoding='utf-8'?><!DOCTYPE html><html><body>{ARTICLE}<div>{SIMPLIFIED}</div></body></html>",
        f"{ARTICLE} {SIMPLIFIED}",
    ],
)
def test_the_text_survives_odd_markup(tmp_path: Path, page: str) -> None:
    document = read_document(write(tmp_path, "a.html", page))
    assert ARTICLE in document.text
    assert SIMPLIFIED in document.text
    check_laws(document)


@pytest.mark.parametrize("charset", ["gb2312", "big5", "iso-8859-1"])
def test_the_declared_encoding_is_used_without_a_warning(tmp_path: Path, charset: str) -> None:
    said = {"gb2312": SIMPLIFIED, "big5": "白銀庫存下降。", "iso-8859-1": "Café"}[charset]
    page = f"<html><head><meta charset='{charset}'></head><body><p>{said}</p></body></html>"
    document = read_document(write(tmp_path, "a.html", page.encode(charset)))
    assert document.text.strip() == said
    assert document.warnings == ()


def test_a_list_of_sources_is_no_menu(tmp_path: Path) -> None:
    items = "".join(f"<li><a href='/{n}'>World silver survey of the year 20{n}, second edition</a></li>" for n in range(20, 25))
    document = read_document(write(tmp_path, "a.html", f"<p>{ARTICLE}</p><h2>Sources</h2><ul>{items}</ul>"))
    assert "survey of the year 2024" in document.text


def test_a_page_with_nothing_but_scripts_is_refused(tmp_path: Path) -> None:
    from memory.errors import UnreadableError

    with pytest.raises(UnreadableError, match="no text"):
        read_document(write(tmp_path, "app.html", "<html><body><div id='root'></div><script>start()</script></body></html>"))
