"""Understanding answers: JSON and CSV with the fields that were expected, or a sentence that says what changed."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from memory.data_source import SourceAnswerError
from memory.series_table import MISSING, day_of_cell, number_of


def json_of(body: bytes, source: str) -> Any:
    """A JSON document.

    Raises:
        SourceAnswerError: it is none, or is cut off.
    """
    try:
        return json.loads(body)
    except (UnicodeDecodeError, ValueError) as error:
        raise SourceAnswerError(f"{source} sends what is no whole JSON (cut off, or changed): try again later") from error


def field(data: Any, path: Sequence[str | int], source: str) -> Any:
    """The value at a path of keys.

    Raises:
        SourceAnswerError: the answer has another shape.
    """
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError) as error:
            shown = ".".join(map(str, path))
            raise SourceAnswerError(f"{source} changed its answer: there is no field {shown}; look for a newer version of Stoa") from error
    return data


def csv_of(body: bytes, source: str, columns: Iterable[str], *, newline: bool = False) -> list[dict[str, str]]:
    """The rows of a CSV text that has ``columns``; ``newline`` where the source ends every line with one, the last too.

    Raises:
        SourceAnswerError: a column is missing, or a row is cut off.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceAnswerError(f"{source} sends what is no text: try again later") from error
    if newline and text and not text.endswith("\n"):
        raise SourceAnswerError(f"{source} sends a last line without its end: the answer is cut off")
    rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    if not rows:
        raise SourceAnswerError(f"{source} sends an empty answer: check the code, or try again later")
    header = [cell.strip() for cell in rows[0]]
    for column in columns:
        if column not in header:
            shown = ", ".join(header[:12])
            raise SourceAnswerError(f"{source} has no column {column!r} (it has {shown}): check the code, or whether the source changed")
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise SourceAnswerError(f"{source} sends line {line} with {len(row)} of {len(header)} fields: the answer is cut off")
    return [dict(zip(header, row, strict=True)) for row in rows[1:]]


def number(value: Any, source: str) -> float | None:
    """A value; None where the source says that there is none.

    Raises:
        SourceAnswerError: it is neither.
    """
    if value is None or str(value).strip().lower() in MISSING:
        return None
    found = number_of(str(value))
    if found is None:
        raise SourceAnswerError(f"{source} sends {str(value)[:40]!r} where a number belongs: its answer changed")
    return found


def day(value: Any, source: str) -> date:
    """A date.

    Raises:
        SourceAnswerError: it is none.
    """
    found = day_of_cell(str(value))
    if found is None:
        raise SourceAnswerError(f"{source} sends {str(value)[:40]!r} where a date belongs: its answer changed")
    return found


def rows_of(data: Any, source: str) -> list[Mapping[str, Any]]:
    """A list of objects.

    Raises:
        SourceAnswerError: it is none.
    """
    if not isinstance(data, list) or not all(isinstance(row, Mapping) for row in data):
        raise SourceAnswerError(f"{source} changed its answer: a list of rows was expected; look for a newer version of Stoa")
    return data
