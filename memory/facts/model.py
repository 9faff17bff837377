"""What a fact is, and when two of them say the same quantity."""

import math
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FactKind = Literal["number", "range", "strikes", "date"]
Granularity = Literal["", "day", "month", "quarter", "year"]
Bound = Literal["", "min", "max"]


class Fact(BaseModel):
    """One quantity or date in a text: ``text[start:end]`` of the source is ``self.text``.

    The span holds sign, currency, number, scale, unit and what follows them (``+``, 左右); words before (about, 约, over) are
    kept in ``approximate`` and ``bound`` only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FactKind
    values: tuple[float, ...] = Field(
        default=(), description="in the base unit; number 1, range 2 (low, high), strikes 3 or more (rising), date 0"
    )
    unit: str = Field(
        default="", description="USD, CNY, USD/oz, %, oz (troy), t, bbl, bbl/d, MW, MWh, MMBtu, GB, x, y, mo, wk, d, h …; empty for counts"
    )
    dates: tuple[date, ...] = Field(
        default=(), description="first day of each day, month, quarter or year named; two for a span; none when the year is not said"
    )
    granularity: Granularity = ""
    bound: Bound = Field(default="", description="min: over, at least, 逾, 700+; max: under, up to, 不到")
    approximate: bool = Field(
        default=False, description="the exact amount is not the number written: about, ~, 约, 左右, over, 逾, under, 不到"
    )
    start: int
    end: int
    text: str


def same_quantity(a: Fact, b: Fact, rel_tol: float = 1e-6) -> bool:
    """Whether two facts state one quantity, however it is written: equal kind, unit and values, or equal dates.

    Bounds and approximations are not compared: "over $9 tn" names the quantity of "9 万亿美元". A number without a unit is
    not one with it. Dates without a year are the same only when written the same.
    """
    if a.kind != b.kind:
        return False
    if a.kind == "date":
        if not a.dates and not b.dates:
            return "".join(a.text.split()) == "".join(b.text.split())
        return a.dates == b.dates and a.granularity == b.granularity
    if a.unit != b.unit or len(a.values) != len(b.values):
        return False
    return all(math.isclose(x, y, rel_tol=rel_tol, abs_tol=1e-12) for x, y in zip(a.values, b.values, strict=True))
