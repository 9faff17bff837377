"""Moving a desk to another database, with the state of its runs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from memory.database import Database
from memory.errors import InputError, IntegrityError
from memory.forecasts import Forecasts
from memory.move import Moved, check_empty, move
from memory.store import Store

if TYPE_CHECKING:
    from integrations.desk import Desk

HOME = "sqlite"


class Report(NamedTuple):
    """What was moved, and the head hash that both databases give."""

    where: str
    rows: dict[str, int]
    checkpoints: int
    head: str


def move_desk(desk: "Desk", to: str, progress: Callable[[str, int], None] | None = None) -> Report:
    """Copy the desk to the database at ``to`` (a URL, or ``sqlite``), then hold every hash against the source.

    Raises:
        InputError: the desk is there already, or the target holds another.
        IntegrityError: a hash differs.
    """
    from orchestrator.checkpoints import copy_checkpoints

    here = desk.settings.database.url
    if to in {here, ""} or (to == HOME and not here):
        raise InputError(f"the desk is on {to or 'that'} already: name another database")
    target_of_runs = _room_at_home(desk.state) if to == HOME else to
    target = Database(desk.state / "desk.db" if to == HOME else to)
    try:
        check_empty(target)
        checkpoints = copy_checkpoints(desk.checkpoints, target_of_runs)
        moved: Moved = move(desk.database, target, progress)
        head = _verified(desk, target)
    finally:
        target.close()
    return Report(target.name or to, moved.rows, checkpoints, head)


def _room_at_home(state: Path) -> Path:
    """The files that the desk left when it moved away step aside; nothing is deleted."""
    number = 1
    while (state / f"before-{number}").exists():
        number += 1
    for name in ("desk.db", "checkpoints.db"):
        for path in sorted(state.glob(f"{name}*")):
            (state / f"before-{number}").mkdir(exist_ok=True)
            path.rename(state / f"before-{number}" / path.name)
    return state / "checkpoints.db"


def _verified(desk: "Desk", target: Database) -> str:
    from memory.book import Book

    there, store = Book(target, desk.clock), Store(target, desk.clock)
    there.verify()
    if store.mismatched_bodies() or Forecasts(target, desk.clock).mismatched() or there.head_hash() != desk.book.head_hash():
        raise IntegrityError("the moved desk does not hash to what it was: keep the old database.url and report this")
    return there.head_hash()
