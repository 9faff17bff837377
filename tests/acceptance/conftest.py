"""Desks and commands as a person has them: processes of their own, nothing patched."""

import json
import shutil
from pathlib import Path

import pytest

from tests import commands

EXAMPLE = Path(__file__).parents[2] / "integrations" / "examples" / "macro-2026"


class Stoa:
    """Runs commands on one desk."""

    def __init__(self, desk, settings=None):
        self.desk = Path(desk)
        self.settings = settings or {}

    def run(self, *words, code=0, desk=True, timeout=120):
        place = ["--desk", str(self.desk)] if desk else []
        done = commands.run(*words, *place, env=commands.environment(self.settings), timeout=timeout)
        assert done.returncode == code, f"{words}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *words, **options):
        return json.loads(self.run(*words, "--json", **options).stdout)


def make_small(folder, theses, notes, settings=None):
    """The example desk with only some of its theses and notes."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "theses").glob("*.yaml"):
        if path.stem not in theses:
            path.unlink()
    for path in (folder / "sources" / "notes").iterdir():
        if not any(word in path.name for word in notes):
            path.unlink()
    return Stoa(folder, settings)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The example desk after its first run, and what the run printed; tests that change it take a copy."""
    stoa = Stoa(tmp_path_factory.mktemp("example") / "desk")
    stoa.run("init", stoa.desk, "--example", "macro-2026", desk=False)
    return stoa, stoa.json("run", "--run-id", "first")


@pytest.fixture
def copy(finished, tmp_path):
    stoa, _ = finished
    shutil.copytree(stoa.desk, tmp_path / "copy")
    return Stoa(tmp_path / "copy")
