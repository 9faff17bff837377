"""Self-check: what the desk needs, what is there, and the one thing to do where it is not."""

import sqlite3
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Literal, NamedTuple

from memory.errors import StoaError


class Check(NamedTuple):
    """One line of the doctor's report."""

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    mend: str = ""


OWN = ("memory", "agents", "orchestrator", "integrations")


def checks(folder: Path) -> list[Check]:
    """Every check, in the order in which a person would mend them."""
    found = [_python(), _sqlite(), _packages(), _font()]
    try:
        found += _desk(folder)
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


def _desk(folder: Path) -> list[Check]:
    from integrations.desk import Desk

    warnings: list[str] = []
    with Desk(folder, warnings.append) as desk:
        found = [
            Check("desk", "ok", f"{desk.settings.desk.name} in {desk.folder}"),
            _book(desk),
            *_index(desk, warnings),
        ]
        model = desk.settings.model.name
        if not model:
            found.append(Check("model", "ok", "no model: the playbooks do the work", "set model.name in stoa.toml to have one"))
        elif not desk.settings.model.base_url and desk.settings.anthropic_api_key is None:
            found.append(
                Check(
                    "model",
                    "fail",
                    f"{model}, but no key",
                    "set ANTHROPIC_API_KEY, or model.base_url for a local server",
                )
            )
        else:
            found.append(Check("model", "ok", f"{model} at {desk.settings.model.base_url or 'Anthropic'}"))
        stuck = desk.journal.runs(("running", "failed"))
        found += _slack(desk)
        state: Literal["ok", "warn"] = "warn" if stuck else "ok"
        mend = f"stoa runs resume {stuck[0].run_id}" if stuck else ""
        found.append(Check("runs", state, f"{len(stuck)} unfinished" if stuck else "none unfinished", mend))
        return found


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
    if index is None:
        return [Check("vector index", "warn", warnings[-1] if warnings else "not open", "stop the other process")]
    try:
        Indexer(desk.store, index).check()
    except StoaError as error:
        return [Check("vector index", "warn", str(error), "stoa memory rebuild")]
    return [Check("vector index", "ok", f"{index.count()} vectors, {desk.store.index_lag()} waiting")]
