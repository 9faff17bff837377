"""What a table's columns hold, and what looks wrong with them, in one pass over the rows."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, NamedTuple

ColumnKind = Literal["number", "date", "text", "empty"]

_MOSTLY = 0.5
_DATE_NAMES = frozenset({"date", "day", "time", "timestamp", "valid_time", "datetime", "日期", "时间", "時間"})
_UNIT_NAMES = frozenset({"unit", "units", "单位", "單位"})
_DAY = re.compile(r"(?:19|20|21)\d\d[-/]?(?:0?[1-9]|1[0-2])(?:[-/]?(?:0?[1-9]|[12]\d|3[01]))?(?:[T ][\d:.]+.{0,6})?")
_WITH_UNIT = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?\s*([^\W\d_%].{0,15}|%)")
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "–", ".", "#n/a"})
_MOST_UNITS = 20


class Column(NamedTuple):
    """A column: its name, what most of its cells are, how many are filled, its first and last value in order."""

    name: str
    kind: ColumnKind
    filled: int
    low: str
    high: str


class Profile(NamedTuple):
    """The columns of a table and one sentence for each thing that looks wrong."""

    columns: list[Column]
    problems: list[str]


class _Counting:
    """One column while its rows pass by."""

    def __init__(self) -> None:
        self.filled = self.numbers = self.days = 0
        self.units: dict[str, int] = {}
        self.odd: tuple[int, str] = (0, "")
        self.plain: tuple[int, str] = (0, "")
        self.least = self.most = ("", 0.0)
        self.first_day = self.last_day = ""

    def take(self, row: int, cell: str) -> None:
        """Count one cell."""
        from memory.series_table import number_of

        cell = cell.strip()
        if cell.lower() in _MISSING:
            return
        self.filled += 1
        number = number_of(cell)
        if is_day(cell):
            self.days += 1
            self.first_day = min(self.first_day or cell, cell)
            self.last_day = max(self.last_day, cell)
        if number is None:
            self._odd(row, cell)
            return
        self.plain = self.plain if self.plain[1] else (row, cell)
        if not self.numbers or number < self.least[1]:
            self.least = (cell, number)
        if not self.numbers or number > self.most[1]:
            self.most = (cell, number)
        self.numbers += 1

    def _odd(self, row: int, cell: str) -> None:
        self.odd = self.odd if self.odd[1] else (row, cell)
        unit = _WITH_UNIT.fullmatch(cell)
        if unit and (unit[1] in self.units or len(self.units) < _MOST_UNITS):
            self.units.setdefault(unit[1], row)

    def column(self, name: str) -> Column:
        """What the cells were."""
        if not self.filled:
            return Column(name, "empty", 0, "", "")
        if self.days >= _MOSTLY * self.filled and (self.days > self.numbers or name.strip().lower() in _DATE_NAMES):
            return Column(name, "date", self.filled, self.first_day, self.last_day)
        if self.numbers >= _MOSTLY * self.filled:
            return Column(name, "number", self.filled, self.least[0], self.most[0])
        return Column(name, "text", self.filled, "", "")

    def problem(self, column: Column) -> str:
        """Cells of two kinds in one column, or figures in two units."""
        if len(self.units) > 1:
            listed = ", ".join(f"{unit} (row {row})" for unit, row in self.units.items())
            return f"column {column.name!r}: its unit changes within the file: {listed}"
        if column.kind == "number" and self.numbers < self.filled:
            row, cell = self.odd
            others = self.filled - self.numbers
            return f"column {column.name!r} mixes numbers with {others} other values, first row {row}: {cell[:40]!r}"
        if column.kind == "text" and self.numbers and not self.units:
            row, cell = self.plain
            return f"column {column.name!r} mixes text with {self.numbers} numbers, first row {row}: {cell[:40]!r}"
        if column.kind == "date" and self.days < self.filled:
            return f"column {column.name!r} mixes dates with {self.filled - self.days} other values"
        return ""


def profile(header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> Profile:
    """The columns of numbered rows, and their problems: mixed kinds, rows of another width, a column named twice."""
    counting = [_Counting() for _ in header]
    uneven: list[int] = []
    for row, cells in rows:
        if len(cells) != len(header):
            uneven.append(row)
        for counted, cell in zip(counting, cells, strict=False):
            counted.take(row, cell)
    columns = [counted.column(name) for counted, name in zip(counting, header, strict=True)]
    problems = [problem for counted, column in zip(counting, columns, strict=True) if (problem := counted.problem(column))]
    if uneven:
        problems.append(f"{len(uneven)} rows do not have the header's {len(header)} cells, first row {uneven[0]}")
    twice = sorted({name for name in header if name.strip() and list(header).count(name) > 1})
    if twice:
        problems.append(f"columns of the same name: {', '.join(twice)}")
    return Profile(columns, problems)


def repeated(columns: Sequence[Column], rows: Iterable[tuple[int, Sequence[str]]]) -> list[str]:
    """Dates that stand twice for one key, and keys whose unit changes; a key is the row's cells of text."""
    day = next((i for i, column in enumerate(columns) if column.kind == "date"), None)
    unit = next((i for i, column in enumerate(columns) if column.name.strip().lower() in _UNIT_NAMES), None)
    names = [i for i, column in enumerate(columns) if column.kind == "text" and i != unit]
    # A vintage table says the same day again with a later date of publication.
    days = [i for i, column in enumerate(columns) if column.kind == "date"]
    seen: set[tuple[str, ...]] = set()
    twice: list[tuple[int, str]] = []
    units: dict[tuple[str, ...], dict[str, int]] = {}
    for row, cells in rows:
        if len(cells) < len(columns):
            continue
        key = tuple(cells[i] for i in names)
        if day is not None and cells[day].strip():
            full = (*key, *(cells[i] for i in days))
            if full in seen:
                twice.append((row, cells[day]))
            seen.add(full)
        if unit is not None and cells[unit].strip():
            units.setdefault(key, {}).setdefault(cells[unit].strip(), row)
    found = [f"{len(twice)} dates stand more than once, first row {twice[0][0]}: {twice[0][1]}"] if twice else []
    changed = [(key, at) for key, at in units.items() if len(at) > 1]
    if changed and len(names) != len(columns):
        key, at = changed[0]
        listed = ", ".join(f"{name} (row {row})" for name, row in at.items())
        found.append(f"the unit changes within the file{' for ' + ' '.join(key) if any(key) else ''}: {listed}")
    return found


def is_day(cell: str) -> bool:
    """Whether a cell is a date or a month in digits, alone or with an hour."""
    if not _DAY.fullmatch(cell):
        return False
    digits = re.sub(r"\D", "", cell)
    if len(digits) < 8 or not (cell[4:5].isdigit() or cell[4:5] in "-/"):
        return "-" in cell or "/" in cell
    try:
        date.fromisoformat(cell.replace("/", "-")[:10] if not cell[4].isdigit() else f"{cell[:4]}-{cell[4:6]}-{cell[6:8]}")
    except ValueError:
        return bool(re.match(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}", cell))
    return True


def unit_row(header: Sequence[str], first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether the row below the header gives units: no figures in it, where the next row has some."""
    from memory.series_table import number_of

    if len(first) != len(header) or any(number_of(cell) is not None or is_day(cell.strip()) for cell in first):
        return False
    figures = [i for i, cell in enumerate(second[: len(first)]) if number_of(cell) is not None]
    named = sum(bool(first[i].strip()) and first[i].strip().lower() not in _MISSING for i in figures)
    return bool(figures) and named >= _MOSTLY * len(figures)
