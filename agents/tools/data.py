"""Tools over market data and over numbers in text."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel

from agents.tool import tool
from agents.workbench import Workbench
from memory.errors import RuleError
from memory.facts import Fact, extract_facts
from memory.observation import Point, SeriesInfo


class SeriesRow(BaseModel):
    """A series and its newest value at the as-of."""

    info: SeriesInfo
    last: float | None
    valid_time: date | None
    known_at: str


class SeriesList(BaseModel):
    """Series at the as-of."""

    series: list[SeriesRow]


class RuleResult(BaseModel):
    """What a rule says, and every value it read."""

    state: str
    value: float | bool | None
    reason: str
    evidence: list[dict[str, Any]]


class Facts(BaseModel):
    """Numbers and dates in a text."""

    facts: list[Fact]


class Rows(BaseModel):
    """Rows of a query."""

    rows: list[dict[str, Any]]
    truncated: bool


@tool("data.series")
def series(workbench: Workbench, name: str = "") -> SeriesList:
    """The series there are, or those whose name contains ``name``, with their newest value."""
    found = []
    for key, info in sorted(workbench.market.series().items()):
        if name in key:
            points = _points(workbench, key)
            last = points[-1] if points else None
            found.append(
                SeriesRow(
                    info=info,
                    last=last.value if last else None,
                    valid_time=last.valid_time if last else None,
                    known_at=last.known_at.isoformat() if last else "",
                )
            )
    return SeriesList(series=found)


def _points(workbench: Workbench, name: str) -> Sequence[Point]:
    """A series' values; none for a derived one whose formula is wrong, which the run's report names."""
    try:
        return workbench.reader.points(name, workbench.as_of)
    except RuleError:
        return []


@tool("data.rule")
def rule(workbench: Workbench, rule: str, thesis: str = "") -> RuleResult:
    """Evaluate a rule over series, and over a thesis's measures, with the evidence of every value."""
    owner = workbench.book.get(thesis, workbench.as_of).thesis if thesis else None
    found = workbench.evaluate(rule, owner)
    return RuleResult(state=found.state, value=found.value, reason=found.reason, evidence=[item._asdict() for item in found.evidence])


@tool("data.facts")
def facts(text: str) -> Facts:
    """Numbers with units, ranges, strikes and dates in an English or Chinese text, each with its span."""
    return Facts(facts=extract_facts(text))


@tool("data.sql")
def sql(workbench: Workbench, query: str) -> Rows:
    """A read-only query over the table observations (series, valid_time, known_at, value, unit)."""
    found = workbench.market.query(query, workbench.as_of)
    return Rows(rows=found.rows, truncated=found.truncated)
