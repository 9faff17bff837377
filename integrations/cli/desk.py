"""Commands on the desk as a whole: init, demo, doctor, verify."""

from pathlib import Path
from typing import Annotated

import typer

from integrations.cli.common import HERE, DeskOption, JsonOption, console, emit, open_desk, show_table
from memory.sentences import counted


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(demo)
    app.command()(doctor)
    app.command()(verify)


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
    example: Annotated[str, typer.Option(help="Start from an example desk, e.g. macro-2026.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a desk."""
    from integrations.new_desk import make_desk

    made = make_desk(folder, example)
    if as_json:
        emit({"desk": str(made)})
    else:
        begin = "" if example else " Documents go into sources/, tables into data/, theses into theses/."
        console().print(f"A desk in {made}.{begin} Next: stoa run --desk {folder}", markup=False)


def demo(
    desk: Annotated[Path, typer.Option("--desk", help="Where the example desk goes.")] = Path("demo-desk"),
) -> None:
    """Run the example desk once: no key, no network. A second time shows that nothing is done twice."""
    from integrations.cli.runs import run_and_show
    from integrations.new_desk import make_desk

    if not (desk / "stoa.toml").exists():
        make_desk(desk, "macro-2026")
    with open_desk(desk) as opened:
        run_and_show(opened)


def doctor(
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
    probe: Annotated[bool, typer.Option("--probe", help="Ask the model's endpoint what it can do, in three small requests.")] = False,
) -> None:
    """Check the desk and the machine, one line a check, each with its mend."""
    from integrations.doctor import checks

    found = checks(desk, probe=probe)
    if as_json:
        emit({"checks": [check._asdict() for check in found]})
    else:
        marks = {"ok": "✓", "warn": "!", "fail": "✗"}
        show_table(["", "check", "found", "mend"], [[marks[c.state], c.name, c.found, c.mend] for c in found])
    if any(check.state == "fail" for check in found):
        raise typer.Exit(1)


def verify(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Prove that no line of the record was edited: every revision, forecast and stored text against its hash."""
    from memory.errors import IntegrityError

    with open_desk(desk) as opened:
        count = opened.book.verify()
        broken = [f"record {name}" for name in opened.store.mismatched_bodies()]
        broken += [f"forecast {name}" for name in opened.forecasts.mismatched()]
        if broken:
            raise IntegrityError(f"{broken[0]} was changed after it was written ({len(broken)} in all): restore the desk from a back-up")
        head, records = opened.book.head_hash(), opened.store.count()
    if as_json:
        emit({"ok": True, "revisions": count, "records": records, "head": head})
    else:
        console().print(f"{counted(count, 'revision')} and {counted(records, 'record')} hold. Head {head}")
