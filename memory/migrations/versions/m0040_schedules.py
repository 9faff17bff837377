"""Schedules and their ticks; what people are asked before a tool is called, and what was decided."""

import sqlalchemy as sa
from alembic import op

from memory.tables import Moment

revision = "0040"
down_revision = "0030"


def upgrade() -> None:
    """Make the tables; a decision on a call never changes."""
    _schedules()
    _permissions()
    for action in ("DELETE", "UPDATE"):
        name, word = f"permission_decisions_no_{action.lower()}", "permission_decisions is append-only: write a new row"
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"CREATE TRIGGER {name} BEFORE {action} ON permission_decisions FOR EACH ROW EXECUTE FUNCTION stoa_refuse('{word}')")
        else:
            op.execute(f"CREATE TRIGGER {name} BEFORE {action} ON permission_decisions BEGIN SELECT RAISE(ABORT, '{word}'); END")


def _schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.Column("cursor", Moment(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "ticks",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("planned", Moment(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("as_of", Moment(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ticks_schedule", "ticks", ["schedule", "planned"], unique=False)
    op.create_index("ticks_status", "ticks", ["status"], unique=False)


def _permissions() -> None:
    op.create_table(
        "permission_requests",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False, server_default=""),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("permission_requests_digest", "permission_requests", ["digest", "status"], unique=False)
    op.create_index("permission_requests_status", "permission_requests", ["status", "asked_at"], unique=False)
    op.create_table(
        "permission_decisions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tainted", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("permission_decisions_run", "permission_decisions", ["run_id", "at"], unique=False)
