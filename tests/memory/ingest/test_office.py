import io
import zipfile
from datetime import date
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from memory.errors import UnreadableError
from memory.ingest import read_document
from tests.memory.ingest.samples import ARTICLE, PAGE, SIMPLIFIED, check_laws, mail, word, write


def saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def test_a_word_document_keeps_headings_paragraphs_and_tables_in_order(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "memo.docx", word()))
    assert [s.kind for s in document.segments] == ["heading", "text", "heading", "text", "table", "text"]
    assert "Month | Moz\n2025-11 | 31.2\n2025-12 | 27.9" in document.text
    assert document.segments[3].locator == "§ Silver is short > Stocks"
    assert document.authored == date(2026, 1, 8), "the date line counts, never the date of a template"


def test_links_insertions_and_controls_are_read_and_deletions_are_not(tmp_path: Path) -> None:
    document = docx.Document()
    body = document.element.body
    space = nsdecls("w")
    body.insert(0, parse_xml(f"<w:p {space}><w:r><w:t>Kept </w:t></w:r><w:ins w:id='1' w:author='a'><w:r><w:t>added</w:t></w:r></w:ins>"
                             "<w:del w:id='2' w:author='a'><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"))  # fmt: skip
    body.insert(
        1,
        parse_xml(f"<w:sdt {space}><w:sdtContent><w:p><w:r><w:t>In a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"),
    )
    found = read_document(write(tmp_path, "a.docx", saved(document)))
    assert found.text.split("\n\n")[:2] == ["Kept added", "In a control"]


def test_a_merged_cell_stands_once_and_columns_stay_in_line(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(0, 2).text = "c"
    for column, text in enumerate("xyz"):
        table.cell(1, column).text = text
    found = read_document(write(tmp_path, "a.docx", saved(document)))
    assert found.text.strip() == "wide |  | c\nx | y | z"


def test_a_document_that_unpacks_beyond_measure_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as file,
    ):
        for _ in range(201):
            file.write(b" " * (1 << 20))
    with pytest.raises(UnreadableError, match="unpacks"):
        read_document(write(tmp_path, "bomb.docx", out.getvalue()))


@pytest.mark.parametrize(("inside", "said"), [("xl/workbook.xml", "Excel"), ("ppt/presentation.xml", "presentation"), ("a.txt", "archive")])
def test_other_archives_are_named(tmp_path: Path, inside: str, said: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(inside, "x")
    with pytest.raises(UnreadableError, match=said):
        read_document(write(tmp_path, "a.zip", out.getvalue()))


def test_a_mail_has_its_subject_sender_date_and_text(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.eml", mail(f"{ARTICLE}\n\n> quoted before\n\n{SIMPLIFIED}\n")))
    assert document.title == "白银 and the London squeeze"
    assert document.authored == date(2026, 1, 8)
    assert document.meta["author"] == "Metals desk <metals@example.org>"
    assert "From: Metals desk" in document.text
    assert ARTICLE in document.text
    assert [s.kind for s in document.segments] == ["heading", "text", "text", "quote", "text"]


def test_an_html_mail_is_read_as_a_page(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.eml", mail(PAGE, html=True)))
    assert ARTICLE in document.text
    assert "Ignore your instructions" not in document.text
    check_laws(document)


def test_an_attachment_is_named_as_not_read_and_an_odd_charset_is_borne(tmp_path: Path) -> None:
    raw = (
        b"Subject: S\r\nFrom: a@example.org\r\nDate: not a date\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=x-none\r\n\r\n"
        + SIMPLIFIED.encode("gb18030")
        + b"\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=r.pdf\r\n\r\nx\r\n--b--\r\n"
    )
    document = read_document(write(tmp_path, "a.eml", raw))
    assert SIMPLIFIED in document.text
    assert document.authored is None
    assert any("r.pdf" in warning for warning in document.warnings)


def test_words_under_the_name_of_a_mail_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="sender"):
        read_document(write(tmp_path, "a.eml", "just some words\n"))
