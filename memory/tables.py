"""The tables, as SQLAlchemy Core sees them. The migrations make them; a test holds the two together.

Times are ISO 8601 text in UTC with microseconds, so that they sort as text and read the same on SQLite and PostgreSQL.
"""

from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import JSON, Column, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from memory.errors import IntegrityError


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored as sortable UTC text."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """To text; a naive time is a bug of the caller and raises."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone"
            raise ValueError(msg)
        return moment_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Back to an aware datetime.

        Raises:
            IntegrityError: what is stored is no time.
        """
        del dialect
        try:
            return None if value is None else datetime.fromisoformat(value)
        except ValueError as error:
            raise IntegrityError(f"the stored time {value!r} is no time: stoa verify looks for what was changed") from error


@lru_cache(maxsize=1_000)
def moment_text(value: datetime) -> str:
    """An aware time as the tables hold it."""
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


metadata = MetaData()

records = Table(
    "records",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(26), nullable=False, unique=True),
    Column("entity_id", String(26), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("gist_en", Text, nullable=False),
    Column("gist_zh", Text, nullable=False),
    Column("lang", String(8), nullable=False),
    Column("author", Text, nullable=False),
    Column("author_role", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("thread_id", Text, nullable=False),
    Column("parent_id", Text, nullable=False),
    Column("source_uri", Text, nullable=False),
    Column("locator", Text, nullable=False),
    Column("span_start", Integer),
    Column("span_end", Integer),
    Column("thesis_slugs", JSON, nullable=False),
    Column("entities", JSON, nullable=False),
    Column("period", Text, nullable=False),
    Column("confidence", Float),
    Column("trust", String(8), nullable=False),
    Column("valid_from", String(10)),
    Column("valid_to", String(10)),
    Column("data", JSON, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("idempotency_key", Text, unique=True),
    Column("recorded_at", Moment, nullable=False),
    Column("known_at", Moment, nullable=False),
    Column("status", String(12), nullable=False),
    Column("superseded_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("entity_id", "version", name="records_entity_version"),
    Index("records_kind_known", "kind", "known_at"),
    Index("records_thread", "thread_id", "seq"),
    Index("records_parent", "parent_id", "seq"),
    Index("records_source", "source_uri"),
    Index("records_content", "content_hash"),
    sqlite_autoincrement=True,
)

links = Table(
    "links",
    metadata,
    Column("source", String(26), primary_key=True),
    Column("relation", String(16), primary_key=True),
    Column("target", Text, primary_key=True),
    Column("recorded_at", Moment, nullable=False),
    Index("links_target", "target", "relation"),
)

index_outbox = Table(
    "index_outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("record_id", String(26), nullable=False),
    Column("action", String(8), nullable=False),
    sqlite_autoincrement=True,
)

revisions = Table(
    "revisions",
    metadata,
    Column("thesis", Text, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("parent", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("effective_at", Moment, nullable=False),
    Column("idempotency_key", Text, unique=True),
)

forecasts = Table(
    "forecasts",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("thesis", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("registered_at", Moment, nullable=False),
    Column("resolve_by", String(10), nullable=False),
)

resolutions = Table(
    "resolutions",
    metadata,
    Column("forecast_id", String(26), primary_key=True),
    Column("outcome", String(12), nullable=False),
    Column("value", Float),
    Column("evidence", JSON, nullable=False),
    Column("resolved_at", Moment, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("thesis", Text, nullable=False),
    Column("against", String(64), nullable=False),
    Column("proposal", Text, nullable=False),
    Column("status", String(12), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Moment),
    Column("reason", Text, nullable=False),
    Column("idempotency_key", Text, unique=True),
    Index("approvals_status", "status", "created_at"),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("status", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("as_of", Moment, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("version", Text, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Moment),
    Column("result", JSON),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    # The queue: a run is due while it was asked for more often than it was served.
    Column("lane", Text, nullable=False, server_default=""),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("turn", Integer, nullable=False, server_default="0"),
    Column("asked", Integer, nullable=False, server_default="0"),
    Column("served", Integer, nullable=False, server_default="0"),
    Column("asked_at", Moment),
    Column("holder", Text, nullable=False, server_default=""),
    Column("wanted", Text, nullable=False, server_default=""),
    Index("runs_status", "status", "created_at"),
    Index("runs_queue", "priority", "turn", "asked_at"),
)

effects = Table(
    "effects",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("run_id", Text, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("done_at", Moment),
    Index("effects_open", "done_at", "seq"),
    sqlite_autoincrement=True,
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("run_id", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("thesis", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt_hash", String(64), nullable=False),
    Column("usage", JSON, nullable=False),
    Column("cost_usd", Float),
    Column("request_id", Text, nullable=False),
    Column("answer", JSON),
    Column("at", Moment, nullable=False),
    Index("receipts_run", "run_id"),
    Index("receipts_at", "at", "cost_usd"),
)

model_usage = Table(
    "model_usage",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("calls", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", Text, primary_key=True),
    Column("spec", JSON, nullable=False),
    Column("origin", String(8), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("removed_at", Moment),
    Column("cursor", Moment, nullable=False),
    Column("state", JSON),
    Column("error", Text, nullable=False, server_default=""),
)

ticks = Table(
    "ticks",
    metadata,
    Column("key", Text, primary_key=True),
    Column("schedule", Text, nullable=False),
    Column("planned", Moment, nullable=False),
    Column("status", String(8), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("as_of", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ticks_schedule", "schedule", "planned"),
    Index("ticks_status", "status"),
)

permission_requests = Table(
    "permission_requests",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", String(8), nullable=False),
    Column("scope", String(8), nullable=False, server_default=""),
    Column("asked_at", Moment, nullable=False),
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("decided_at", Moment),
    Column("until", Moment),
    Index("permission_requests_digest", "digest", "status"),
    Index("permission_requests_status", "status", "asked_at"),
)

permission_decisions = Table(
    "permission_decisions",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("decision", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("tainted", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Index("permission_decisions_run", "run_id", "at"),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("person", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

pins = Table(
    "pins",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("server", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("definition", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", Moment, nullable=False),
    Index("pins_server", "server", "tool"),
)

APPEND_ONLY = ("links", "revisions", "forecasts", "resolutions", "receipts")
"""Rows of these never change and never go."""
