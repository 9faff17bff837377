"""Where market data come from: the port that every connector fulfils, and what a pull brings."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from memory.errors import StoaError
from memory.observation import Observation, SeriesInfo
from memory.releases import known_at

#: SourceError
#: ├── SourceKeyError           the source wants a key: the message says where to get it
#: ├── SourceUnreachableError   down, busy, or the connection broke: try again later
#: └── SourceAnswerError        an answer came that is not the data: changed, cut off, a web page, an unknown code


class SourceError(StoaError):
    """A data source did not give its data."""


class SourceKeyError(SourceError):
    """The source wants a key that is not set, or refuses the one that is."""


class SourceUnreachableError(SourceError):
    """The source is down, busy, or the connection broke."""


class SourceAnswerError(SourceError):
    """An answer came, but it is not the data that was asked for."""


class Value(NamedTuple):
    """One value; ``known_at`` where the source tells when it was out, and ``vintage`` where it tells of revisions."""

    valid_time: date
    value: float
    known_at: datetime | None = None
    vintage: str = ""


class Provenance(BaseModel):
    """Where the values of one pull came from: enough to fetch them again, without the key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    url: str = Field(description="without keys")
    fetched_at: AwareDatetime
    licence: str
    sha256: str = Field(description="of the answer's bytes")
    cached: bool = False


class Pulled(NamedTuple):
    """One series as a source gave it. ``notes`` is what its reader should know, e.g. that no vintages are kept."""

    info: SeriesInfo
    values: list[Value]
    provenance: Provenance
    notes: tuple[str, ...] = ()


class SeriesRequest(NamedTuple):
    """A series by the desk's name and by the source's own code; values from ``since`` on, or all."""

    series: str
    code: str
    since: date | None = None


class DataSource(Protocol):
    """One place that data come from. It reads only, and never fills in what the place does not give."""

    @property
    def name(self) -> str:
        """What it is called in messages and in provenance."""
        ...

    def offers(self) -> Mapping[str, str]:
        """The series it has without being asked for one, name to code; empty for a service with too many to list."""
        ...

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """One series.

        Raises:
            SourceError: it could not be had; the message says why and what to do.
        """
        ...


def observations(pulled: Pulled, described: SeriesInfo | None = None) -> tuple[SeriesInfo, list[Observation]]:
    """The pull as observations. What ``data/series.yaml`` says of the series comes before what the source says."""
    info = pulled.info
    if described is not None:
        stated = described.model_dump(exclude_unset=True, exclude={"series"})
        info = SeriesInfo(**(info.model_dump(exclude_unset=True) | stated))
    return info, [
        Observation(
            series=info.series, valid_time=value.valid_time, known_at=value.known_at or known_at(info, value.valid_time),
            value=value.value, unit=info.unit, currency=info.currency, kind=info.kind, source=info.source, vintage=value.vintage,
        )
        for value in pulled.values
    ]  # fmt: skip
