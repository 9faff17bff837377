"""Commands on market data: pull, list, show, check, diff, chart."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integrations.cli.common import (
    HERE,
    AsOfOption,
    DeskOption,
    JsonOption,
    console,
    emit,
    moment,
    open_desk,
    show_table,
)
from memory.sentences import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.data.pull import Pull
    from memory.quality import Finding

app = typer.Typer(no_args_is_help=True)
NamesArgument = Annotated[list[str] | None, typer.Argument(help="Names; without one, all.", show_default=False)]
SeriesArgument = Annotated[str, typer.Argument(help="A series' name.")]
_COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}


@app.command()
def pull(names: NamesArgument = None, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Bring series from the sources of stoa.toml; NAMES are sources or series."""
    from integrations.data.pull import Into
    from integrations.data.pull import pull as pull_all
    from memory.pulls import PullLog

    with open_desk(desk) as opened:
        into = Into(opened.folder, opened.market, PullLog(opened.state / "pulls.jsonl"), opened.state / "cache" / "data")
        rows = pull_all(opened.settings.data.sources, into, opened.clock(), names or [])
    failed = [row for row in rows if row.reason]
    if as_json:
        emit({
            "pulled": [_pulled(row) for row in rows if not row.reason],
            "failed": [{"source": row.source, "series": row.series, "reason": row.reason} for row in failed],
        })  # fmt: skip
    else:
        _show_pulls(rows)
    if failed:
        raise typer.Exit(1)


def _pulled(row: "Pull") -> dict[str, Any]:
    return {
        **row.origin, "source": row.source, "series": row.series, "values": row.values, "new": row.new, "notes": list(row.notes),
        "findings": [item.model_dump() for item in row.findings],
    }  # fmt: skip


def _show_pulls(rows: "Sequence[Pull]") -> None:
    show_table(
        ["source", "series", "values", "new", "licence"],
        [[row.source, row.series, row.values, row.new, row.origin["licence"]] for row in rows if not row.reason],
        right=(2, 3),
    )
    from rich.markup import escape

    from memory.quality import condensed

    out = console()
    for row in rows:
        if row.reason:
            out.print(f"[red]not pulled[/red] {escape(f'{row.source} {row.series}'.strip())}: {escape(row.reason)}")
        for note in row.notes:
            out.print(f"[dim]{escape(f'{row.series}: {note}')}[/dim]")
    _print_findings(condensed([item for row in rows for item in row.findings if item.severity != "note"]))


@app.command("list")
def list_series(
    contains: Annotated[str, typer.Argument(help="Only names with this in them.")] = "", as_of: AsOfOption = "", desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Every series with its unit and its newest value known at the as-of."""
    from agents.tool import call

    with open_desk(desk) as opened:
        opened.market.refresh(opened.clock())
        rows = call("data.series", {"name": contains}, opened.workbench(moment(opened, as_of))).model_dump(mode="json")["series"]
    if as_json:
        emit({"series": rows})
        return
    show_table(
        ["series", "last", "unit", "for", "known", "source"],
        [[row["info"]["series"], "" if row["last"] is None else number(row["last"], 6), row["info"]["unit"], row["valid_time"] or "",
          row["known_at"][:10], row["info"]["source"]] for row in rows],
        right=(1,),
    )  # fmt: skip


@app.command()
def show(
    series: SeriesArgument, last: Annotated[int, typer.Option(min=1, help="How many values.")] = 12, as_of: AsOfOption = "",
    desk: DeskOption = HERE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """One series: what it measures, where it comes from, its newest values and when each was known."""
    from memory.absent import require
    from memory.pulls import PullLog

    with open_desk(desk) as opened:
        opened.market.refresh(opened.clock())
        at = moment(opened, as_of)
        info = require(opened.market, series)
        points = list(opened.workbench(at).reader.points(series, at))
        vintages = opened.market.history(series, at)
        pulls = PullLog(opened.state / "pulls.jsonl").of(series)
    values = [{"valid_time": point.valid_time, "value": point.value, "known_at": point.known_at} for point in points[-last:]]
    origin = pulls[-1] if pulls else None
    if as_json:
        emit({"info": info, "points": len(points), "vintages": len(vintages), "values": values, "pull": origin})
        return
    out = console()
    out.print(f"{series}: {info.title or series}, {info.unit or 'no unit stated'}, {info.kind}, {info.frequency}", markup=False)
    out.print(f"source {info.source or 'not stated'}; licence {info.licence or 'not stated'}", markup=False)
    if origin:
        out.print(f"pulled {origin['fetched_at'][:16]} from {origin['url']}", markup=False)
    out.print(f"{len(points)} values, {len(vintages)} vintages known at {at:%Y-%m-%d}", markup=False)
    rows = [[point.valid_time, number(point.value, 6), f"{point.known_at:%Y-%m-%d %H:%M}"] for point in points[-last:]]
    show_table(["for", "value", "known"], rows, right=(1,))


@app.command()
def check(
    names: NamesArgument = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when there is an error.")] = False,
    as_of: AsOfOption = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Quality checks: types, gaps, stale runs, units, quote direction, look-ahead, release dates, licences and more."""
    from memory.quality import condensed
    from memory.quality.desk import check_desk

    with open_desk(desk) as opened:
        opened.market.refresh(opened.clock())
        found = check_desk(opened.market, opened.folder / "data", moment(opened, as_of), names or [])
    counts = {severity: sum(item.severity == severity for item in found) for severity in _COLOURS}
    if as_json:
        emit({"findings": found, "errors": counts["error"], "warnings": counts["warning"], "notes": counts["note"]})
    else:
        _print_findings(condensed(found))
        console().print(f"{counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes")
    if strict and counts["error"]:
        raise typer.Exit(1)


def _print_findings(found: "Sequence[Finding]") -> None:
    from rich.markup import escape

    out = console()
    for item in found:
        colour = _COLOURS[item.severity]
        out.print(f"[{colour}]{item.severity}[/{colour}] {escape(item.series)}: {escape(item.check)}: {escape(item.message)}")
        for row in item.rows[:3]:
            out.print(f"    [dim]{escape(row)}[/dim]")
        if item.count > 3 and item.rows:
            out.print(f"    [dim]and {item.count - 3} more[/dim]")


@app.command()
def diff(
    series: SeriesArgument,
    start: Annotated[str, typer.Option("--from", help="What was known at the end of this day …")],
    end: Annotated[str, typer.Option("--to", help="… against the end of this day; today without one.")] = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What became known of a series between two days: new values, and values that were revised."""
    from memory.absent import require
    from memory.errors import InputError

    with open_desk(desk) as opened:
        opened.market.refresh(opened.clock())
        require(opened.market, series)
        before, after = moment(opened, start), moment(opened, end)
        if before > after:
            raise InputError(f"--from {start} lies after --to {after:%Y-%m-%d}: turn them round")
        changes = opened.market.difference(series, before, after)
    revised = [item._asdict() for item in changes if item.before is not None]
    added = [{"valid_time": item.valid_time, "value": item.after, "known_at": item.known_at} for item in changes if item.before is None]
    if as_json:
        emit({"series": series, "from": before, "to": after, "added": added, "revised": revised})
        return
    console().print(f"{len(added)} values added, {len(revised)} revised")
    show_table(
        ["for", "before", "after", "known"],
        [
            [i.valid_time, "" if i.before is None else number(i.before, 6), number(i.after, 6), f"{i.known_at:%Y-%m-%d %H:%M}"]
            for i in changes
        ],
        right=(1, 2),
    )


@app.command()
def chart(
    series: Annotated[list[str], typer.Argument(help="One to six series; two for scatter, one for drawdown.")],
    kind: Annotated[str, typer.Option(help="line, scatter, heat or drawdown; the others: stoa tool call data.chart.")] = "line",
    title: Annotated[str, typer.Option(help="The question it answers.")] = "",
    since: Annotated[str, typer.Option(help="The first day, e.g. 2025-01-01.")] = "",
    out: Annotated[Path | None, typer.Option(help="A folder to copy the files to.")] = None,
    as_of: AsOfOption = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Draw series: a PNG, an SVG, and the numbers behind them as CSV and JSON."""
    import shutil

    from agents.tool import call

    arguments: dict[str, Any] = {"kind": kind, "series": series, "title": title, "since": since or None}
    with open_desk(desk) as opened:
        opened.market.refresh(opened.clock())
        found = call("data.chart", arguments, opened.workbench(moment(opened, as_of))).model_dump(mode="json")
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            found["files"] = {name: shutil.copy(path, out) for name, path in found["files"].items()}
    if as_json:
        emit(found)
        return
    show_table(["file", "path"], sorted(found["files"].items()))
