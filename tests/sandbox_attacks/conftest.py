"""The attack suite as three kinds of people run it: root, an ordinary user, and somebody in a container without namespaces."""

import functools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.sandbox import spawner

ROOT = Path(__file__).parents[2]
BUBBLEWRAP = "bubblewrap is not installed: make test installs it as root on Debian, elsewhere sudo apt-get install bubblewrap"
SETTINGS = {
    "root-bubblewrap": ("bubblewrap",), "root-landlock": ("landlock",), "user-bubblewrap": ("bubblewrap",),
    "container-user": ("auto", "container"), "container-root": ("auto", "container", "few"),
}  # fmt: skip
FULL = [name for name, words in SETTINGS.items() if "few" not in words]


def reason_not_to(setting: str) -> str:
    """Why a setting cannot be had on this machine; empty when it can."""
    if "bubblewrap" in setting and shutil.which("bwrap") is None:
        return BUBBLEWRAP
    if "root" in setting and os.geteuid() != 0:
        return "these tests are run by an ordinary user: run make test as root for them"
    return ""


@functools.cache
def _source() -> Path:
    """The packages where everybody may read them."""
    if spawner.closed_folder(str(ROOT)) is None:
        return ROOT
    copy = Path(tempfile.mkdtemp(prefix="stoa-source-"))
    copy.chmod(0o755)
    for name in ("agents", "integrations", "memory", "orchestrator", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "examples", "recall_set"))
    return copy


@functools.cache
def outcome(setting: str) -> dict:
    """Every script in one setting, once a session; run in a process of its own."""
    return drive(list(SETTINGS[setting]), ordinary="user" in setting, container_root=setting == "container-root")


def drive(words: list[str], *, ordinary: bool, container_root: bool = False) -> Any:
    """What the driver says, run as an ordinary user, as root, or as root without the right to mount."""
    command = [sys.executable, "-B", "-m", "tests.sandbox_attacks.driver", *words]
    if container_root:
        command = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all", *command]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_source()), "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        spawner.reach()  # from here on children reach the interpreter, whoever they are
        user = spawner.free_user() if ordinary else None
        process = spawner.start(command, environment, spawner.Streams(out.fileno(), errors.fileno(), ()), user)
        code = process.wait(timeout=240)
        out.seek(0)
        errors.seek(0)
        assert code == 0, errors.read().decode()[-3000:]
        return json.load(out)


@pytest.fixture(scope="session", autouse=True)
def copied_source_is_removed() -> Iterator[None]:
    yield
    if _source.cache_info().currsize and _source() != ROOT:
        shutil.rmtree(_source())
