"""Schedules as people add and read them, on the command line and in Slack."""

from typing import TYPE_CHECKING, Any

from memory.errors import StoaError
from memory.schedules import Schedule, Schedules

if TYPE_CHECKING:
    from integrations.desk import Desk
    from memory.schedules import ScheduleRow
    from orchestrator.schedule import Coming


def add_schedule(desk: "Desk", schedule: Schedule, name: str = "") -> dict[str, Any]:
    """Enter a schedule of a person; without a name it gets one from what runs. Returns it as ``schedule_views`` does.

    Raises:
        NotFoundError: the book holds no such thesis.
        ScheduleError: its time means nothing.
        InputError: its rule names what is not there, or ``stoa.toml`` has the name.
    """
    scheduler, rows = desk.scheduler, Schedules(desk.database)
    for slug in schedule.theses:
        desk.book.get(slug)
    chosen = name or _free("-".join([schedule.run, *schedule.theses[:1]])[:36], {row.name for row in rows.rows()})
    scheduler.add(chosen, schedule, desk.clock())
    return _view(rows.get(chosen), scheduler.coming(desk.clock(), 1, chosen), "")


def schedule_views(desk: "Desk") -> list[dict[str, Any]]:
    """Every schedule with its next time, or what is wrong with it."""
    scheduler, found = desk.scheduler, []
    for row in Schedules(desk.database).rows():
        try:
            found.append(_view(row, scheduler.coming(desk.clock(), 1, row.name), ""))
        except StoaError as error:
            found.append(_view(row, [], str(error)))
    return found


def minute(text: str | None) -> str:
    """A time as people read it, e.g. ``2026-03-02 07:30``."""
    return (text or "")[:16].replace("T", " ")


def _view(row: "ScheduleRow", coming: "list[Coming]", problem: str) -> dict[str, Any]:
    return {
        "name": row.name, **row.schedule.model_dump(mode="json", exclude={"jitter"}), "jitter_seconds": row.schedule.jitter.total_seconds(),
        "origin": row.origin, "next": coming[0].at.isoformat() if coming else None, "error": problem or row.error,
    }  # fmt: skip


def _free(base: str, taken: set[str]) -> str:
    return next(name for number in range(1, len(taken) + 2) if (name := base if number == 1 else f"{base}-{number}") not in taken)
