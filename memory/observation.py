"""Market data as the desk knows it: what was true when, and since when we could know it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Point(NamedTuple):
    """One value of a series: true on ``valid_time``, knowable from ``known_at`` on (aware, UTC)."""

    valid_time: date
    value: float
    known_at: datetime


class Vintage(NamedTuple):
    """One value as it stood from ``known_at`` on; ``vintage`` is empty where that time follows from a rule or a lag."""

    valid_time: date
    known_at: datetime
    value: float
    vintage: str


class Revised(NamedTuple):
    """A value that is new (``before`` is None) or was revised, since ``known_at``."""

    valid_time: date
    before: float | None
    after: float
    known_at: datetime


class SeriesInfo(BaseModel):
    """What a series measures and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: str = Field(description="dotted name, e.g. comex.silver.mar")
    title: str = ""
    title_zh: str = ""
    unit: str = Field(default="", description="e.g. $/oz, %, bp, index, moz")
    currency: str = ""
    kind: str = Field(default="close", description="close, settle, average, level, count")
    frequency: str = Field(default="daily", description="daily, weekly, monthly, quarterly, annual")
    source: str = ""
    licence: str = ""
    venue: str = Field(default="", description="whose calendar its days follow, by the code of its exchange, e.g. XNYS")
    lag_days: int = Field(default=0, ge=0, description="days between valid_time and known_at where no release time is given")
    release: str = Field(default="", description="when a value comes out, e.g. 'friday 15:30 America/New_York'; comes before the lag")
    resolves: bool = Field(default=True, description="may decide a forecast; a source that is not official may not")
    same_as: str = Field(default="", description="another series of the same quantity: the two are held against each other")
    synthetic: bool = Field(default=False, description="made by a seeded script; every chart says so")
    formula: str = Field(default="", description="a derived series: an expression over other series")


class Observation(BaseModel):
    """One stored value, never changed: a revision is a further row with a later ``known_at``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: str
    valid_time: date
    known_at: AwareDatetime
    value: float
    unit: str = ""
    currency: str = ""
    kind: str = "close"
    source: str = ""
    vintage: str = ""


class SeriesReader(Protocol):
    """Point-in-time reads: nothing known after ``as_of`` can be seen."""

    def info(self, series: str) -> SeriesInfo | None:
        """The series' description; None when no such series exists."""
        ...

    def points(self, series: str, as_of: datetime, since: date | None = None) -> Sequence[Point]:
        """The newest vintage of every value known at ``as_of``, by ``valid_time`` ascending, from ``since`` on."""
        ...
