from pathlib import Path

import pytest

from memory.ingest import chunk, read_document
from memory.ingest.filing import filing_of
from tests.memory.ingest.samples import pdf, write

COVER = (
    "UNITED STATES SECURITIES AND EXCHANGE COMMISSION\nFORM 10-K\n(Mark One)\nFor the fiscal year ended {day}\n"
    "Commission file number 1-99999\nNORRVIK PAPER, INC.\n(Exact name of registrant as specified in its charter)\n"
    "Title of each class Trading Symbol(s) Name of each exchange\nCommon Stock NVK New York Stock Exchange\n"
)


@pytest.mark.parametrize(("day", "year"), [("December 31, 2024", "2024"), ("January 1, 2023", "2022"), ("June 30, 2023", "2023")])
def test_a_cover_says_company_symbol_form_and_business_year(day, year):
    assert filing_of(COVER.format(day=day)) == ("NORRVIK PAPER, INC.", "NVK", "10-K", year)


def test_a_quarter_and_a_report_of_an_event_have_their_period():
    quarter = COVER.replace("10-K", "10-Q").replace("fiscal year ended", "quarterly period ended").format(day="July 2, 2023")
    assert filing_of(quarter).period == "2023Q2"
    event = COVER.replace("10-K", "8-K").replace("For the fiscal year ended", "Date of Report").format(day="May 30, 2023")
    assert filing_of(event)[2:] == ("8-K", "2023-05")


def test_a_release_of_results_names_its_company_and_quarter():
    text = "PORTO CALE, May 3, 2024 – Tessaly Cables, Inc. (NYSE: TSC) today reported results for the first quarter 2024."
    assert filing_of(text) == ("Tessaly Cables, Inc.", "TSC", "results", "2024Q1")


@pytest.mark.parametrize(
    "text", ["", "Silver fell. See their Form 10-K, filed with the Securities and Exchange Commission.", "(NYSE: TSC) rose"]
)
def test_what_only_speaks_of_filings_is_none(text):
    assert filing_of(text) is None


def test_a_filing_is_titled_by_its_cover(tmp_path: Path):
    document = read_document(write(tmp_path, "0001.txt", COVER.format(day="December 31, 2024")))
    assert document.title == "NORRVIK PAPER, INC. (NVK) 10-K 2024"
    assert (document.meta["company"], document.meta["symbol"], document.meta["period"]) == ("NORRVIK PAPER, INC.", "NVK", "2024")


def test_a_statement_stays_one_table_with_its_caption_and_the_labels_between_its_rows(tmp_path: Path):
    page = ["Consolidated Balance Sheets", "(in millions) 2024 2023", "Current assets", "Cash 310 290", "Receivables and advances, net of allowance $ 96 $ 91",
            "Total current assets 406 381", "Liabilities", "Accounts payable 77 70", "Notes payable 12 9"]  # fmt: skip
    lines = [(700.0 - 14 * n, 10.0, line) for n, line in enumerate(page)]
    prose = [(500.0, 10.0, "The notes are part of these statements and were approved by the board in March of the year.")]
    document = read_document(write(tmp_path, "a.pdf", pdf([lines + prose])))
    (table,) = [piece for piece in chunk(document) if piece.kind == "table"]
    assert table.text.splitlines() == page


def test_later_parts_of_a_long_statement_carry_its_caption(tmp_path: Path):
    rows = [f"Line of the statement number {chr(65 + n % 26)} {n + 11} {n + 12}" for n in range(50)]
    lines = [(800.0 - 14 * n, 10.0, line) for n, line in enumerate(["Statement of Cash Flows", "(in millions) 2024 2023", *rows])]
    parts = [piece for piece in chunk(read_document(write(tmp_path, "a.pdf", pdf([lines])))) if piece.kind == "table"]
    assert len(parts) > 1
    assert all("Statement of Cash Flows\n(in millions) 2024 2023" in piece.context for piece in parts[1:])
