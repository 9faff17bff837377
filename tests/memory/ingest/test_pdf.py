from pathlib import Path

from memory.ingest import chunk, read_document
from tests.memory.ingest.samples import SIMPLIFIED, check_laws, pdf, report_pdf, write


def test_a_report_of_forty_pages_loses_its_running_heads_and_keeps_its_pages(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "report.pdf", report_pdf(40)))
    assert document.title == "Silver runs short"
    assert "Example Research" not in document.text
    assert "Page 3 of 42" not in document.text
    assert any("(80)" in warning for warning in document.warnings)
    for year in range(1981, 2021):
        piece = next(c for c in chunk(document) if f"A later paragraph for year {year}" in c.text)
        assert piece.locator.startswith(f"p. {year - 1980}")
    check_laws(document)


def test_broken_words_are_whole_again_and_compounds_keep_their_hyphen(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "report.pdf", report_pdf(3)))
    assert "and the inventories of refiners fell with it, as did the long-term leases" in document.text


def test_a_span_of_years_at_the_end_of_a_line_keeps_its_hyphen(tmp_path: Path) -> None:
    lines = [(700.0, 10.0, "The deficit of the years 2021-"), (688.0, 10.0, "2025 was the longest on record, they say")]
    assert "2021-2025" in read_document(write(tmp_path, "a.pdf", pdf([lines]))).text


def test_a_sentence_over_the_page_break_is_one_paragraph_of_both_pages(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "report.pdf", report_pdf(3)))
    quote = "the spread between the two months which ended in year 1982."
    assert quote in document.text
    assert next(c for c in chunk(document) if quote in c.text).locator == "p. 1–2"


def test_rows_of_figures_stay_rows_even_at_the_top_of_every_page(tmp_path: Path) -> None:
    pages = [[(820.0 - 12 * row, 10.0, f"Total 31.2 {27 + row}.9") for row in range(4)] for _ in range(5)]
    document = read_document(write(tmp_path, "a.pdf", pdf(pages)))
    assert "Total 31.2 29.9\nTotal 31.2 30.9" in document.text
    assert all(segment.kind == "table" for segment in document.segments)


def test_pages_whose_only_line_names_the_page_keep_it(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.pdf", pdf([[(800.0, 12.0, f"Page {n}")] for n in range(1, 6)])))
    assert "Page 5" in document.text


def test_chinese_lines_are_joined_without_a_space(tmp_path: Path) -> None:
    lines = [(700.0, 12.0, SIMPLIFIED[:20]), (684.0, 12.0, SIMPLIFIED[20:])]
    document = read_document(write(tmp_path, "a.pdf", pdf([lines])))
    assert SIMPLIFIED in document.text
    assert document.language == "zh"


def test_tall_lines_are_headings_and_the_title_property_is_the_title(tmp_path: Path) -> None:
    lines = [
        (760.0, 20.0, "Metals weekly"),
        (700.0, 10.0, "Silver fell."),
        (660.0, 14.0, "Outlook"),
        (640.0, 10.0, "It may rise."),
    ]
    document = read_document(write(tmp_path, "a.pdf", pdf([lines], title="Weekly of 8 January", author="Metals desk")))
    assert document.title == "Weekly of 8 January"
    assert document.meta == {"author": "Metals desk"}
    assert document.segments[-1].heading == "Metals weekly > Outlook"


def test_pages_without_text_are_counted(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.pdf", pdf([[(700.0, 10.0, "Words.")], [], []])))
    assert any("2 pages" in warning and "p. 2, 3" in warning for warning in document.warnings)
