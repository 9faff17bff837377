"""An investment thesis: one falsifiable claim, what tests it, and what is at stake on it."""

import hashlib
import json
import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        msg = f"{value!r} is no slug: use small letters, digits and single hyphens, e.g. silver-squeeze"
        raise ValueError(msg)
    return value


Slug = Annotated[str, AfterValidator(_slug)]
Probability = Annotated[float, Field(ge=0.01, le=0.99)]


class _Frozen(BaseModel):
    # Built when first used: a command uses few of these, and what holds another builds it along.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Stance(StrEnum):
    """Which way the thesis is expressed."""

    LONG = "long"
    SHORT = "short"
    NEUTRAL = "neutral"
    RELATIVE = "relative"


class ThesisStatus(StrEnum):
    """Where the thesis stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    CHALLENGED = "challenged"
    CLOSED = "closed"


class Signal(_Frozen):
    """A rule that, when true, moves conviction by ``llr`` (natural log of the likelihood ratio)."""

    name: Slug
    rule: str = Field(description="e.g. last(comex.silver.mar) - last(comex.silver.jun) > 0")
    llr: float = Field(ge=-3, le=3, description="log-likelihood ratio when the rule is true")
    llr_false: float = Field(default=0.0, ge=-3, le=3, description="log-likelihood ratio when the rule is false")
    cadence: Literal["daily", "weekly", "monthly", "quarterly", "annual"] = "weekly"
    source: str = Field(default="", description="what one source of news this is, for the bound per source")
    text: str = Field(default="", description="the rule in words")


class Falsifier(_Frozen):
    """A rule that, when true, sets the thesis ``challenged`` and asks a person."""

    name: Slug
    rule: str
    llr: float = Field(default=-1.0, ge=-3, le=0)
    source: str = ""
    text: str = ""


class Leg(_Frozen):
    """One instrument of a position. ``quantity`` is signed; ``premium`` is per unit, in the position's currency."""

    instrument: str
    kind: Literal["spot", "future", "call", "put", "equity", "bond", "index", "spread"] = "spot"
    quantity: float
    strike: float | None = None
    premium: float | None = None
    expiry: date | None = None
    series: str = Field(default="", description="what prices it")


class Position(_Frozen):
    """What is held or wanted, and how it ends."""

    name: Slug
    legs: tuple[Leg, ...] = ()
    nav_pct: float | None = Field(default=None, ge=-100, le=100, description="size in % of NAV")
    entry: float | None = None
    target: float | None = None
    stop: float | None = None
    multiplier: float = Field(default=1.0, gt=0, description="currency per point and contract")
    exit_rule: str = ""
    state: Literal["held", "wanted", "closed"] = "wanted"
    text: str = ""


class Catalyst(_Frozen):
    """A dated event that wakes the desk."""

    day: date
    text: str
    days_before: int = 3
    days_after: int = 1


class Claim(_Frozen):
    """A number, window or state that the thesis stands on, so that code can hold it against others."""

    id: Slug
    subject: str
    metric: str
    kind: Literal["level", "change_pct", "multiple", "window", "rate", "position_payoff", "state"]
    low: float | None = None
    high: float | None = None
    start: str = ""
    end: str = ""
    unit: str = ""
    state: str = ""
    opposite_states: tuple[str, ...] = ()
    factors: dict[str, float] = Field(default_factory=dict)
    text: str = ""


class Measure(_Frozen):
    """A number that documents state: a rule reads it as ``fact("name")``, whatever language the document is in."""

    name: Slug
    terms: tuple[str, ...] = Field(min_length=1, description="words that stand in the same sentence as the number")
    unit: str = Field(default="", description="base unit of memory.facts, e.g. oz, USD, %, x")


class Calculation(_Frozen):
    """What the quant computes for this thesis on every run."""

    name: Slug
    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict, description='a text that starts with "=" is a rule to evaluate')
    text: str = Field(default="", description="the finding, with {field} from the result, e.g. pays {net_multiple:.1f}x")


class Applied(_Frozen):
    """What one signal has contributed to conviction so far, so that the same news never counts twice."""

    state: Literal["true", "false"]
    llr: float = Field(description="log-odds contributed so far")
    source: str
    day: date = Field(description="as-of day of the last step")
    spent: float = Field(default=0.0, description="log-odds moved on that day")


class ForecastDraft(_Frozen):
    """A forecast as a thesis file states it; the store registers it before the fact."""

    name: Slug
    text: str
    probability: Probability | None = None
    quantiles: dict[str, float] = Field(default_factory=dict)
    rule: str = Field(default="", description="the resolution rule: yes when true")
    source: str = ""
    fallback: str = ""
    resolve_by: date
    base_rate: Probability | None = None
    market: Probability | None = None
    agent: str = ""

    @model_validator(mode="after")
    def _probability_or_quantiles(self) -> "ForecastDraft":
        if (self.probability is None) == (not self.quantiles):
            msg = f"forecast {self.name}: give either probability or quantiles"
            raise ValueError(msg)
        return self


class Thesis(_Frozen):
    """The whole of one thesis, as one revision holds it."""

    slug: Slug
    title: str
    title_zh: str = ""
    claim: str
    force: str = ""
    stance: Stance
    conviction: Probability
    horizon: Annotated[str, BeforeValidator(lambda value: value if isinstance(value, str) else str(value))] = Field(
        default="", description="a year or a date may stand without quotes"
    )
    terms: tuple[str, ...] = ()
    drivers: tuple[str, ...] = Field(default=(), description="shared names; a leading '-' is the other side of the bet")
    claims: tuple[Claim, ...] = ()
    signals: tuple[Signal, ...] = ()
    falsifiers: tuple[Falsifier, ...] = ()
    positions: tuple[Position, ...] = ()
    forecasts: tuple[ForecastDraft, ...] = ()
    catalysts: tuple[Catalyst, ...] = ()
    measures: tuple[Measure, ...] = ()
    calculations: tuple[Calculation, ...] = ()
    opened: date | None = Field(default=None, description="since when the thesis is held; the day of import when empty")
    applied: dict[str, Applied] = Field(default_factory=dict, description="kept by the desk")
    requests: tuple[str, ...] = Field(default=(), description="data that would settle it and that nobody gave")
    status: ThesisStatus = ThesisStatus.ACTIVE
    text: str = ""

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Thesis":
        for what in ("signals", "falsifiers", "positions", "forecasts"):
            names = [item.name for item in getattr(self, what)]
            doubled = {name for name in names if names.count(name) > 1}
            if doubled:
                msg = f"{what} share the name {min(doubled)!r}: give each its own"
                raise ValueError(msg)
        return self


class Evidence(_Frozen):
    """A quote or a value that a revision rests on."""

    record: str = Field(description="record id; a series name for data")
    quote: str
    source_uri: str = ""
    locator: str = ""
    stance: Literal["supports", "contradicts", "context"] = "context"


class Approval(_Frozen):
    """Who let a revision into the book."""

    by: str
    at: AwareDatetime
    approval_id: str = ""
    mode: Literal["person", "rule"] = "rule"


class RevisionBody(_Frozen):
    """What the hash of a revision covers, beside its parent's hash."""

    thesis: Slug
    n: int = Field(ge=1)
    recorded_at: AwareDatetime
    effective_at: AwareDatetime = Field(description="the as-of of the run that made it: when the desk believed it")
    author: str
    run_id: str = ""
    idempotency_key: str = ""
    patch: dict[str, Any] = Field(description="fields of the thesis that change, whole values")
    rationale: str
    evidence: tuple[Evidence, ...] = ()
    approval: Approval | None = None

    def canonical(self) -> str:
        """One text for one body, whatever the order of keys: JSON, sorted, no spaces, UTF-8 kept."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Revision(RevisionBody):
    """One link of a thesis's chain: ``hash = sha256(parent + canonical body)``, the first parent being empty."""

    parent: str
    hash: str

    @classmethod
    def chained(cls, body: RevisionBody, parent: str) -> "Revision":
        """The body with its hash."""
        return cls(**dict(body), parent=parent, hash=chain_hash(parent, body.canonical()))


class Proposal(_Frozen):
    """A change that somebody wants: bound to the revision it was made against."""

    thesis: Slug
    against: str = Field(description="hash of the head it was made against; empty for a new thesis")
    author: str
    run_id: str = ""
    patch: dict[str, Any]
    rationale: str
    evidence: tuple[Evidence, ...] = ()
    idempotency_key: str = ""
    judgement: bool = Field(default=False, description="a model's own view, beyond what the rules give: a person decides")


def chain_hash(parent: str, canonical: str) -> str:
    """The hash of a revision, 64 hexadecimal digits."""
    return hashlib.sha256((parent + canonical).encode()).hexdigest()
