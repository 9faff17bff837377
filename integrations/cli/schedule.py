"""Schedules: what runs by itself, and when."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from integrations.cli.common import HERE, DeskOption, JsonOption, console, emit, open_desk, show_table

app = typer.Typer(no_args_is_help=True)


class Missed(StrEnum):
    """What becomes of ticks that nobody was there for."""

    skip = "skip"
    once = "once"
    all = "all"


@app.command("list")
def list_schedules(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Every schedule, with its next time and what is wrong with it."""
    from integrations.schedules import minute, schedule_views

    with open_desk(desk) as opened:
        rows = schedule_views(opened)
    if as_json:
        emit({"schedules": rows})
        return
    show_table(
        ["schedule", "when", "theses", "missed", "next (UTC)", "from", "problem"],
        [[r["name"], r["when"], " ".join(r["theses"]) or "all", r["missed"], minute(r["next"]), r["origin"], r["error"]] for r in rows],
    )


@app.command()
def add(
    when: Annotated[str, typer.Argument(help='e.g. "weekdays 07:30 Europe/Zurich"; docs/schedules.md has every form.')],
    run: Annotated[str, typer.Option(help="What runs: research.")] = "research",
    thesis: Annotated[list[str] | None, typer.Option(help="Only this thesis; may be repeated.")] = None,
    name: Annotated[str, typer.Option(help="Its name; without one, made from what runs.")] = "",
    missed: Annotated[Missed, typer.Option(help="Ticks that nobody was there for: skip, run once for all, or run all.")] = Missed.once,
    jitter: Annotated[int, typer.Option(help="Start up to so many seconds later, the same for each tick.", min=0, max=21600)] = 0,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Let something run by itself; stoa serve --worker looks what is due."""
    from integrations.schedules import add_schedule, minute
    from memory.errors import InputError
    from memory.schedules import Schedule

    if run != "research":
        raise InputError(f"{run!r} is nothing that runs by itself: write --run research")
    with open_desk(desk) as opened:
        schedule = Schedule(when=when, theses=tuple(thesis or ()), missed=missed.value, jitter=timedelta(seconds=jitter))
        view = add_schedule(opened, schedule, name)
    if as_json:
        emit(view)
    else:
        console().print(f"{view['name']} is added" + (f"; first at {minute(view['next'])} UTC." if view["next"] else "."), markup=False)


@app.command()
def remove(name: str, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Take a schedule away; runs that it started go on."""
    with open_desk(desk) as opened:
        opened.scheduler.remove(name, opened.clock())
    if as_json:
        emit({"removed": name})
    else:
        console().print(f"{name} is removed.", markup=False)


@app.command("next")
def show_next(
    name: Annotated[str, typer.Argument(help="Of this schedule only.")] = "",
    count: Annotated[int, typer.Option("-n", help="How many.", min=1, max=1000)] = 10,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """The next times, jitter included; those that wait for data have none."""
    with open_desk(desk) as opened:
        coming = opened.scheduler.coming(opened.clock(), count, name)
    if as_json:
        emit({"next": [item._asdict() for item in coming]})
    else:
        show_table(["UTC", "schedule", "planned", "about"], [[f"{c.at:%Y-%m-%d %H:%M:%S}", c.schedule, c.local, c.about] for c in coming])


@app.command()
def tick(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Look once what is due and enter it; stoa serve --worker does this by itself."""
    with open_desk(desk) as opened:
        done = opened.scheduler.tick(opened.clock())
    if as_json:
        emit(done._asdict())
    else:
        console().print(f"entered {len(done.entered)}, skipped {len(done.skipped)}, failed {len(done.failed)}.")
        for name, reason in done.failed.items():
            console(stderr=True).print(f"{name}: {reason}", markup=False)
