"""The desk's channel, as the orchestrator sees it: what is posted enters the outbox, whichever process posts it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from integrations.slack import blocks
from integrations.slack.personas import persona
from memory.slack_outbox import Outgoing, SlackOutbox, Thread

if TYPE_CHECKING:
    from agents.role import Role
    from integrations.settings import SlackSettings
    from orchestrator.channel import Message


def nothing(*_: object) -> None:
    """Nobody is to be woken: another process sends."""


class SlackChannel:
    """Fulfils the orchestrator's ``Channel``. It calls nobody: the sender reads the outbox."""

    def __init__(
        self,
        outbox: SlackOutbox,
        roles: "Mapping[str, Role]",
        settings: "SlackSettings",
        *,
        wake: Callable[[], None] = nothing,
        drafted: Callable[[str, str], None] = nothing,
    ) -> None:
        self._outbox = outbox
        self._roles = roles
        self._settings = settings
        self._wake = wake
        self._drafted = drafted

    def post(self, message: "Message") -> None:
        """Into the thread of the run; a run without one opens its own in the desk's first channel."""
        thread = self._outbox.thread(message.thread_id) or self.open_run(message.run_id)
        if thread is None:
            return
        self._outbox.enter(blocks.post(message, thread, self._roles))
        self._wake()

    def progress(self, text: str, share: float | None = None) -> None:
        """Not kept; what takes long is shown as a draft."""

    def drafting(self, key: str, thread_id: str, role: str, text: str | None) -> None:
        """Show that a role is at work, once the answer has been on its way for a moment."""
        thread = self._outbox.thread(thread_id)
        if thread is None:
            return
        if text is None:
            self._outbox.withdraw(key)
        else:
            shown = {"text": "…", **persona(role, self._roles), "person": thread.person}
            self._outbox.enter([Outgoing(key=key, channel=thread.channel, thread=thread.place, role=role, payload=shown)], "live")
            self._drafted(key, text)
        self._wake()

    def sent(self) -> None:
        """Something was entered beside the posts."""
        self._wake()

    def open_run(self, run_id: str) -> Thread | None:
        """The parent message of a research run; its thread is the run, for good."""
        if not self._settings.channels:
            return None
        place = self._settings.channels[0]
        thread = Thread(run_id, place, "", f"{run_id}:parent", "")
        text = f"`{run_id}`: what the desk says and asks is in this thread."
        payload = {"text": text, "blocks": [blocks.section(text)], **persona("architect", self._roles)}
        self._outbox.open_thread(thread)
        self._outbox.enter([Outgoing(key=thread.parent_key, channel=place, role="architect", payload=payload)])
        return thread
