"""What leaves the desk: the signed record, and the book as PDF and Markdown."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from integrations.cli.common import HERE, AsOfOption, DeskOption, console, emit, moment, open_desk

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.desk import Desk


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    form: Annotated[
        Literal["json", "markdown", "pdf"], typer.Option("--format", help="json is the signed record, the others are for reading.")
    ] = "json",
    out: Annotated[Path | None, typer.Option(help="Write to this file; a PDF needs one.")] = None,
    as_of: AsOfOption = "",
    desk: DeskOption = HERE,
) -> None:
    """The whole book: with its history as one JSON document, by which others can check the chain, or dated, for reading."""
    from memory.errors import InputError

    if form == "pdf" and out is None:
        raise InputError("a PDF goes to a file: name it with --out book.pdf")
    with open_desk(desk) as opened:
        content = _content(opened, form, moment(opened, as_of), whole=not as_of)
    if out is None:
        if isinstance(content, dict):
            emit(content)
        else:
            console().print(str(content), markup=False, soft_wrap=True)
        return
    _write(out, content)
    console(stderr=True).print(f"The book is in {out}.", markup=False)


def _content(desk: "Desk", form: str, at: "datetime", *, whole: bool) -> dict[str, object] | str | bytes:
    if form == "json":
        from integrations.export.record import signed_record

        return signed_record(desk, None if whole else at)
    from integrations.export.contents import contents

    book = contents(desk, at)
    if form == "markdown":
        from integrations.export.markdown import as_markdown

        return as_markdown(book)
    from integrations.export.pdf import as_pdf

    return as_pdf(book)


def _write(path: Path, content: dict[str, object] | str | bytes) -> None:
    import json

    from memory.errors import InputError

    if isinstance(content, dict):
        content = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    try:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): name another file with --out") from error
