"""Which columns of a dated table are series: a wide table's columns, or a long table's keys."""

import csv
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

DATE_COLUMNS = ("date", "valid_time", "day", "month", "period", "time", "year", "日期")
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", ".", "..", "…", "#n/a"})
SUFFIXES = (".csv", ".parquet", ".xlsx")
GROWTH = re.compile(r"(?<![a-z])(?:inflation|growth|change|yoy|mom|qoq|pct|percent)(?![a-z])", re.IGNORECASE)
_ANNOTATIONS = frozenset({"known_at", "unit", "currency"})
_PERIOD = re.compile(r"(\d{4})[-\s]?([MQ])(\d{1,2})$", re.IGNORECASE)


class Cell(NamedTuple):
    """One value as written: its line in the file, its whole row, its text."""

    line: int
    fields: Sequence[str]
    text: str


class RawSeries(NamedTuple):
    """The cells of one series; ``column`` is the header of its values."""

    name: str
    column: str
    cells: list[Cell]


class SeriesTable(NamedTuple):
    """A table's header in lower case, where its date stands (None: nowhere), and its series."""

    header: list[str]
    day_column: int | None
    series: list[RawSeries]


def split_table(header: Sequence[str], rows: Sequence[Sequence[str]], stem: str) -> SeriesTable:
    """The series of a table.

    Columns named series and value make a long table under the series' own names. Else a text column whose entries tell
    apart the rows of one date makes one too (``fx.euro``); else each column of numbers is a series (``comex.silver.close``).
    """
    lower = [column.strip().lower() for column in header]
    day = next((lower.index(column) for column in DATE_COLUMNS if column in lower), None)
    if day is None:
        return SeriesTable(lower, None, [])
    if {"series", "value"} <= set(lower):
        return SeriesTable(lower, day, _by_key(lower, rows, lower.index("series"), [lower.index("value")], None))
    numbers = [i for i, title in enumerate(lower) if i != day and title and title not in _ANNOTATIONS and _numeric(rows, i)]
    key = _key_column(lower, rows, day, numbers)
    if key is None:
        return SeriesTable(lower, day, [RawSeries(f"{stem}.{_title(lower[i])}", lower[i], _cells(rows, i)) for i in numbers])
    return SeriesTable(lower, day, _by_key(lower, rows, key, numbers, stem))


def _by_key(
    header: Sequence[str], rows: Sequence[Sequence[str]], key: int, columns: Sequence[int], stem: str | None
) -> list[RawSeries]:  # fmt: skip
    found: dict[tuple[str, int], list[Cell]] = {}
    for line, row in enumerate(rows, 2):
        for column in columns:
            if len(row) > max(key, column):
                found.setdefault((row[key].strip(), column), []).append(Cell(line, row, row[column]))
    series = []
    for (entry, column), cells in found.items():
        name = entry if stem is None else f"{stem}.{slug(entry)}"
        series.append(RawSeries(name if len(columns) == 1 else f"{name}.{_title(header[column])}", header[column], cells))
    return series


def _key_column(header: Sequence[str], rows: Sequence[Sequence[str]], day: int, numbers: Sequence[int]) -> int | None:
    """The text column that tells apart the rows of one date; of several, the one with the shortest entries, a code."""
    if not numbers or len({row[day] for row in rows if len(row) > day}) == len(rows):
        return None
    found = []
    for column, title in enumerate(header):
        if column == day or column in numbers or title in _ANNOTATIONS:
            continue
        pairs = [(row[day], row[column]) for row in rows if len(row) > max(day, column)]
        entries = {entry for _, entry in pairs}
        if 1 < len(entries) < len(pairs) and len(set(pairs)) >= 0.99 * len(pairs):
            found.append((sum(map(len, entries)) / len(entries), column))
    return min(found)[1] if found else None


def _numeric(rows: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column] for row in rows if len(row) > column]
    numbers = sum(number_of(text) is not None for text in cells)
    return bool(numbers) and numbers >= 0.5 * sum(text.strip().lower() not in MISSING for text in cells)


def _cells(rows: Sequence[Sequence[str]], column: int) -> list[Cell]:
    return [Cell(line, row, row[column]) for line, row in enumerate(rows, 2) if len(row) > column]


def _title(text: str) -> str:
    return text.replace(" ", "_").replace("-", "_")


def slug(text: str) -> str:
    """A name's form inside a series name: lower case, words joined by underscores."""
    return re.sub(r"[^\w]+", "_", text.strip().lower()).strip("_")


def kind_of(title: str) -> str:
    """What a column's title says of its values: change, rate, or nothing."""
    if GROWTH.search(title):
        return "change"
    return "rate" if slug(title) in {"rate", "yield"} else ""


def stem_of(name: str) -> str:
    """The first part of the names of a file's series: its path without the ending, with dots."""
    return ".".join(Path(name).with_suffix("").parts).lower().replace(" ", "_").replace("-", "_")


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows, all as text; blank rows are passed over.

    Raises:
        ValueError: it has no rows, or is no Parquet file.
    """
    if path.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
        except pa.ArrowException as error:
            raise ValueError(str(error)) from error
        columns = [[_text(value) for value in column.to_pylist()] for column in table.columns]
        return list(table.column_names), [list(row) for row in zip(*columns, strict=True)]
    if path.suffix.lower() == ".xlsx":
        return _read_workbook(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise ValueError("it has no rows")
    return rows[0], rows[1:]


def _read_workbook(path: Path) -> tuple[list[str], list[list[str]]]:
    """The first sheet of an Excel workbook that holds a table; values as last computed, not formulas."""
    import zipfile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError) as error:
        raise ValueError("it is no Excel workbook") from error
    try:
        for sheet in book.worksheets:
            rows = [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
            rows = [row for row in rows if any(cell.strip() for cell in row)]
            if len(rows) >= 2:
                return rows[0], rows[1:]
    finally:
        book.close()
    raise ValueError("it has no rows")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def number_of(text: str) -> float | None:
    """A cell as a number: thousands separators, a real minus and a percent sign are understood."""
    try:
        number = float(text.strip().replace(",", "").replace("−", "-").removesuffix("%"))
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def day_of_cell(text: str) -> date | None:
    """A cell as a day: an ISO date or time, 2026-01, 2026, 1960M01 or 2026Q1; a period is named by its first day."""
    text = text.strip()
    period = _PERIOD.match(text)
    if period:
        year, letter, number = period.groups()
        month = int(number) if letter.upper() == "M" else 3 * int(number) - 2
        text = f"{year}-{month:02d}-01"
    for length, completed in ((7, text + "-01"), (4, text + "-01-01")):
        if len(text) == length:
            text = completed
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
