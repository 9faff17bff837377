"""The first schema: records, the book, forecasts, runs, and the triggers that keep them append-only."""

import sqlalchemy as sa
from alembic import op

from memory.tables import APPEND_ONLY, Moment

revision = "0001"
down_revision = None

_FROZEN_RECORD_COLUMNS = (
    "id", "entity_id", "version", "kind", "title", "body", "body_hash", "author", "source_uri", "locator",
    "content_hash", "idempotency_key", "recorded_at", "known_at",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables, then lock what must never change."""
    _tables()
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE record_tokens USING fts5(tokens, content='', tokenize='unicode61')")
        op.execute("CREATE VIRTUAL TABLE record_vocabulary USING fts5vocab(record_tokens, 'row')")
        _lock_sqlite()


def _lock_sqlite() -> None:
    for table in (*APPEND_ONLY, "records"):
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: nothing is deleted'); END"
        )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: write a new row'); END"
        )
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _FROZEN_RECORD_COLUMNS)
    op.execute(
        f"CREATE TRIGGER records_no_rewrite BEFORE UPDATE ON records WHEN {changed} "
        "BEGIN SELECT RAISE(ABORT, 'records are append-only: write a new version'); END"
    )
    op.execute(
        "CREATE TRIGGER records_end_once BEFORE UPDATE ON records "
        "WHEN OLD.status <> 'live' AND NEW.status IS NOT OLD.status "
        "BEGIN SELECT RAISE(ABORT, 'this version has ended: write a new one'); END"
    )
    op.execute(
        "CREATE TRIGGER approvals_decided_once BEFORE UPDATE ON approvals WHEN OLD.status <> 'pending' "
        "BEGIN SELECT RAISE(ABORT, 'this approval is decided'); END"
    )


def _tables() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("thesis", sa.Text(), nullable=False),
        sa.Column("against", sa.String(length=64), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index("approvals_status", "approvals", ["status", "created_at"], unique=False)
    op.create_table(
        "effects",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index("effects_open", "effects", ["done_at", "seq"], unique=False)
    op.create_table(
        "forecasts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("thesis", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("registered_at", Moment(), nullable=False),
        sa.Column("resolve_by", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_table(
        "index_outbox",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.String(length=26), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "links",
        sa.Column("source", sa.String(length=26), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("source", "relation", "target"),
    )
    op.create_index("links_target", "links", ["target", "relation"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("thesis", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_hash", sa.String(length=64), nullable=False),
        sa.Column("usage", sa.JSON(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("receipts_run", "receipts", ["run_id"], unique=False)
    op.create_table(
        "records",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("entity_id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("gist_en", sa.Text(), nullable=False),
        sa.Column("gist_zh", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_role", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=False),
        sa.Column("source_uri", sa.Text(), nullable=False),
        sa.Column("locator", sa.Text(), nullable=False),
        sa.Column("span_start", sa.Integer(), nullable=True),
        sa.Column("span_end", sa.Integer(), nullable=True),
        sa.Column("thesis_slugs", sa.JSON(), nullable=False),
        sa.Column("entities", sa.JSON(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("trust", sa.String(length=8), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=True),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("known_at", Moment(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("superseded_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("entity_id", "version", name="records_entity_version"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("idempotency_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("records_content", "records", ["content_hash"], unique=False)
    op.create_index("records_kind_known", "records", ["kind", "known_at"], unique=False)
    op.create_index("records_parent", "records", ["parent_id", "seq"], unique=False)
    op.create_index("records_source", "records", ["source_uri"], unique=False)
    op.create_index("records_thread", "records", ["thread_id", "seq"], unique=False)
    op.create_table(
        "resolutions",
        sa.Column("forecast_id", sa.String(length=26), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("resolved_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("forecast_id"),
    )
    op.create_table(
        "revisions",
        sa.Column("thesis", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("parent", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("effective_at", Moment(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("thesis", "n"),
        sa.UniqueConstraint("hash"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("as_of", Moment(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_index("runs_status", "runs", ["status", "created_at"], unique=False)
