"""All checks of one series, or of one file, in one call."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from memory.observation import SeriesInfo
from memory.quality import entries, growth, levels, repetition, sessions, sources, times
from memory.quality.finding import SHOWN, Finding, Row, worst_first
from memory.series_table import GROWTH, Cell, day_of_cell, kind_of, number_of, read_table, split_table, stem_of


class Sheet(NamedTuple):
    """One series of a file: its description, the header of its values, its rows, and its dates as written."""

    info: SeriesInfo
    column: str
    rows: list[Row]
    stamps: list[tuple[int, str]]


def read_sheets(path: Path, name: str, catalogue: Mapping[str, SeriesInfo] | None = None, licence: str = "") -> list[Sheet]:
    """The series of a file with every row, usable or not; rows without a date are left to the reader of the file.

    Raises:
        ValueError: it is no table.
    """
    header, rows = read_table(path)
    table = split_table(header, rows, stem_of(name))
    if table.day_column is None:
        return []
    unit_column = table.header.index("unit") if "unit" in table.header else None
    found = []
    for series, column, cells in table.series:
        kept = [row for cell in cells if (row := _row(cell, table.day_column))]
        units = {cell.fields[unit_column].strip() for cell in cells} if unit_column is not None else set()
        info = (catalogue or {}).get(series) or _described(series, column, units, name, licence)
        found.append(Sheet(info, column, kept, [(cell.line, cell.fields[table.day_column]) for cell in cells]))
    return found


def _described(series: str, column: str, units: set[str], source: str, licence: str) -> SeriesInfo:
    kind = kind_of(column) or "level"
    unit = next(iter(units)) if len(units) == 1 else "%" if kind in {"change", "rate"} else ""
    return SeriesInfo(series=series, source=source, licence=licence, kind=kind, unit=unit)


def _row(cell: Cell, day_column: int) -> Row | None:
    day = day_of_cell(cell.fields[day_column])
    return Row(cell.line, day, number_of(cell.text), cell.text) if day else None


def check_series(
    info: SeriesInfo, rows: Sequence[Row], now: datetime, venue: str = "", released: Sequence[datetime] = ()
) -> list[Finding]:  # fmt: skip
    """Every check that one series allows by itself. ``released`` is when each row was known, where that is recorded.

    Raises:
        InputError: the calendar of ``venue`` does not reach the series' days.
    """
    series, by = info.series, venue or info.venue
    declared = info.frequency if "frequency" in info.model_fields_set else ""
    return worst_first(
        [
            *entries.types(series, rows),
            *entries.duplicates(series, rows),
            *entries.order(series, rows),
            *entries.missing(series, rows, info.kind, info.unit),
            *repetition.frequency(series, rows, declared),
            *repetition.repeated(series, rows),
            *(repetition.stale(series, rows) if info.kind != "change" else []),
            *repetition.freshness(series, rows, now, info.lag_days),
            *sessions.gaps(series, rows, by),
            *sessions.closed_days(series, rows, by),
            *levels.negative(series, rows, info.kind, info.unit),
            *(levels.unit_breaks(series, rows) if info.kind != "change" else []),
            *levels.described(info),
            *levels.quote_direction(info, rows),
            *levels.turned_round(series, rows, info.kind),
            *(growth.years_by_row(series, rows) if info.kind != "change" else []),
            *times.reference_dates(info, rows, released),
            *sources.licence(info),
            *sources.origin(info),
        ]
    )


def condensed(findings: Sequence[Finding], most: int = 5) -> list[Finding]:
    """The same finding of more than ``most`` series as one, with the series in its rows; worst first."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for item in findings:
        groups.setdefault((item.check, item.severity), []).append(item)
    out: list[Finding] = []
    for items in groups.values():
        if len({item.series for item in items}) <= most:
            out += items
            continue
        first = items[0]
        names = tuple(f"{item.series}: {item.rows[0]}" if item.rows else item.series for item in items[:SHOWN])
        series = f"{first.series} and {len(items) - 1} more"
        out.append(first.model_copy(update={"series": series, "rows": names, "count": sum(max(item.count, 1) for item in items)}))
    return worst_first(out)


def check_sheets(sheets: Sequence[Sheet], now: datetime, venue: str = "") -> list[Finding]:
    """The checks of every series of a file, and of its growth columns against its levels."""
    found: list[Finding] = []
    levels_there = {sheet.info.series: sheet.rows for sheet in sheets if not GROWTH.search(sheet.column)}
    for sheet in sheets:
        found += check_series(sheet.info, sheet.rows, now, venue)
        by = venue or sheet.info.venue
        timed = any(len(text.strip()) > 10 for _, text in sheet.stamps)
        where = sessions.hours(by) if by and timed else sessions.Hours("", "", "")
        found += entries.time_zones(sheet.info.series, sheet.stamps, *where)
        if GROWTH.search(sheet.column):
            found += check_growth(sheet.info.series, sheet.rows, levels_there)
    return worst_first(found)


def check_growth(series: str, rows: Sequence[Row], levels_there: Mapping[str, Sequence[Row]]) -> list[Finding]:
    """A growth column against the levels beside it: look-ahead, and changes over a missing period."""
    return [*growth.look_ahead(series, rows, levels_there), *growth.across_gaps(series, rows, levels_there)]
