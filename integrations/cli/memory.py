"""Commands on memory: ingest, recall, remember, and the index."""

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
    line,
    moment,
    open_desk,
    read_jsonl,
)
from memory.sentences import counted

if TYPE_CHECKING:
    from integrations.desk import Desk
    from memory.records import Draft

JsonlOption = Annotated[Path | None, typer.Option("--jsonl", help="One JSON object of arguments a line; - is stdin.")]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.command()(ingest)
    parent.command()(recall)
    parent.command()(remember)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    author: Annotated[str, typer.Option(help="Who gives these documents.")] = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take documents into memory: Markdown, text, HTML, PDF, DOCX, CSV, Parquet, e-mail."""
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from memory.intake import Intake

    with (
        open_desk(desk) as opened,
        Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            console=(err := console(stderr=True)),
            transient=True,
            disable=not err.is_terminal,
        ) as bar,
    ):
        task = bar.add_task("reading")
        intake = Intake(opened.store, opened.folder)
        report = intake.add(paths, author, progress=lambda path: bar.update(task, description=f"reading {path.name}"))
        bar.update(task, description="indexing")
        opened.drain_index()
    skipped = [item.model_dump() for item in report.skipped]
    if as_json:
        emit({"documents": report.documents, "records": report.records, "unchanged": report.unchanged, "skipped": skipped,
              "warnings": [item.model_dump() for item in report.warnings]})  # fmt: skip
        return
    out = console()
    taken = f"{counted(report.documents, 'document')}, {counted(report.records, 'record')}"
    out.print(f"{taken}, {report.unchanged} unchanged, {len(skipped)} skipped")
    for item in report.skipped:
        out.print(f"  [yellow]skipped[/yellow] {item.reason}", markup=True)
    for item in report.warnings:
        out.print(f"  [dim]{item.path}: {item.reason}[/dim]")


def recall(
    query: Annotated[str, typer.Argument(help="What to look for, in English or Chinese.")] = "",
    k: Annotated[int, typer.Option("-k", min=1, max=200, help="How many hits.")] = 8,
    kind: Annotated[str, typer.Option(help="Only this kind: chunk, note, finding, message, figure …")] = "",
    as_of: AsOfOption = "",
    variant: Annotated[list[str] | None, typer.Option(help="The question in other words or another language; may be repeated.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what each hit owes its place to.")] = False,
    jsonl: JsonlOption = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Find what memory holds, with its source."""
    from memory.errors import InputError, StoaError

    with open_desk(desk) as opened:
        opened.drain_index()
        if jsonl is not None:
            for arguments, problem in read_jsonl(jsonl):
                try:
                    line({"error": problem} if arguments is None else _recall(opened, {"k": k, **arguments}))
                except StoaError as error:
                    line({"error": str(error)})
            return
        if not query.strip():
            raise InputError("there is nothing to look for: give a question, or --jsonl FILE")
        found = _recall(opened, {"query": query, "k": k, "kind": kind, "as_of": as_of, "variants": variant or []})
    if as_json:
        emit(found)
        return
    out = console()
    for hit in found["hits"]:
        out.print(f"[bold]{hit['score']:.3f}[/bold] {hit['kind']} [cyan]{hit['source_uri']}[/cyan] {hit['locator']} [dim]{hit['id']}[/dim]")
        out.print(f"      {' '.join(hit['text'].split())[:300]}", markup=False)
        if explain:
            out.print(f"      [dim]{', '.join(f'{name} {share:+.2f}' for name, share in hit['why'].items())}[/dim]")
    if not found["hits"]:
        out.print("Nothing found: ingest a source, or ask with other words.")


def _recall(desk: "Desk", arguments: dict[str, Any]) -> dict[str, Any]:
    from memory.errors import InputError
    from memory.records import Kind

    known = {"query", "k", "kind", "as_of", "thesis", "variants", "id"}
    if unknown := sorted(set(arguments) - known):
        raise InputError(f"recall has no argument {unknown[0]!r}: it takes query, k, kind, as_of, thesis and variants")
    query, k, kind = str(arguments.get("query", "")), arguments["k"], arguments.get("kind") or ""
    if not isinstance(k, int) or not 1 <= k <= 200:
        raise InputError("k must be a whole number from 1 to 200")
    if kind and kind not in set(Kind):
        raise InputError(f"there is no kind {kind!r}: there are {', '.join(Kind)}")
    when = moment(desk, arguments["as_of"]) if arguments.get("as_of") else None
    variants = arguments.get("variants") or []
    if not isinstance(variants, list) or not all(isinstance(text, str) for text in variants):
        raise InputError("variants must be a list of texts")
    found = desk.recall.search(
        query, k, kinds=[Kind(kind)] if kind else [], as_of=when, thesis=arguments.get("thesis") or "", variants=variants
    )
    return {"hits": [hit.model_dump(mode="json") for hit in found.hits], "index_lag": found.index_lag}


def remember(
    text: Annotated[str, typer.Argument(help="What to keep, verbatim.")] = "",
    kind: Annotated[str, typer.Option(help="note, finding, message, decision …")] = "note",
    thesis: Annotated[list[str] | None, typer.Option(help="The thesis it bears on; may be repeated.")] = None,
    supersedes: Annotated[str, typer.Option(help="Id of the version that this one replaces.")] = "",
    author: Annotated[str, typer.Option(help="Who says so.")] = "person",
    jsonl: JsonlOption = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Keep a note; with --supersedes it becomes the next version of an earlier one."""
    with open_desk(desk) as opened:
        if jsonl is not None:
            _remember_many(opened, jsonl)
            return
        draft = _draft({"text": text, "kind": kind, "thesis_slugs": thesis or [], "author": author})
        record = opened.store.remember(draft, supersedes=supersedes)
    if as_json:
        emit({"id": record.id, "version": record.version})
    else:
        console().print(f"{record.id} version {record.version}")


def _remember_many(desk: "Desk", jsonl: Path) -> None:
    """Good lines in as few transactions as they allow; a wrong one is answered in its place."""
    from memory.errors import StoaError

    rows = list(read_jsonl(jsonl))
    answers: list[dict[str, Any]] = [{} for _ in rows]
    drafts: list[tuple[int, Draft]] = []
    for number, (arguments, problem) in enumerate(rows):
        if arguments is None:
            answers[number] = {"error": problem}
            continue
        supersedes = arguments.pop("supersedes", "")
        try:
            draft = _draft(arguments)
            if supersedes:
                record = desk.store.remember(draft, supersedes=str(supersedes))
                answers[number] = {"id": record.id, "version": record.version}
            else:
                drafts.append((number, draft))
        except StoaError as error:
            answers[number] = {"error": str(error)}
    ids = desk.store.remember_many([draft for _, draft in drafts])
    for (number, _), new in zip(drafts, ids, strict=True):
        answers[number] = {"id": new, "version": 1}
    for answer in answers:
        line(answer)


def _draft(arguments: dict[str, Any]) -> "Draft":
    from pydantic import ValidationError

    from memory.book import first_problem
    from memory.errors import InputError
    from memory.records import Draft, Trust

    fields = dict(arguments)
    if "text" in fields:
        fields["body"] = fields.pop("text")
    if "thesis" in fields:
        given = fields.pop("thesis")
        fields["thesis_slugs"] = [given] if isinstance(given, str) else given
    fields.setdefault("trust", Trust.PERSON)
    try:
        return Draft(**fields)
    except (ValidationError, TypeError) as error:
        problem = first_problem(error).replace("body:", "text:") if isinstance(error, ValidationError) else str(error)
        raise InputError(f"this cannot be remembered: {problem}") from error
