from datetime import date, timedelta
from pathlib import Path

import pytest

from memory.errors import UnreadableError
from memory.ingest import chunk, read_document
from tests.memory.ingest.samples import CSV, check_laws, parquet, write

START = date(2001, 1, 1)


def test_a_table_says_what_it_holds_before_its_rows(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "silver.csv", CSV))
    assert "Table silver.csv: 3 rows, 3 columns, 2026-01-05 to 2026-01-07." in document.text
    assert "- close: number, 3 values, 69.8 to 71.4" in document.text
    assert document.segments[-1].locator == "row 2–4"
    assert document.warnings == ()


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_understood(tmp_path: Path, delimiter: str) -> None:
    document = read_document(write(tmp_path, "silver.csv", CSV.replace(",", delimiter)))
    assert document.meta["columns"] == "date, close, note"


def test_a_row_of_units_is_no_row_of_data(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "s.csv", "date,close\n,USD/oz\n2026-01-05,70.1\n2026-01-06,71\n"))
    assert "- close: number, unit USD/oz, 2 values, 70.1 to 71" in document.text
    assert document.segments[-1].locator == "row 3–4"
    assert document.warnings == ()


@pytest.mark.parametrize(
    ("rows", "warned"),
    [
        (
            "date,close\n2026-01-05,70\n2026-01-06,71\n2026-01-07,closed",
            "mixes numbers with 1 other values, first row 4: 'closed'",
        ),
        ("date,close\n2026-01-05,70\n2026-01-05,71", "1 dates stand more than once, first row 3"),
        (
            "date,close,unit\n2026-01-05,70,USD/oz\n2026-01-06,2.2,USD/g",
            "unit changes within the file: USD/oz (row 2), USD/g (row 3)",
        ),
        ("date,close\n2026-01-05,70 USD/oz\n2026-01-06,2.2 USD/g", "unit changes within the file"),
        ("date,close\n2026-01-05,70\n2026-01-06,71,9", "1 rows do not have the header's 2 cells, first row 3"),
        ("date,a,a\n2026-01-05,70,1", "columns of the same name: a"),
    ],
)
def test_what_looks_wrong_is_a_warning_that_names_the_row(tmp_path: Path, rows: str, warned: str) -> None:
    document = read_document(write(tmp_path, "s.csv", rows))
    assert any(warned in warning for warning in document.warnings), document.warnings


@pytest.mark.parametrize(
    "rows",
    [
        "series,date,value,unit\na,2026-01-05,1,USD\nb,2026-01-05,2,t\na,2026-01-06,1,USD",
        "date,value,known_at\n2026-01-05,1,2026-01-06\n2026-01-05,2,2026-02-06",
        "date,close\n2026-01-05,\n2026-01-06,n/a\n2026-01-07,3",
    ],
)
def test_long_tables_vintages_and_gaps_are_in_order(tmp_path: Path, rows: str) -> None:
    assert read_document(write(tmp_path, "s.csv", rows)).warnings == ()


def test_a_long_table_is_kept_to_its_limit_in_blocks_that_know_their_header(tmp_path: Path) -> None:
    days = [START + timedelta(days=n) for n in range(5_000)]
    text = "date,close\n" + "".join(f"{day},{n}\n" for n, day in enumerate(days))
    document = read_document(write(tmp_path, "s.csv", text))
    assert "5000 rows" in document.text
    assert f"{days[0]} to {days[-1]}" in document.text
    assert any("2,000 of 5,000 rows" in warning for warning in document.warnings)
    pieces = [piece for piece in check_laws(document) if piece.kind == "table"]
    assert pieces[0].text.startswith("date | close\n")
    assert {piece.context for piece in pieces[1:]} == {"date | close"}
    assert f"{days[1999]} | 1999" in pieces[-2].text
    assert (pieces[-1].locator, pieces[-1].text.splitlines()[-1]) == ("row 4999–5001", f"{days[-1]} | 4999")
    assert len(chunk(document)) < 100


def test_parquet_reads_like_the_same_csv(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "date": [START + timedelta(days=n) for n in range(3)],
        "close": [1.5, None, 3.0],
    }
    document = read_document(write(tmp_path, "s.parquet", parquet(columns)))
    assert "Table s.parquet: 3 rows, 2 columns, 2001-01-01 to 2001-01-03." in document.text
    assert "- close: number, 2 values, 1.5 to 3.0" in document.text


@pytest.mark.parametrize("content", ["date,close\n", 'a,b\n"' + "x" * 200_000 + '",1\n'])
def test_a_table_without_usable_rows_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnreadableError, match=r"s\.csv"):
        read_document(write(tmp_path, "s.csv", content))


def test_a_parquet_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no rows"):
        read_document(write(tmp_path, "s.parquet", parquet({"date": [], "close": []})))
