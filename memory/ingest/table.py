"""CSV and Parquet as documents: what the table holds, then its rows with the header in sight."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from memory.errors import UnreadableError
from memory.ingest.columns import Column, profile, repeated, unit_row
from memory.ingest.decoding import decode
from memory.ingest.document import Builder, Document

ROWS = 2_000
"""Rows of a table kept as text; the rest is data, and data is read from the file."""
CHECKED = 200_000
"""Rows that are looked at for types and problems."""
_BLOCK = 900
"""Characters of rows in one segment."""
_ENDS = 3
"""Rows shown from each end in the description."""
_CELL = 2_000
"""Characters of a cell kept as text."""

Rows = Callable[[], Iterator[Sequence[str]]]


class _Table(NamedTuple):
    """A table that can be read more than once without being held: header, rows, how many, and its warnings."""

    header: list[str]
    rows: Rows
    total: int
    media_type: str
    warnings: tuple[str, ...]


def read(name: str, content: bytes) -> Document:
    """A description of the columns, then the first rows; what looks wrong is a warning.

    Raises:
        UnreadableError: it is no table, or one without rows.
    """
    table = _parquet(name, content) if content.startswith(b"PAR1") or name.lower().endswith(".parquet") else _csv(name, content)
    if not table.total:
        raise UnreadableError(f"{name} has a header and no rows: fill it or remove it")
    units, numbered = _units(table)
    found = profile(table.header, numbered(CHECKED))
    warnings = [*table.warnings, *found.problems, *repeated(found.columns, numbered(CHECKED))]
    rows = table.total - bool(units)
    if rows > CHECKED:
        warnings.append(f"only the first {CHECKED:,} of {rows:,} rows were checked")
    if rows > ROWS:
        warnings.append(f"only the first {ROWS:,} of {rows:,} rows are kept as text, read the file for the rest")
    builder = Builder()
    stem = name.rsplit(".", 1)[0]
    builder.add_heading(stem, 1)
    _describe(builder, name, rows, found.columns, units)
    ends = list(_last(numbered(None))) if rows > ROWS else []
    _add_rows(builder, table.header, units, numbered(ROWS))
    _add_rows(builder, table.header, units, iter(ends))
    return Document(
        name=name,
        title=stem,
        text=builder.text,
        segments=tuple(builder.segments),
        media_type=table.media_type,
        meta={"rows": str(rows), "columns": ", ".join(table.header)[:_CELL]},
        warnings=tuple(warnings),
    )


def _csv(name: str, content: bytes) -> _Table:
    text, warnings = decode(content)
    first = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)

    def rows() -> Iterator[Sequence[str]]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return (row for row in reader if any(cell.strip() for cell in row))

    try:
        header = [cell.strip() for cell in next(rows(), [])]
        count = sum(1 for _ in rows()) - 1
    except csv.Error as error:
        raise UnreadableError(f"{name} cannot be read as a table ({error}): save it again as CSV") from error
    return _Table(header, lambda: islice(rows(), 1, None), count, "text/csv", warnings)


def _parquet(name: str, content: bytes) -> _Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            header, count = list(file.schema_arrow.names), file.metadata.num_rows
            next(file.iter_batches(batch_size=1), None)  # a damaged page shows only when it is read
    except (pa.ArrowException, OSError) as error:
        raise UnreadableError(f"{name} is no Parquet file that can be read: write or download it again") from error

    def rows() -> Iterator[Sequence[str]]:
        try:
            with pq.ParquetFile(pa.BufferReader(content)) as file:
                for batch in file.iter_batches(batch_size=1_000):
                    columns = [[_text(value) for value in column.to_pylist()] for column in batch.columns]
                    yield from zip(*columns, strict=True)
        except (pa.ArrowException, OSError) as error:
            raise UnreadableError(f"{name} is damaged inside: write or download it again") from error

    return _Table(header, rows, count, "application/vnd.apache.parquet", ())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second or value.microsecond):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _units(table: _Table) -> tuple[list[str], Callable[[int | None], Iterator[tuple[int, Sequence[str]]]]]:
    """The row of units (empty when there is none), and the rows below it, numbered as in a spreadsheet."""
    top = list(islice(table.rows(), 2))
    units = list(top[0]) if len(top) > 1 and unit_row(table.header, *top) else []
    skipped = 1 if units else 0

    def numbered(most: int | None) -> Iterator[tuple[int, Sequence[str]]]:
        end = None if most is None else most + skipped
        return enumerate(islice(table.rows(), skipped, end), 2 + skipped)

    return units, numbered


def _last(rows: Iterator[tuple[int, Sequence[str]]]) -> list[tuple[int, Sequence[str]]]:
    from collections import deque

    return list(deque(rows, maxlen=_ENDS))


def _describe(builder: Builder, name: str, rows: int, columns: Sequence[Column], units: Sequence[str]) -> None:
    day = next((column for column in columns if column.kind == "date"), None)
    span = f", {day.low} to {day.high}" if day else ""
    builder.add(f"Table {name}: {rows} rows, {len(columns)} columns{span}.", "text", "columns")
    lines = []
    for index, column in enumerate(columns):
        unit = f", unit {units[index].strip()}" if index < len(units) and units[index].strip() else ""
        values = f", {column.low} to {column.high}" if column.low else ""
        lines.append(f"- {column.name}: {column.kind}{unit}, {column.filled} values{values}")
    builder.add("\n".join(lines), "text", "columns")


def _add_rows(builder: Builder, header: Sequence[str], units: Sequence[str], rows: Iterator[tuple[int, Sequence[str]]]) -> None:
    """Segments of whole rows; the first shows the header, each other has it as its context."""
    top = "\n".join(" | ".join(line) for line in (header, units) if line)
    block: list[str] = []
    first = last = 0
    shown = any(segment.kind == "table" for segment in builder.segments)
    for row, cells in rows:
        line = " | ".join(_one_line(cell) for cell in cells)
        if block and sum(map(len, block)) + len(line) > _BLOCK:
            _add_block(builder, top, block, (first, last), shown=shown)
            block, shown = [], True
        first, last = (first if block else row), row
        block.append(line)
    if block:
        _add_block(builder, top, block, (first, last), shown=shown)


def _add_block(builder: Builder, top: str, block: Sequence[str], span: tuple[int, int], *, shown: bool) -> None:
    place = f"row {span[0]}–{span[1]}" if span[1] > span[0] else f"row {span[0]}"
    lines = block if shown else [top, *block]
    builder.add("\n".join(lines), "table", place, top if shown else "")


def _one_line(cell: str) -> str:
    return " ".join(cell.split())[:_CELL]
