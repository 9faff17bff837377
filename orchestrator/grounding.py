"""No number without a source: every quote is found verbatim, every number resolves, what does not is marked."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from memory.facts import Fact, extract_facts
from memory.records import Record
from memory.thesis import Evidence

UNSUPPORTED = "[unsupported]"


class Grounded(NamedTuple):
    """A text whose unsupported numbers are marked, the citations that hold, and what was wrong."""

    text: str
    evidence: tuple[Evidence, ...]
    problems: tuple[str, ...]


def ground(text: str, evidence: Sequence[Evidence], records: Mapping[str, Record]) -> Grounded:
    """Check a text against the records it cites.

    A quote that is not in its record is dropped, and with it the numbers that only it supported. A number that no
    remaining quote and no cited result holds is marked in the text: the statement survives, and the reader is told.
    """
    held, problems = [], []
    for item in evidence:
        record = records.get(item.record)
        if record is None:
            problems.append(f"record {item.record} does not exist")
        elif item.quote not in record.body:
            problems.append(f"the quote “{item.quote[:60]}” does not stand in {record.source_uri or record.id}")
        else:
            held.append(item)
    supported = [fact for item in held for fact in extract_facts(item.quote)]
    values = [value for item in held for value in _values(records[item.record].data)]
    unsupported = [fact for fact in extract_facts(text) if not _resolves(fact, supported, values)]
    problems += [f"{fact.text} has no source" for fact in unsupported]
    return Grounded(_marked(text, unsupported), tuple(held), tuple(problems))


def _values(data: Any) -> Iterable[float]:
    """Every number in a tool's result, however deep."""
    if isinstance(data, bool):
        return
    if isinstance(data, int | float):
        yield float(data)
    elif isinstance(data, dict):
        for value in data.values():
            yield from _values(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _values(value)


def _resolves(fact: Fact, supported: Sequence[Fact], values: Sequence[float]) -> bool:
    if fact.kind == "date":
        return True  # a date names when, not how much; quotes carry their own
    tolerance = _half_digit(fact.text)
    for value in fact.values:
        in_quote = any(
            math.isclose(abs(value), abs(other), rel_tol=1e-6, abs_tol=1e-12)
            for known in supported
            if not (known.unit and fact.unit and known.unit != fact.unit)
            for other in known.values
        )
        in_result = any(_rounds_to(value, number, tolerance) for number in values)
        if not in_quote and not in_result:
            return False
    return True


def _half_digit(text: str) -> float:
    """Half of the last digit written: how far a rounded number may stand from the value behind it."""
    match = re.search(r"\d[\d,]*(?:\.(\d+))?", text)
    return 0.5 * 10 ** -len(match[1] or "") if match else 0.5


def _rounds_to(value: float, number: float, tolerance: float) -> bool:
    # The same result may be written per 1.00, in per cent, in basis points or in millions.
    for factor in (1.0, 100.0, 1e3, 1e6, 1e9, 1e12):
        shown = value / factor if factor > 100 else value
        real = number * factor if factor <= 100 else number / factor
        if abs(abs(shown) - abs(real)) <= tolerance * (1 + 1e-9):
            return True
    return False


def _marked(text: str, facts: Sequence[Fact]) -> str:
    for fact in sorted(facts, key=lambda item: -item.end):
        text = f"{text[: fact.end]} {UNSUPPORTED}{text[fact.end :]}"
    return text
