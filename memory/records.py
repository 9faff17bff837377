"""The unit of shared context: a record, and the links between records."""

from datetime import date
from enum import StrEnum
from typing import Any, NewType

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

RecordId = NewType("RecordId", str)

DESK = "desk"
"""The author of what the desk writes of itself, briefs and gists: found by people, and never a source of a fact."""


class Kind(StrEnum):
    """What a record is."""

    DOCUMENT = "document"
    CHUNK = "chunk"
    NOTE = "note"
    FINDING = "finding"
    MESSAGE = "message"
    FIGURE = "figure"
    DECISION = "decision"
    SKILL = "skill"


class Status(StrEnum):
    """Whether a record still counts."""

    LIVE = "live"
    SUPERSEDED = "superseded"
    RETRACTED = "retracted"
    EXPIRED = "expired"
    QUARANTINED = "quarantined"


class Trust(StrEnum):
    """Who vouches for a record: a person before our own agent before the outside."""

    PERSON = "person"
    AGENT = "agent"
    OUTSIDE = "outside"


class Relation(StrEnum):
    """What a link says."""

    SUPERSEDES = "supersedes"
    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    DERIVED_FROM = "derived_from"
    CITES = "cites"
    REPLIES_TO = "replies_to"


class Draft(BaseModel):
    """A record before it is stored: what its writer says. The store adds id, version, status and time."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: Kind = Kind.NOTE
    body: str = Field(min_length=1, description="verbatim; quotes are found in it")
    title: str = ""
    gist_en: str = ""
    gist_zh: str = ""
    lang: str = Field(default="", description="en, zh, mixed, other; found by the store when empty")
    author: str = ""
    author_role: str = ""
    run_id: str = ""
    thread_id: str = ""
    parent_id: str = ""
    source_uri: str = Field(default="", description="where it can be opened, e.g. sources/notes/silver.md")
    locator: str = Field(default="", description="page, section, rows, message ts")
    span_start: int | None = Field(default=None, description="first character in the parent's body")
    span_end: int | None = Field(default=None, description="one past the last character in the parent's body")
    thesis_slugs: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    period: str = ""
    confidence: float | None = Field(default=None, ge=0, le=1)
    trust: Trust = Trust.AGENT
    valid_from: date | None = None
    valid_to: date | None = None
    known_from: AwareDatetime | None = Field(
        default=None, description="when a reader could have known it; the time of recording when empty"
    )
    data: dict[str, Any] = Field(default_factory=dict, description="what code reads: values, legs, blocks")
    content_hash: str = Field(default="", description="sha256 of the file it came from")
    idempotency_key: str = Field(default="", description="unique; writing it twice returns the first record")


class Record(Draft):
    """A stored record. ``known_at`` is what as-of reads compare: the later of nothing, the source's date, or now."""

    id: RecordId
    entity_id: str
    version: int
    recorded_at: AwareDatetime
    known_at: AwareDatetime
    status: Status = Status.LIVE
    superseded_by: str = ""
    reason: str = ""


class Link(BaseModel):
    """``source`` stands in ``relation`` to ``target``."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    source: str
    relation: Relation
    target: str


class Hit(BaseModel):
    """One answer of recall: the record, how well it fits, and why it was found."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: str
    score: float
    kind: Kind
    author: str
    source_uri: str
    locator: str
    title: str
    text: str
    known_at: AwareDatetime
    trust: Trust
    thesis_slugs: tuple[str, ...] = ()
    why: dict[str, float] = Field(default_factory=dict, description="each channel's share of the score")
