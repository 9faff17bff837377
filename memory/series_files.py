"""Reading a table of market data: which columns are series, which rows cannot be used, and why."""

import csv
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import ValidationError

from memory.book import first_problem
from memory.cadence import infer_frequency
from memory.observation import Observation, SeriesInfo
from memory.plain_yaml import read_yaml
from memory.releases import known_at
from memory.series_table import DATE_COLUMNS, MISSING, Cell, SeriesTable, day_of_cell, kind_of, number_of, read_table, split_table, stem_of


class SeriesFile(NamedTuple):
    """The series of one file, and what was wrong with it."""

    series: list[tuple[SeriesInfo, list[Observation]]]
    skipped: list[str]
    warnings: list[str]


def read_catalogue(path: Path, skipped: list[tuple[str, str]]) -> dict[str, SeriesInfo]:
    """``series.yaml``: a mapping of series name to its description; a wrong entry is skipped with the reason."""
    if not path.exists():
        return {}
    try:
        raw = read_yaml(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        skipped.append((path.name, f"it is no valid YAML ({str(error).splitlines()[0]}): mend it"))
        return {}
    found: dict[str, SeriesInfo] = {}
    for name, fields in raw.items():
        try:
            found[name] = SeriesInfo(series=name, **(fields or {}))
        except ValidationError as error:
            skipped.append((path.name, f"series {name}: {first_problem(error)}"))
    return found


def read_series_file(path: Path, name: str, catalogue: dict[str, SeriesInfo]) -> SeriesFile:
    """Every numeric column of a dated table as a series.

    A wide table's column ``close`` in ``comex/silver.csv`` is the series ``comex.silver.close``; a long table has the
    columns series, date and value (and known_at, unit). Rows that cannot be used are named, the rest is kept.
    """
    out = SeriesFile([], [], [])
    try:
        header, rows = read_table(path)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        out.skipped.append(f"it cannot be read as a table ({error}): save it again as CSV in UTF-8")
        return out
    table = split_table(header, rows, stem_of(name))
    if table.day_column is None:
        out.skipped.append(f"no column says the date: name one of {', '.join(DATE_COLUMNS[:4])}")
        return out
    for series, column, cells in table.series:
        info = catalogue.get(series) or SeriesInfo(series=series, title=series, source=name, kind=kind_of(column) or "close")
        if not info.source:
            info = info.model_copy(update={"source": name})
        observations = _observations(info, cells, table, out)
        if observations:
            out.series.append((info, observations))
    if not table.series:
        out.skipped.append("no column holds numbers: a series needs a date and a value a row")
    return out


def _observations(info: SeriesInfo, cells: Iterable[Cell], table: SeriesTable, out: SeriesFile) -> list[Observation]:
    assert table.day_column is not None
    known_column = table.header.index("known_at") if "known_at" in table.header else None
    unit_column = table.header.index("unit") if "unit" in table.header else None
    kept: list[tuple[date, float, datetime | None, str]] = []
    seen: dict[tuple[date, datetime | None], float] = {}
    for cell in cells:
        if cell.text.strip().lower() in MISSING:
            continue
        number, day = number_of(cell.text), day_of_cell(cell.fields[table.day_column])
        if number is None or day is None:
            what = f"{cell.text!r} is no number" if number is None else f"{cell.fields[table.day_column]!r} is no date"
            out.warnings.append(f"{info.series}, row {cell.line}: {what}; the row is left out")
            continue
        known = _moment(cell.fields[known_column]) if known_column is not None else None
        if seen.get((day, known), number) != number:
            out.warnings.append(f"{info.series}, row {cell.line}: {day} stands twice with other values; the last one counts")
        seen[day, known] = number
        kept.append((day, number, known, cell.fields[unit_column].strip() if unit_column is not None else ""))
    units = {unit for _, _, _, unit in kept}
    if len(units) > 1:
        listed = ", ".join(sorted(repr(unit) for unit in units))
        out.skipped.append(f"{info.series}: its unit changes within the file ({listed}): convert it to one unit")
        return []
    frequency = infer_frequency([day for day, _, _, _ in kept])
    found = {
        (day, known): Observation(
            series=info.series, valid_time=day, known_at=known or known_at(info, day, frequency), value=seen[day, known],
            unit=unit or info.unit, currency=info.currency, kind=info.kind, source=info.source,
            vintage=known.isoformat() if known else "",
        )
        for day, _, known, unit in kept
    }  # fmt: skip
    return sorted(found.values(), key=lambda row: (row.valid_time, row.known_at))


def _moment(text: str) -> datetime | None:
    text = text.strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == len("2026-01-31"):
        moment = moment.replace(hour=22)  # a release day without an hour: by that evening
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
