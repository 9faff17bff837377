"""The desk in Slack: what came in, what goes out, which thread is which run, what people thought of a post."""

import sqlalchemy as sa
from alembic import op

from memory.tables import Moment

revision = "0010"
down_revision = "0001"


def upgrade() -> None:
    """Five tables of the channel; none of them is the truth about the book."""
    op.create_table(
        "slack_inbox",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("event_id"),
        sa.UniqueConstraint("subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("slack_inbox_open", "slack_inbox", ["done_at", "lane", "position"], unique=False)
    op.create_table(
        "slack_outbox",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index("slack_outbox_state", "slack_outbox", ["state", "channel", "seq"], unique=False)
    op.create_index("slack_outbox_ts", "slack_outbox", ["channel", "ts"], unique=False)
    op.create_table(
        "slack_threads",
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("parent_key", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id"),
    )
    op.create_index("slack_threads_place", "slack_threads", ["channel", "ts"], unique=False)
    op.create_table(
        "slack_feedback",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reaction", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("given_at", Moment(), nullable=False),
        sa.Column("taken_back_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "ts", "person", "reaction"),
    )
    op.create_table(
        "slack_told",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("person", "what"),
    )
