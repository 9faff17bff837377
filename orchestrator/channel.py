"""The one place where agents and people talk, as the orchestrator sees it."""

from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field


class Message(BaseModel):
    """What leaves the desk for its channel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(description="idempotency key: a channel that can, shows a key once")
    run_id: str
    thread_id: str
    role: str
    text: str
    citations: list[dict[str, Any]] = Field(default_factory=list)
    to: list[str] = Field(default_factory=list)
    thesis: str = ""


class Channel(Protocol):
    """Terminal, Slack, board, or a list in a test."""

    def post(self, message: Message) -> None:
        """Show a message. It may be delivered again after a crash, under the same key."""
        ...

    def progress(self, text: str, share: float | None = None) -> None:
        """Say what is under way, and how much of the whole is done, 0 to 1, where that is known; not kept."""
        ...

    def drafting(self, key: str, thread_id: str, role: str, text: str | None) -> None:
        """A post under ``key`` is being written and reads ``text`` so far; the post takes its place. None: none will come."""
        ...
