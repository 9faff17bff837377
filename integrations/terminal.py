"""The terminal as a channel: agents by name and colour, their citations below what they say."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.channel import Message

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from agents.role import Role

CITATIONS = 3
"""Shown under a post; the report has them all."""


class TerminalChannel:
    """Prints messages as they come; work under way is a line that goes away again."""

    def __init__(self, console: "Console", roles: "Mapping[str, Role]") -> None:
        self._console = console
        self._roles = roles
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def post(self, message: Message) -> None:
        """A persona's name, the text, then the sources."""
        from rich.markup import escape
        from rich.padding import Padding

        role = self._roles.get(message.role)
        name = role.persona.name if role else message.role
        colour = role.persona.colour if role else "white"
        icon = f"{role.persona.icon} " if role and role.persona.icon else ""
        self._console.print(f"[bold {colour}]{icon}{escape(name)}[/]")
        self._console.print(Padding(escape(message.text), (0, 0, 0, 3)))
        shown = [item for item in message.citations if item.get("quote") and item["quote"] not in message.text] or message.citations
        for item in shown[:CITATIONS]:
            place = escape(f"{item['source_uri']} {item['locator']}".strip())
            quote = escape(item["quote"] if len(item["quote"]) <= 110 else item["quote"][:107] + "…")
            self._console.print(Padding(f"[dim]↳ {quote}  [italic]{place}[/italic][/dim]", (0, 0, 0, 5)))
        if len(shown) > CITATIONS:
            self._console.print(Padding(f"[dim]↳ and {len(shown) - CITATIONS} more in the report[/dim]", (0, 0, 0, 5)))
        self._console.print()

    def progress(self, text: str, share: float | None = None) -> None:
        """A bar on a terminal, a moving one where no end is known; nothing where output is kept."""
        if not self._console.is_terminal:
            return
        if self._bar is None:
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (BarColumn(bar_width=24), TextColumn("{task.description}"), TimeElapsedColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task(text, total=None)
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, description=text, total=None if share is None else 1.0, completed=share or 0.0)

    def drafting(self, key: str, thread_id: str, role: str, text: str | None) -> None:
        """A word that the role is at work; the terminal shows the post when it is whole."""
        del key, thread_id
        if text is not None:
            self.progress(f"{role}: {' '.join(text.split())[-60:]}" if text else f"{role} is writing")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class SilentChannel:
    """Says nothing: for scripts that read the JSON."""

    def post(self, message: Message) -> None:
        """Kept in memory by the outbox; not shown."""

    def progress(self, text: str, share: float | None = None) -> None:
        """Not shown."""

    def drafting(self, key: str, thread_id: str, role: str, text: str | None) -> None:
        """Not shown."""
