"""The end of a run on a terminal: what changed, what waits, what contradicts, where the report is."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory.sentences import counted

if TYPE_CHECKING:
    from rich.console import Console

QUOTES = 2
LEFT_OUT = 8
"""Files that could not be read and are named; the report names all."""


def show_summary(console: "Console", view: dict[str, Any], folder: Path) -> None:
    """Print it; the most important first."""
    from rich.markup import escape
    from rich.rule import Rule

    console.print(Rule(f"{view['run_id']} · as of {view['as_of']} · {view['model']} · {view['status']}", style="dim"))
    revisions = view["revisions"]
    console.print(_head(len(revisions), view["theses"]))
    for item in revisions:
        before, after = item["conviction"]
        moved = f"{before:.2f} → {after:.2f}" if before != after else f"{after:.2f}"
        colour = "red" if item["status"] == "challenged" else "green" if after >= before else "yellow"
        console.print(f"  [{colour}]{item['thesis']}[/] r{item['revision']}  conviction {moved}  [{colour}]{item['status']}[/]")
        documents = [e for e in item["evidence"] if not e["source_uri"].startswith(("data", "theses"))] or item["evidence"]
        for evidence in documents[:QUOTES]:
            quote = evidence["quote"] if len(evidence["quote"]) <= 130 else evidence["quote"][:127] + "…"
            console.print(f"      [dim]“{escape(quote)}”  {escape(evidence['source_uri'])} {escape(evidence['locator'])}[/dim]")
    for item in view["fired"]:
        console.print(f"[red]Falsifier fired[/red] {item['thesis']}: {escape(item['text'])}")
    for item in view["pending"]:
        console.print(f"[yellow]Waits for a person[/yellow] {item['thesis']}: {escape(item['question'])}")
        console.print(f"      [dim]stoa approvals approve {item['id']} --desk {escape(_short(folder))}[/dim]")
    for item in view["contradictions"]:
        console.print(f"[magenta]Contradiction[/magenta] {escape(item['text'])}")
    for item in view["left_out"][:LEFT_OUT]:
        console.print(f"[yellow]Left out[/yellow] {escape(item['path'])}: {escape(item['reason'])}")
    if len(view["left_out"]) > LEFT_OUT:
        console.print(f"[yellow]Left out[/yellow] {len(view['left_out']) - LEFT_OUT} more: the report names them")
    if view["report"]:
        console.print(f"[bold]Report[/bold] {escape(_short(folder / view['report']))}")
    made = f"{counted(view['posts'], 'post')}, {counted(len(view['charts']), 'chart')}"
    console.print(f"[dim]{made}, {view['cost_usd']:.4f} USD, {view['seconds']:.1f} s[/dim]")


def _head(revised: int, theses: int) -> str:
    if revised:
        return f"[bold]{counted(revised, 'revision')}[/bold]"
    if theses:
        return "[bold]No revision[/bold]: nothing new changes what the desk believes."
    return "[bold]No revision[/bold]: the book is empty. Write a thesis into theses/, or see stoa init --help for a desk that has some."


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
