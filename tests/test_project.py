"""The project's own promises: the lock file fits, nothing names a machine, functions and files stay readable."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from integrations.settings import load_settings

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


def services():
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_the_chroma_server_of_compose_is_of_the_locked_version():
    assert services()["chroma"]["image"] == f"chromadb/chroma:{locked()['chromadb']}"


def test_what_compose_tells_a_worker_is_what_the_settings_hear(tmp_path, monkeypatch):
    told = {name: value for name, value in services()["worker"]["environment"].items() if name.startswith("STOA_")}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    heard = load_settings(tmp_path)
    assert told == {"STOA_DATABASE__URL": heard.database.url, "STOA_CHROMA__URL": heard.chroma.url}


def test_the_address_of_each_server_in_compose_is_the_name_of_a_service_that_workers_wait_for():
    worker = services()["worker"]
    hosts = {urlsplit(value).hostname for name, value in worker["environment"].items() if name.endswith("__URL")}
    assert hosts == set(worker["depends_on"]) == set(services()) - {"worker"}


def test_only_workers_of_compose_reach_the_world_and_none_is_reached_from_it():
    outside = {name for name, service in services().items() if "outside" in service["networks"]}
    assert outside == {"worker"}
    assert not [name for name, service in services().items() if "ports" in service]


def test_every_service_of_compose_comes_back_after_a_crash():
    assert {service["restart"] for service in services().values()} == {"unless-stopped"}


def test_the_image_is_built_from_the_lock_file_and_gets_every_file_that_it_copies():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes --requirements requirements.lock" in text
    assert "psycopg" in locked()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    needed = {*PACKAGES, "pyproject.toml", "requirements.lock", project["readme"], *project["license-files"]}
    assert allowed == needed
    assert f"FROM python:{project['requires-python'].removeprefix('>=')}\n" in text
