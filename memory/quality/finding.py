"""What a quality check says: which rule, how bad, which rows, and what to do."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["note", "warning", "error"]
SHOWN = 20
_RANK: dict[str, int] = {"error": 0, "warning": 1, "note": 2}


class Row(NamedTuple):
    """One row as a check sees it: its line in the file (0: from the log), its day, its number if it has one, its text."""

    line: int
    day: date
    value: float | None
    text: str = ""


class Finding(BaseModel):
    """One defect of one series. ``rows`` are the first 20 of ``count``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str = Field(description="the class of the defect, e.g. duplicate, gap, stale, look-ahead")
    severity: Severity = Field(description="error: do not compute with it; warning: look first; note: know it")
    series: str
    message: str
    rows: tuple[str, ...] = ()
    count: int = 0


def finding(check: str, severity: Severity, series: str, message: str, rows: Sequence[Row | str] = ()) -> Finding:
    """A finding with its rows written out."""
    shown = tuple(row if isinstance(row, str) else _place(row) for row in rows[:SHOWN])
    return Finding(check=check, severity=severity, series=series, message=message, rows=shown, count=len(rows))


def _place(row: Row) -> str:
    said = row.text.strip() or ("blank" if row.value is None else f"{row.value:g}")
    return f"{row.day} {said}" + (f" (line {row.line})" if row.line else "")


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then notes; within one severity by series and check."""
    return sorted(findings, key=lambda item: (_RANK[item.severity], item.series, item.check))


class Known(NamedTuple):
    """A row that has a number."""

    day: date
    value: float
    row: Row


def known(rows: Sequence[Row]) -> list[Known]:
    """The rows that have a number, by day; of two on one day the later row."""
    found = {row.day: Known(row.day, row.value, row) for row in rows if row.value is not None}
    return [found[day] for day in sorted(found)]
