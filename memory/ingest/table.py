"""CSV and Parquet as documents: what the table holds, then its rows with the header in sight."""

from collections import Counter
from pathlib import Path

from memory.errors import UnreadableError
from memory.ingest.document import Builder, Document

ROWS = 2_000
"""Rows of a table kept as text; the rest is data, and data is read from the file."""
BLOCK = 25


def read(path: Path) -> Document:
    """A description of the columns, then the first rows; what looks wrong is a warning.

    Raises:
        UnreadableError: it is no table.
    """
    import csv

    from memory.series_files import read_table

    try:
        header, rows = read_table(path)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise UnreadableError(
            f"{path.name} cannot be read as a table ({error}): save it again as CSV in UTF-8"
        ) from error
    builder = Builder()
    builder.add_heading(path.stem, 1)
    builder.add(f"Table {path.name}: {len(rows)} rows, columns {', '.join(header)}.", "text", "columns")
    shown = rows[:ROWS]
    for start in range(0, len(shown), BLOCK):
        block = [" | ".join(header), *(" | ".join(row) for row in shown[start : start + BLOCK])]
        builder.add("\n".join(block), "table", f"rows {start + 1}–{start + len(block) - 1}")
    warnings = _problems(header, rows)
    if len(rows) > ROWS:
        warnings.append(f"only the first {ROWS} of {len(rows)} rows are kept as text")
    return Document(
        name=path.name, title=path.stem, text=builder.text, segments=tuple(builder.segments), media_type="text/csv",
        warnings=tuple(warnings),
    )  # fmt: skip


def _problems(header: list[str], rows: list[list[str]]) -> list[str]:
    from memory.series_files import number_of

    found = []
    for column, name in enumerate(header):
        cells = [row[column].strip() for row in rows if len(row) > column and row[column].strip()]
        numbers = sum(number_of(cell) is not None for cell in cells)
        if 0 < numbers < len(cells) and numbers >= 0.5 * len(cells):
            found.append(f"column {name!r} mixes numbers with {len(cells) - numbers} other values")
        if name.strip().lower() == "unit" and len(set(cells)) > 1 and "series" not in [h.lower() for h in header]:
            found.append(f"the unit changes within the file: {', '.join(sorted(set(cells))[:4])}")
        if name.strip().lower() == "date" and "series" not in [h.lower() for h in header]:
            twice = [day for day, n in Counter(cells).items() if n > 1]
            if twice and len(header) == 2:  # noqa: PLR2004 - more columns may be keys
                found.append(f"{len(twice)} dates stand more than once, first {twice[0]}")
    return found
