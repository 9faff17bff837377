"""PostgreSQL's search table and triggers; the queue, leases and requests on runs; limits shared by all workers."""

import sqlalchemy as sa
from alembic import op

from memory.tables import APPEND_ONLY

revision = "0020"
down_revision = "0010"

_FROZEN_RECORD_COLUMNS = (
    "id", "entity_id", "version", "kind", "title", "body", "body_hash", "author", "source_uri", "locator",
    "content_hash", "idempotency_key", "recorded_at", "known_at",
)  # fmt: skip

_DECIDED = "OLD.status <> 'pending' AND NOT (OLD.status = 'approved' AND NEW.status = 'stale')"


def upgrade() -> None:
    """Add what is new to both databases, then what PostgreSQL lacked."""
    _runs()
    op.create_table(
        "model_usage",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "minute"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _search()
        _lock()
    else:
        # What was approved can turn out to be stale where it should enter the book; nothing else follows a decision.
        op.execute("DROP TRIGGER approvals_decided_once")
        op.execute(
            f"CREATE TRIGGER approvals_decided_once BEFORE UPDATE ON approvals WHEN {_DECIDED} "
            "BEGIN SELECT RAISE(ABORT, 'this approval is decided'); END"
        )


_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _runs() -> None:
    for column in (
        sa.Column("lane", _TEXT, nullable=False, server_default=""),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("turn", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("asked", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("served", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("asked_at", sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql"), nullable=True),
        sa.Column("holder", _TEXT, nullable=False, server_default=""),
        sa.Column("wanted", _TEXT, nullable=False, server_default=""),
    ):
        op.add_column("runs", column)
    op.create_index("runs_queue", "runs", ["priority", "turn", "asked_at"], unique=False)


def _search() -> None:
    op.execute(
        "CREATE TABLE record_tokens (seq bigint PRIMARY KEY, tokens tsvector NOT NULL, repeats jsonb NOT NULL, length integer NOT NULL)"
    )
    op.execute("CREATE INDEX record_tokens_words ON record_tokens USING gin (tokens) WITH (fastupdate = off)")
    op.execute('CREATE TABLE record_vocabulary (term text COLLATE "C" PRIMARY KEY, doc integer NOT NULL)')
    op.execute("CREATE TABLE record_totals (records bigint NOT NULL, words bigint NOT NULL)")
    op.execute("INSERT INTO record_totals VALUES (0, 0)")


def _lock() -> None:
    op.execute(
        "CREATE FUNCTION stoa_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in (*APPEND_ONLY, "records"):
        refuse = f"EXECUTE FUNCTION stoa_refuse('{table} is append-only: nothing is deleted')"
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW "
            f"EXECUTE FUNCTION stoa_refuse('{table} is append-only: write a new row')"
        )
    changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _FROZEN_RECORD_COLUMNS)
    op.execute(
        f"CREATE TRIGGER records_no_rewrite BEFORE UPDATE ON records FOR EACH ROW WHEN ({changed}) "
        "EXECUTE FUNCTION stoa_refuse('records are append-only: write a new version')"
    )
    op.execute(
        "CREATE TRIGGER records_end_once BEFORE UPDATE ON records FOR EACH ROW "
        "WHEN (OLD.status <> 'live' AND NEW.status IS DISTINCT FROM OLD.status) "
        "EXECUTE FUNCTION stoa_refuse('this version has ended: write a new one')"
    )
    op.execute(
        f"CREATE TRIGGER approvals_decided_once BEFORE UPDATE ON approvals FOR EACH ROW WHEN ({_DECIDED}) "
        "EXECUTE FUNCTION stoa_refuse('this approval is decided')"
    )
