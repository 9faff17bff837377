"""``stoa memory``: the state of memory, its index, its archive, and what ends."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from integrations.cli.common import HERE, DeskOption, JsonOption, console, emit, open_desk, show_table

app = typer.Typer(no_args_is_help=True)


@app.command()
def stats(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """How many records of each kind, status and language, what waits for the index, and what is on disk."""
    from memory.life import stats as counted
    from memory.records import Kind

    with open_desk(desk) as opened:
        found = counted(opened.database)
        lag = opened.store.index_lag()
        model = opened.embedder.fingerprint
        state = opened.state
    sizes = {name: _size(state / name) for name in ("desk.db", "chroma", "vectors.db")}
    kinds = {kind.value: found["kind"].get(kind.value, 0) for kind in Kind}
    if as_json:
        emit(
            {"records": kinds, "status": found["status"], "languages": found["lang"], "index_lag": lag, "embedding": model, "bytes": sizes}
        )
        return
    out = console()
    out.print((", ".join(f"{n} {name}" for name, n in kinds.items() if n) or "no records") + f"; {lag} wait for the index")
    out.print(", ".join(f"{n} {name}" for name, n in found["status"].items()))
    out.print(f"embedding {model}; " + ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sizes.items() if size), markup=False)


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*") if file.is_file())


@app.command()
def rebuild(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Build the vector index anew from the records."""
    with open_desk(desk) as opened:
        count = opened.rebuild_index()
    if as_json:
        emit({"vectors": count})
    else:
        console().print(f"{count} vectors rebuilt from the records.")


@app.command()
def weigh(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Measure what the embedding model's vectors are worth beside the words, by language and kind, and let that count."""
    from rich.progress import Progress

    err = console(stderr=True)
    with open_desk(desk) as opened, Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("asking questions whose answers are known", total=1.0)
        measured = opened.vectors.weigh(lambda share: bar.update(task, completed=share))
    if as_json:
        emit(measured.model_dump())
        return
    rows = []
    for language, found in measured.quality.items():
        kinds = {key.partition("/")[2]: share for key, share in measured.kinds.items() if key.startswith(f"{language}/")}
        weight = ", ".join([f"{measured.vector[language]:g}", *(f"{kind} {share:g}" for kind, share in kinds.items())])
        rows.append([language, found.questions, f"{found.words:.2f}", f"{found.vectors:.2f}", f"{found.fusion:.2f}", weight])
    show_table(["language", "questions", "words", "vectors", "together", "vectors count"], rows, right=(1, 2, 3, 4))
    console().print(f"{measured.fingerprint}: counts from the next question on.", markup=False)


@app.command("export")
def export_memory(file: Annotated[Path, typer.Argument(help="A JSON-lines file; - is stdout.")], desk: DeskOption = HERE) -> None:
    """Write every record with every version and link into one file."""
    from memory.archive import export

    with open_desk(desk) as opened:
        if str(file) == "-":
            sys.stdout.writelines(f"{line}\n" for line in export(opened.database))
            return
        beside = file.with_name(f"{file.name}.part")
        with beside.open("w", encoding="utf-8") as out:
            count = sum(out.write(f"{line}\n") > 0 for line in export(opened.database)) - 1
        beside.replace(file)
    console(stderr=True).print(f"{count} records and links in {file}", markup=False)


@app.command("import")
def import_memory(
    file: Annotated[Path, typer.Argument(help="A file that stoa memory export wrote; - is stdin.")],
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take such a file in; what is here already stays as it is."""
    from memory.archive import take_in
    from memory.errors import InputError

    with open_desk(desk) as opened:
        try:
            if str(file) == "-":
                done = take_in(opened.database, opened.store, sys.stdin)
            else:
                with file.open(encoding="utf-8") as lines:
                    done = take_in(opened.database, opened.store, lines)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file} cannot be read as UTF-8 text: check the path") from error
        opened.drain_index()
    if as_json:
        emit(done._asdict())
    else:
        console().print(f"{done.records} records and {done.links} links taken in; {done.known} were here.")


@app.command()
def retract(
    record: Annotated[str, typer.Argument(help="Its id.")],
    why: Annotated[str, typer.Option(help="The reason, which is kept.")],
    desk: DeskOption = HERE,
) -> None:
    """Take a record out of what recall finds. It stays readable, with the reason."""
    from memory.errors import InputError
    from memory.records import Status

    if not why.strip():
        raise InputError("say why: a record is never ended without a reason")
    with open_desk(desk) as opened:
        opened.store.get(record)
        opened.store.end(record, Status.RETRACTED, why)
        opened.drain_index()
    console().print(f"{record} is retracted.")


@app.command()
def tidy(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Expire what is no longer valid, and write where each thesis stands."""
    from integrations.terminal import SilentChannel
    from memory.life import expire
    from orchestrator.consolidate import consolidate

    with open_desk(desk) as opened:
        as_of = opened.as_of()
        expired = expire(opened.database, opened.store, as_of.date())
        gists = consolidate(opened.context(SilentChannel()), f"tidy-{as_of.date()}", as_of)
        opened.drain_index()
    if as_json:
        emit({"expired": expired, "gists": gists})
    else:
        console().print(f"{len(expired)} records expired, {len(gists)} theses summed up.")
