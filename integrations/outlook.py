"""What schedules look at beside the clock: the desk's theses, files and data."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from orchestrator.timetable import Dated

if TYPE_CHECKING:
    from integrations.desk import Desk


class DeskOutlook:
    """Fulfils ``Outlook`` for one desk."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    def events(self, theses: Sequence[str]) -> Sequence[Dated]:
        """The catalysts of theses, of all when none is named."""
        entries = [self._desk.book.get(slug) for slug in theses] or self._desk.book.theses()
        return [
            Dated(entry.thesis.slug, item.day, item.text, (-item.days_before, item.days_after))
            for entry in entries
            for item in entry.thesis.catalysts
        ]

    def files(self, pattern: str) -> Mapping[str, str]:
        """Files that match, with size and time of change; links that lead out of the desk are left out."""
        found = {}
        for path in sorted(self._desk.folder.glob(pattern)):
            if path.is_file() and path.resolve().is_relative_to(self._desk.folder):
                stat = path.stat()
                found[path.relative_to(self._desk.folder).as_posix()] = f"{stat.st_size}:{stat.st_mtime_ns}"
        return found

    def holds(self, rule: str, at: datetime) -> bool | None:
        """Whether a rule over the desk's data holds, with the files as they are now.

        Raises:
            RuleError: it does not parse, or names what is not there.
        """
        self._desk.market.refresh(at)
        state = self._desk.workbench(self._desk.as_of(at.date())).evaluate(rule).state
        return {"true": True, "false": False}.get(state)
