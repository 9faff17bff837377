"""Commands on the thesis book."""

from pathlib import Path
from typing import Annotated, Any

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
from memory.sentences import counted

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_theses(as_of: AsOfOption = "", desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """The book at a glance."""
    with open_desk(desk) as opened:
        entries = opened.book.theses(moment(opened, as_of) if as_of else None)
    if as_json:
        emit(
            {
                "theses": [
                    {**entry.thesis.model_dump(mode="json"), "revision": entry.revision.n, "hash": entry.revision.hash} for entry in entries
                ]
            }
        )
        return
    rows = [
        [
            e.thesis.slug,
            e.thesis.title,
            e.thesis.stance.value,
            f"{e.thesis.conviction:.2f}",
            e.thesis.status.value,
            e.revision.n,
        ]
        for e in entries
    ]
    show_table(["thesis", "title", "stance", "conviction", "status", "rev"], rows, right=(3, 5))


@app.command()
def show(slug: str, as_of: AsOfOption = "", desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """One thesis whole."""
    from integrations.thesis_files import dump_thesis

    with open_desk(desk) as opened:
        entry = opened.book.get(slug, moment(opened, as_of) if as_of else None)
    if as_json:
        emit({**entry.thesis.model_dump(mode="json"), "revision": entry.revision.n, "hash": entry.revision.hash})
    else:
        console().print(dump_thesis(entry.thesis), markup=False)


@app.command()
def history(slug: str, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Every revision: when, by whom, why."""
    with open_desk(desk) as opened:
        entries = opened.book.history(slug)
    if as_json:
        emit(
            {
                "thesis": slug,
                "revisions": [
                    {
                        **e.revision.model_dump(mode="json"),
                        "conviction": e.thesis.conviction,
                        "status": e.thesis.status.value,
                    }
                    for e in entries
                ],
            }
        )
        return
    show_table(
        ["rev", "effective", "by", "conviction", "status", "why"],
        [[e.revision.n, e.effective_at.date(), e.revision.approval.by if e.revision.approval else e.revision.author,
          f"{e.thesis.conviction:.2f}",
          e.thesis.status.value, e.revision.rationale] for e in entries],
        right=(0, 3),
    )  # fmt: skip


@app.command()
def diff(
    slug: str,
    first: Annotated[int, typer.Option("--from", help="Revision number; the one before last without it.")] = 0,
    last: Annotated[int, typer.Option("--to", help="Revision number; the last without it.")] = 0,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What changed between two revisions."""
    from memory.errors import InputError

    with open_desk(desk) as opened:
        entries = {entry.revision.n: entry.thesis.model_dump(mode="json") for entry in opened.book.history(slug)}
    last = last or max(entries)
    first = first or max(1, last - 1)
    if first not in entries or last not in entries:
        raise InputError(f"{slug} has revisions 1 to {max(entries)}: choose two of them")
    before, after = entries[first], entries[last]
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if as_json:
        emit({"thesis": slug, "from": first, "to": last, "changes": changes})
    else:
        show_table(
            ["field", f"r{first}", f"r{last}"],
            [[name, _short(old), _short(new)] for name, (old, new) in changes.items() if name != "applied"],
        )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:197] + "…"


@app.command("import")
def import_files(
    paths: Annotated[list[Path], typer.Argument(help="Thesis files (YAML).")],
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Bring thesis files into the book; a wrong one is named and the rest goes on."""
    with open_desk(desk) as opened:
        opened.market.refresh(opened.clock())
        imported, skipped = opened.library.import_theses(paths)
    if as_json:
        emit({"imported": imported, "skipped": [item.model_dump() for item in skipped]})
    else:
        out = console()
        out.print(f"{counted(len(imported), 'thesis', 'theses')} imported or changed" + (f": {', '.join(imported)}" if imported else ""))
        for item in skipped:
            out.print(f"  skipped: {item.reason}", markup=False, style="yellow")
    if skipped and not imported:
        raise typer.Exit(2)


@app.command("export")
def export_files(
    slug: Annotated[str, typer.Argument(help="A thesis; all of them without one.")] = "",
    out: Annotated[Path | None, typer.Option(help="A folder to write YAML files to.")] = None,
    desk: DeskOption = HERE,
) -> None:
    """Theses as files that read back equal."""
    from integrations.thesis_files import dump_thesis

    with open_desk(desk) as opened:
        entries = [opened.book.get(slug)] if slug else opened.book.theses()
    for entry in entries:
        text = dump_thesis(entry.thesis)
        if out:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"{entry.thesis.slug}.yaml").write_text(text, encoding="utf-8")
        else:
            console().print(text, markup=False)


@app.command()
def edit(
    slug: str,
    set_: Annotated[list[str], typer.Option("--set", help="FIELD=VALUE, the value as YAML; may be repeated.")],
    why: Annotated[str, typer.Option(help="The rationale that the book keeps.")],
    by: Annotated[str, typer.Option(help="Your name.")] = "person",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Change fields of a thesis as a person: a new revision with your name."""
    import yaml

    from memory.errors import InputError
    from memory.thesis import Approval, Proposal, Thesis

    patch: dict[str, Any] = {}
    for item in set_:
        field, mark, value = item.partition("=")
        if not mark or field not in Thesis.model_fields or field in {"slug", "applied"}:
            raise InputError(f"--set takes FIELD=VALUE with a field of a thesis, not {item!r}")
        try:
            patch[field] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise InputError(f"{value!r} is no YAML value: put text with colons in quotes") from error
    if not why.strip():
        raise InputError("say why: the book keeps a reason for every revision")
    with open_desk(desk) as opened:
        head = opened.book.get(slug)
        now = max(opened.clock(), head.effective_at)
        proposal = Proposal(thesis=slug, against=head.revision.hash, author=by, patch=patch, rationale=why)
        revision = opened.book.commit(proposal, Approval(by=by, at=opened.clock(), mode="person"), now)
    if as_json:
        emit(revision.model_dump(mode="json"))
    else:
        console().print(f"{slug} is at revision {revision.n}.")
