"""No number without a source: every quote is found verbatim, every number resolves, what does not is marked."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from memory.facts import Fact, extract_facts
from memory.records import Kind, Record
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
    supported = [fact for item in held for fact in _facts(item.quote)]
    # A result of our own tools also states its inputs in words: the rule, its threshold, the bound that held.
    figures = [records[item.record].data for item in held if records[item.record].kind is Kind.FIGURE]
    supported += [fact for data in figures for text in _texts(data) for fact in _facts(text)]
    values = [value for item in held for value in _values(records[item.record].data)]
    unsupported = [fact for fact in _facts(text) if not _resolves(fact, supported, values)]
    problems += [f"{fact.text} has no source" for fact in unsupported]
    return Grounded(_marked(text, unsupported), tuple(held), tuple(problems))


@lru_cache(maxsize=4096)
def _facts(text: str) -> tuple[Fact, ...]:
    # Agents cite the same quotes again and again, and a post is checked when it is written and when it is kept.
    return tuple(extract_facts(text))


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


def _texts(data: Any) -> Iterable[str]:
    """Every text in a tool's result, however deep."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list | tuple):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _texts(value)


def _resolves(fact: Fact, supported: Sequence[Fact], values: Sequence[float]) -> bool:
    if fact.kind == "date":
        return True  # a date names when, not how much; quotes carry their own
    for value in fact.values:
        in_quote = any(
            math.isclose(abs(value), abs(other), rel_tol=1e-6, abs_tol=1e-12)
            for known in supported
            if not (known.unit and fact.unit and known.unit != fact.unit)
            for other in known.values
        )
        in_result = any(_rounds_to(value, fact.text, number) for number in values)
        if not in_quote and not in_result:
            return False
    return True


_WRITTEN = re.compile(r"\d[\d,]*(?:\.(\d+))?")
_SCALES = (1.0, 100.0, 1e3, 1e6, 1e9, 1e12)
"""A result may be per 1.00 where the text says per cent, or in millions or billions where the text spells them out."""


def _rounds_to(value: float, text: str, number: float) -> bool:
    """Whether a number, rounded to the digits that the text shows, is the value the text states."""
    match = _WRITTEN.search(text)
    if match is None:
        return any(math.isclose(abs(value), abs(number) * scale, rel_tol=1e-9) for scale in _SCALES)
    written = float(match[0].replace(",", ""))
    unit = abs(value) / written if written else 1.0
    half_digit = 0.5 * 10 ** -len(match[1] or "") * unit
    return any(abs(abs(value) - abs(number) * scale) <= half_digit * (1 + 1e-9) for scale in _SCALES)


def _marked(text: str, facts: Sequence[Fact]) -> str:
    for fact in sorted(facts, key=lambda item: -item.end):
        text = f"{text[: fact.end]} {UNSUPPORTED}{text[fact.end :]}"
    return text
