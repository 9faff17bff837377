"""Self-check: what the desk needs, what is there, and the one thing to do where it is not."""

import sqlite3
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from memory.errors import StoaError

if TYPE_CHECKING:
    from integrations.desk import Desk


class Check(NamedTuple):
    """One line of the doctor's report."""

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    mend: str = ""


OWN = ("memory", "agents", "orchestrator", "integrations")


def checks(folder: Path, *, probe: bool = False) -> list[Check]:
    """Every check, in the order in which a person would mend them. ``probe`` asks the model's endpoint what it can do."""
    found = [_python(), _sqlite(), _packages(), _font()]
    try:
        found += _desk(folder, probe=probe)
    except StoaError as error:
        found.append(Check("desk", "fail", str(error), "mend this first"))
    return found


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    return Check("python", "ok" if good else "fail", version, "" if good else "use Python 3.11 or newer")


def _sqlite() -> Check:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(a)")
    except sqlite3.OperationalError:
        return Check("sqlite", "fail", f"{sqlite3.sqlite_version} without FTS5", "use a Python whose SQLite has FTS5")
    finally:
        connection.close()
    return Check("sqlite", "ok", f"{sqlite3.sqlite_version} with FTS5")


def _packages() -> Check:
    owners = packages_distributions()
    strangers = {name: owner for name in OWN for owner in owners.get(name, []) if owner != "stoa-desk"}
    if strangers:
        name, owner = next(iter(strangers.items()))
        return Check("packages", "fail", f"{owner} also installs {name!r}", "give Stoa an environment of its own")
    return Check("packages", "ok", "nobody else owns our names")


def _font() -> Check:
    from integrations.report.fonts import font_path

    try:
        return Check("chinese font", "ok", font_path().name)
    except StoaError as error:
        return Check("chinese font", "fail", str(error), "install the package mplfonts")


def _desk(folder: Path, *, probe: bool) -> list[Check]:
    from integrations.desk import Desk

    warnings: list[str] = []
    with Desk(folder, warnings.append) as desk:
        found = [
            Check("desk", "ok", f"{desk.settings.desk.name} in {desk.folder}"),
            _book(desk),
            *_index(desk, warnings),
        ]
        found += _model(desk, probe=probe)
        stuck = desk.journal.runs(("queued", "running", "failed"))
        found += _slack(desk)
        state: Literal["ok", "warn"] = "warn" if stuck else "ok"
        mend = f"stoa runs resume {stuck[0].run_id}" if stuck else ""
        found.append(Check("runs", state, f"{len(stuck)} unfinished" if stuck else "none unfinished", mend))
        return found


def _model(desk: "Desk", *, probe: bool) -> list[Check]:
    """The model and what its endpoint can do, as it was found out; ``probe`` asks anew, in three small requests."""
    settings = desk.settings.model
    if not settings.name:
        return [Check("model", "ok", "no model: the playbooks do the work", "set model.name in stoa.toml to have one")]
    if not settings.base_url and desk.settings.anthropic_api_key is None:
        return [Check("model", "fail", f"{settings.name}, but no key", "set ANTHROPIC_API_KEY, or model.base_url for a local server")]
    row = Check("model", "ok", f"{settings.name} at {settings.base_url or 'Anthropic'}")
    if not settings.base_url or settings.endpoint == "anthropic":
        return [row]
    try:
        can = desk.model.probe() if probe else desk.model.probed()
    except StoaError as error:
        return [row, Check("endpoint", "fail", str(error), "start the server, or mend model.base_url")]
    if can is None:
        return [row, Check("endpoint", "ok", "not asked yet what it can do", "stoa doctor --probe asks it; the first run does too")]
    has = f"{'tools' if can.tools else 'no tools'}, {'a cache' if can.cache else 'no cache'}"
    words = f"evidence as {can.evidence}, form by {can.structure}, {has}"
    return [row, Check("endpoint", "ok", f"{words}, asked {can.probed_at:%Y-%m-%d}", "; ".join(can.notes))]


def _slack(desk: object) -> list[Check]:
    from integrations.desk import Desk
    from integrations.settings import slack_tokens
    from integrations.slack.doctor import checks as slack_checks

    assert isinstance(desk, Desk)
    return slack_checks(desk, slack_tokens())


def _book(desk: object) -> Check:
    from integrations.desk import Desk

    assert isinstance(desk, Desk)
    try:
        return Check("book", "ok", f"{desk.book.verify()} revisions hold")
    except StoaError as error:
        return Check("book", "fail", str(error), "restore the desk from a back-up")


def _index(desk: object, warnings: list[str]) -> list[Check]:
    from integrations.desk import Desk
    from memory.recall import Indexer

    assert isinstance(desk, Desk)
    index = desk.index()
    if desk.vectors.by_words:
        return [Check("vector index", "ok", "none: past chroma.most_hashed records a desk without an embedding model searches by words")]
    if index is None:
        return [Check("vector index", "warn", warnings[-1] if warnings else "not open", "stop the other process")]
    try:
        Indexer(desk.store, index).check()
    except StoaError as error:
        return [Check("vector index", "warn", str(error), "stoa memory rebuild")]
    found = Check("vector index", "ok", f"{index.count()} vectors, {desk.store.index_lag()} waiting")
    if desk.settings.embedding.provider == "hashed":
        return [found]
    measured = desk.vectors.weights.measured(desk.embedder.fingerprint)
    if measured is None:
        return [
            found,
            Check("vector weights", "warn", "not measured for this model: its vectors count half, in talk a third", "stoa memory weigh"),
        ]
    shares = ", ".join(f"{language} {measured.vector[language]:g}" for language in measured.quality)
    return [found, Check("vector weights", "ok", f"measured: {shares}")]
