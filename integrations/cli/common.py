"""What commands share: the desk option, and output for people or for scripts."""

import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from integrations.desk import Desk

DeskOption = Annotated[Path, typer.Option("--desk", help="The desk's folder.", show_default="this folder")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsOfOption = Annotated[str, typer.Option("--as-of", help="See only what was known at the end of this day, e.g. 2026-01-31.")]
HERE = Path()


def open_desk(folder: Path) -> "Desk":
    """The desk in a folder."""
    from integrations.desk import Desk

    return Desk(folder)


def moment(desk: "Desk", text: str) -> datetime:
    """The end of an as-of day; the desk's now without one."""
    from memory.forecasts import day_of

    return desk.as_of(day_of(text) if text else None)


def emit(data: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=_plain) + "\n")


def line(data: Any) -> None:
    """One JSON document on one line."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)


def console(*, stderr: bool = False) -> "Console":
    """The terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, emoji=False)  # a name with :m: in it is no letter in a circle


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> None:
    """A plain table, or a word when it is empty."""
    from rich.markup import escape
    from rich.table import Table

    out = console()
    if not rows:
        out.print("[dim]nothing[/dim]")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*[escape(str(cell)) for cell in row])
    out.print(table)


def read_jsonl(path: Path) -> Sequence[tuple[dict[str, Any] | None, str]]:
    """Arguments a line of a file ("-" is stdin): the object, or None and what is wrong with the line."""
    from memory.errors import InputError

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text: check the path") from error
    found: list[tuple[dict[str, Any] | None, str]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip():
            continue
        try:
            value = json.loads(raw)
        except ValueError as error:
            found.append((None, f"line {number} is no JSON: {error}"))
            continue
        found.append((value, "") if isinstance(value, dict) else (None, f"line {number} must be a JSON object of arguments"))
    return found
