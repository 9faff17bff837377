"""Reading a table of market data: which columns are series, which rows cannot be used, and why."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from memory.book import first_problem
from memory.observation import Observation, SeriesInfo

_DATE_COLUMNS = ("date", "valid_time", "day", "month", "period", "time", "日期")
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", ".", "#n/a"})


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
        raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
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
    lower = [column.strip().lower() for column in header]
    day_column = next((lower.index(column) for column in _DATE_COLUMNS if column in lower), None)
    if day_column is None:
        out.skipped.append(f"no column says the date: name one of {', '.join(_DATE_COLUMNS[:4])}")
        return out
    stem = ".".join(Path(name).with_suffix("").parts).lower().replace(" ", "_").replace("-", "_")
    groups = _long(lower, rows) if {"series", "value"} <= set(lower) else _wide(lower, rows, stem, day_column)
    for series, cells in groups:
        info = catalogue.get(series) or SeriesInfo(series=series, title=series, source=name)
        if not info.source:
            info = info.model_copy(update={"source": name})
        observations = _observations(info, cells, lower, day_column, out)
        if observations:
            out.series.append((info, observations))
    if not groups:
        out.skipped.append("no column holds numbers: a series needs a date and a value a row")
    return out


class _Cell(NamedTuple):
    row: int
    fields: Sequence[str]
    value: str


def _wide(header: list[str], rows: list[list[str]], stem: str, day_column: int) -> list[tuple[str, list[_Cell]]]:
    groups = []
    for column, title in enumerate(header):
        if column == day_column or not title or title in {"known_at", "unit", "currency"}:
            continue
        cells = [_Cell(i, row, row[column]) for i, row in enumerate(rows, 2) if len(row) > column]
        numbers = sum(number_of(cell.value) is not None for cell in cells)
        if numbers and numbers >= 0.5 * sum(cell.value.strip().lower() not in _MISSING for cell in cells):
            groups.append((f"{stem}.{title.replace(' ', '_').replace('-', '_')}", cells))
    return groups


def _long(header: list[str], rows: list[list[str]]) -> list[tuple[str, list[_Cell]]]:
    name, value = header.index("series"), header.index("value")
    groups: dict[str, list[_Cell]] = {}
    for i, row in enumerate(rows, 2):
        if len(row) > max(name, value):
            groups.setdefault(row[name].strip(), []).append(_Cell(i, row, row[value]))
    return list(groups.items())


def _observations(info: SeriesInfo, cells: Iterable[_Cell], header: list[str], day_column: int, out: SeriesFile) -> list[Observation]:
    from memory.market import known_from

    known_column = header.index("known_at") if "known_at" in header else None
    unit_column = header.index("unit") if "unit" in header else None
    found: dict[date, Observation] = {}
    units: set[str] = set()
    for cell in cells:
        if cell.value.strip().lower() in _MISSING:
            continue
        number, day = number_of(cell.value), _day(cell.fields[day_column])
        if number is None or day is None:
            what = f"{cell.value!r} is no number" if number is None else f"{cell.fields[day_column]!r} is no date"
            out.warnings.append(f"{info.series}, row {cell.row}: {what}; the row is left out")
            continue
        if day in found and found[day].value != number:
            out.warnings.append(f"{info.series}, row {cell.row}: {day} stands twice with other values; the last one counts")
        unit = cell.fields[unit_column].strip() if unit_column is not None else ""
        units.add(unit)
        known = _moment(cell.fields[known_column]) if known_column is not None else None
        found[day] = Observation(
            series=info.series, valid_time=day, known_at=known or known_from(day, info.lag_days), value=number,
            unit=unit or info.unit, currency=info.currency, kind=info.kind, source=info.source,
        )  # fmt: skip
    if len(units) > 1:
        listed = ", ".join(sorted(repr(unit) for unit in units))
        out.skipped.append(f"{info.series}: its unit changes within the file ({listed}): convert it to one unit")
        return []
    return [found[day] for day in sorted(found)]


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows, all as text; blank rows are passed over."""
    if path.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
        except pa.ArrowException as error:
            raise ValueError(str(error)) from error
        columns = [[_text(value) for value in column.to_pylist()] for column in table.columns]
        return list(table.column_names), [list(row) for row in zip(*columns, strict=True)]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise ValueError("it has no rows")
    return rows[0], rows[1:]


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


def _day(text: str) -> date | None:
    text = text.strip()
    for length, completed in ((7, text + "-01"), (4, text + "-01-01")):
        if len(text) == length:
            text = completed
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


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
