"""The project's own promises: the lock file fits, nothing names a machine, functions and files stay readable."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PACKAGES = ("memory", "agents", "orchestrator", "integrations")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def locked():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {name.lower(): Version(version) for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", text, re.MULTILINE)}


def test_every_dependency_is_locked_at_a_version_that_pyproject_allows():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = locked()
    for line in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]:
        requirement = Requirement(line)
        assert pins[requirement.name.lower()] in requirement.specifier, line


def test_every_locked_file_is_checked_by_its_hash_and_no_host_is_named():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert text.count("--hash=sha256:") >= len(locked())
    assert "://" not in text


def test_nobody_else_owns_the_names_of_our_packages():
    owners = packages_distributions()
    assert {owner for name in PACKAGES for owner in owners.get(name, [])} <= {"stoa-desk"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_holds_one_idea_and_a_function_fits_a_screen(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    if "migrations" in path.parts:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            assert node.end_lineno - node.lineno < 60, f"{node.name} has {node.end_lineno - node.lineno} lines"


def test_the_readme_shows_its_two_commands_before_line_thirty():
    head = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30])
    assert "make demo" in head
    assert "make test" in head


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_every_link_of_the_docs_leads_somewhere(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / "docs" / target).exists(), target
