from datetime import date

import pytest

from memory.series_files import read_series_file
from memory.series_table import day_of_cell, read_table, split_table


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)), ("2026-01", date(2026, 1, 1)), ("2026", date(2026, 1, 1)), ("1960M02", date(1960, 2, 1)),
        ("2026Q3", date(2026, 7, 1)), ("2026-Q4", date(2026, 10, 1)), ("2026-01-31T16:00:00-05:00", date(2026, 1, 31)),
        ("2026Q5", None), ("1960M13", None), ("01/02/2026", None), ("soon", None),
    ],
)  # fmt: skip
def test_a_cell_is_a_day_in_the_forms_that_tables_use(text, day):
    assert day_of_cell(text) == day


def names(text):
    header, *rows = [line.split(";") for line in text.splitlines()]
    return [series.name for series in split_table(header, rows, "f").series]


def test_a_text_column_that_tells_rows_of_one_day_apart_makes_a_long_table():
    assert names("Date;Country;Exchange rate\n2026-01;Euro;0.86\n2026-01;Japan;157\n2026-02;Euro;0.85\n2026-02;Japan;156") == [
        "f.euro",
        "f.japan",
    ]
    assert names("Name;Code;Year;Value\nUnited States;USA;2024;1\nAruba;ABW;2024;2\nUnited States;USA;2025;1\nAruba;ABW;2025;2") == [
        "f.usa",
        "f.abw",
    ]
    assert names("date;key;high;low\n2026-01;a;2;1\n2026-01;b;2;1\n2026-02;a;2;1\n2026-02;b;2;1") == [
        "f.a.high",
        "f.a.low",
        "f.b.high",
        "f.b.low",
    ]


def test_a_wide_table_stays_wide_and_a_comment_column_is_no_series():
    assert names("date;close;comment\n2026-01-05;1;ok\n2026-01-06;2;ok") == ["f.close"]


def test_every_row_of_a_long_table_of_countries_is_kept(tmp_path):
    path = tmp_path / "fx.csv"
    path.write_text(
        "Date,Country,Rate\n2026-01-01,Euro,0.86\n2026-01-01,Japan,157\n2026-02-01,Euro,0.85\n2026-02-01,Japan,156\n", encoding="utf-8"
    )
    read = read_series_file(path, "fx.csv", {})
    assert {info.series: [row.value for row in rows] for info, rows in read.series} == {"fx.euro": [0.86, 0.85], "fx.japan": [157, 156]}
    assert read.warnings == []


def test_an_excel_sheet_is_a_table_and_a_broken_one_is_said(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.create_sheet("data").append(["date", "price"])
    book["data"].append([date(2026, 1, 5), 76.9])
    book.save(tmp_path / "a.xlsx")
    assert read_table(tmp_path / "a.xlsx") == (["date", "price"], [["2026-01-05T00:00:00", "76.9"]])
    (tmp_path / "b.xlsx").write_bytes(b"not a workbook")
    assert "no Excel workbook" in read_series_file(tmp_path / "b.xlsx", "b.xlsx", {}).skipped[0]
