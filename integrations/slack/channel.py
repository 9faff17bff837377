"""The desk's channel, as the orchestrator sees it: what is posted enters the outbox, whichever process posts it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from integrations.slack import blocks
from integrations.slack.personas import persona
from memory.errors import NotFoundError
from memory.slack_outbox import Outgoing, SlackOutbox, Thread

if TYPE_CHECKING:
    from agents.role import Role
    from integrations.desk import Desk
    from integrations.settings import SlackSettings
    from orchestrator.channel import Channel, Message


def with_slack(desk: "Desk", channel: "Channel") -> "Channel":
    """A channel whose research runs are seen in Slack too, once the desk is served there; else the channel itself."""
    if not isinstance(channel, SlackChannel) and (slack := served_channel(desk)):
        return Mirrored(channel, slack, lambda run_id: _is_research(desk, run_id))
    return channel


def served_channel(desk: "Desk") -> "SlackChannel | None":
    """The outbox of a desk that is served in Slack, by this process or another; None for any other desk."""
    from memory.clock import system_clock
    from memory.slack_inbox import SlackInbox

    if not desk.settings.slack.channels or not SlackInbox(desk.database, system_clock).begun():
        return None
    return SlackChannel(SlackOutbox(desk.database, system_clock), desk.roles, desk.settings.slack)


def _is_research(desk: "Desk", run_id: str) -> bool:
    try:
        return desk.journal.run(run_id).kind == "research"
    except NotFoundError:
        return False


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


class Mirrored:
    """Fulfils ``Channel`` where a run is worked on: what it posts is seen there, and enters Slack's outbox for the process that sends."""

    def __init__(self, channel: "Channel", slack: SlackChannel, is_research: Callable[[str], bool]) -> None:
        self._channel = channel
        self._slack = slack
        self._is_research = is_research

    def post(self, message: "Message") -> None:
        """Into both. A talk elsewhere stays where it is held: Slack would show answers without their questions."""
        if self._is_research(message.run_id):
            self._slack.post(message)
        self._channel.post(message)

    def progress(self, text: str, share: float | None = None) -> None:
        """Where the run is worked on."""
        self._channel.progress(text, share)

    def drafting(self, key: str, thread_id: str, role: str, text: str | None) -> None:
        """Where the run is worked on."""
        self._channel.drafting(key, thread_id, role, text)
