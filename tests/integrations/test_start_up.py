"""What a command loads: help is instant, and looking at the book needs neither a model, a graph nor an index."""

import subprocess
import sys

import pytest

from tests.commands import environment

HEAVY = (
    "opentelemetry", "chromadb", "langgraph", "anthropic", "matplotlib", "numpy", "duckdb", "alembic", "pandas", "scipy", "jsonschema",
)  # fmt: skip

LOADED = """
import atexit, sys
atexit.register(lambda: sys.stderr.write("LOADED " + " ".join(sorted({name.partition(".")[0] for name in sys.modules}))))
from integrations.cli import main
main()
"""


def loaded(*words):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, words)], capture_output=True, text=True, env=environment(), timeout=60, check=True
    )
    return done.stdout, set(done.stderr.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("thesis", "--help"), ("runs", "--help")])
def test_help_loads_nothing_heavy_and_no_database(words):
    out, modules = loaded(*words)
    assert "Usage:" in out
    assert "typer" in modules
    assert modules.isdisjoint({*HEAVY, "sqlalchemy"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("thesis", "list"), "metals-over-oil"),
        (("thesis", "show", "copper"), "copper"),
        (("thesis", "history", "copper"), "Copper deficit"),
        (("approvals", "list"), "Nothing waits."),
        (("runs", "list"), "nothing"),
    ],
)
def test_looking_at_the_book_loads_nothing_heavy(booked, words, said):
    out, modules = loaded(*words, "--desk", booked)
    assert said in out
    assert "sqlalchemy" in modules
    assert modules.isdisjoint(HEAVY)


@pytest.fixture(scope="module")
def booked(tmp_path_factory):
    """The example desk with its thesis files in the book; nothing has run."""
    desk = tmp_path_factory.mktemp("booked") / "desk"
    loaded("init", desk, "--example", "macro-2026")
    loaded("thesis", "import", *sorted((desk / "theses").glob("*.yaml")), "--desk", desk)
    return desk
