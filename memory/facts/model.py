"""What a fact is, and when two of them say the same quantity."""

import math
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FactKind = Literal["number", "range", "strikes", "date"]
Granularity = Literal["", "day", "month", "quarter", "year"]


class Fact(BaseModel):
    """One quantity or date in a text: ``text[start:end]`` of the source is ``self.text``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FactKind
    values: tuple[float, ...] = Field(default=(), description="in the base unit: money whole, percent, troy oz, tonnes")
    unit: str = Field(default="", description="USD, CNY, %, oz, t, bbl, x, y, USD/oz …; empty for a bare number")
    dates: tuple[date, ...] = Field(default=(), description="first day of each day, month, quarter or year named")
    granularity: Granularity = ""
    bound: Literal["", "min", "max"] = ""
    approximate: bool = False
    start: int
    end: int
    text: str


def same_quantity(a: Fact, b: Fact, rel_tol: float = 1e-6) -> bool:
    """Whether two facts state one quantity: equal unit and values, or equal dates, however they are written.

    A bare number matches the same number with any unit only when one of the two names no unit.
    """
    if a.kind == "date" or b.kind == "date":
        return a.kind == b.kind and a.dates == b.dates and a.granularity == b.granularity
    if a.unit != b.unit and a.unit and b.unit:
        return False
    if len(a.values) != len(b.values):
        return False
    return all(math.isclose(x, y, rel_tol=rel_tol, abs_tol=1e-12) for x, y in zip(a.values, b.values, strict=True))
