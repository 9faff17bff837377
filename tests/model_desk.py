"""A small desk of one thesis, and the setting that makes a desk ask a model on loopback."""

import shutil

import pytest

from integrations.desk import Desk
from tests.acceptance.conftest import make_small


def small_desk(folder):
    """The example desk with one thesis and its notes; returns its folder."""
    return make_small(folder, ("gpu-cloud-credit",), ("gpu",)).desk


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A small desk that has read its documents; tests take a copy."""
    made = small_desk(tmp_path_factory.mktemp("prepared") / "desk")
    with Desk(made) as opened:
        opened.library.refresh(lambda _text: None)
        opened.drain_index()
    return made


@pytest.fixture
def folder(prepared, tmp_path):
    """A copy of the small desk, for one test."""
    shutil.copytree(prepared, tmp_path / "desk")
    return tmp_path / "desk"


def ask_model(folder, api, extra=""):
    """Let the desk ask the model of a fake server, whatever it asked before."""
    toml = folder / "stoa.toml"
    base = toml.read_text(encoding="utf-8").split("\n[model]")[0]
    lines = f'\n[model]\nname = "claude-opus-4-5"\nbase_url = "{api.url}"\nendpoint = "anthropic"\ntimeout_seconds = 5\n{extra}'
    toml.write_text(base + lines, encoding="utf-8")
