"""Tables of the desk in Slack: what came in, what goes out, which thread is where, and what people thought of it."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from memory.tables import Moment, metadata

slack_inbox = Table(
    "slack_inbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("subject", Text, unique=True),
    Column("kind", String(16), nullable=False),
    Column("lane", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("done_at", Moment),
    Column("outcome", Text, nullable=False),
    Index("slack_inbox_open", "done_at", "lane", "position"),
    sqlite_autoincrement=True,
)

slack_outbox = Table(
    "slack_outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", String(12), nullable=False),
    Column("channel", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempted_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("ts", Text, nullable=False),
    Column("error", Text, nullable=False),
    Index("slack_outbox_state", "state", "channel", "seq"),
    Index("slack_outbox_ts", "channel", "ts"),
    sqlite_autoincrement=True,
)

slack_threads = Table(
    "slack_threads",
    metadata,
    Column("thread_id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("ts", Text, nullable=False),
    Column("parent_key", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("slack_threads_place", "channel", "ts"),
)

slack_feedback = Table(
    "slack_feedback",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("ts", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("reaction", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("taken_back_at", Moment),
)

slack_told = Table(
    "slack_told",
    metadata,
    Column("person", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)
