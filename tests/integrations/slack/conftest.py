"""The real app in a thread of its own, against the loopback Slack."""

import asyncio
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from integrations.desk import Desk
from integrations.settings import SlackTokens
from integrations.slack.app import SlackDesk
from tests.fakes.slack import fake_slack

EXAMPLE = Path(__file__).parents[3] / "integrations" / "examples" / "macro-2026"
THESES = ("silver-squeeze", "slv-butterfly", "silver-calendar")
NOTES = ("silver", "slv", "lease")


def tokens(slack):
    return SlackTokens(bot=SecretStr(slack.bot_token), app=SecretStr(slack.app_token), signing=SecretStr(slack.secret))


def make_desk(folder, slack, more=""):
    """The silver theses of the example desk, with a channel and an approver."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "theses").glob("*.yaml"):
        if path.stem not in THESES:
            path.unlink()
    for path in (folder / "sources" / "notes").iterdir():
        if not any(word in path.name for word in NOTES):
            path.unlink()
    settings = (
        '\n[slack]\nchannels = ["CDESK"]\npost_seconds = 0.03\nsettle_seconds = 0.02\nping_seconds = 0.5\n'
        f'api_url = "{slack.url}/api/"\n{more}\n[slack.approvers]\n"*" = ["UADA"]\n'
    )
    toml = folder / "stoa.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + settings, encoding="utf-8")
    return folder


@contextmanager
def running(folder, slack, agent=None):
    """The app at work, until the block ends; yields the desk."""
    loop = asyncio.new_event_loop()
    stop, ready, failure = asyncio.Event(), threading.Event(), []
    with Desk(folder) as desk:
        if agent is not None:
            desk.__dict__["agent"] = agent
        app = SlackDesk(desk, tokens(slack))

        def work():
            try:
                loop.run_until_complete(app.run(stop, ready.set))
            except BaseException as error:  # noqa: BLE001 - raised in the test
                failure.append(error)
            finally:
                loop.close()
                ready.set()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            assert ready.wait(20)
            if failure:
                raise failure[0]
            desk.slack_app = app
            yield desk
        finally:
            if thread.is_alive():
                loop.call_soon_threadsafe(stop.set)
            thread.join(timeout=20)
            assert not thread.is_alive()
        if failure:
            raise failure[0]


@pytest.fixture
def slack():
    with fake_slack(posts_a_second=40, retry_seconds=1.0) as served:
        yield served


@pytest.fixture(scope="session")
def read_in(tmp_path_factory):
    """The desk with its documents read, once; tests take copies."""
    with fake_slack() as nobody:
        folder = make_desk(tmp_path_factory.mktemp("slack") / "desk", nobody)
        with Desk(folder) as desk:
            desk.library.refresh(lambda _text: None)
            desk.drain_index()
        return folder, nobody.url


@pytest.fixture
def folder(read_in, slack, tmp_path):
    made, url = read_in
    copied = Path(shutil.copytree(made, tmp_path / "desk"))
    toml = copied / "stoa.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace(url, slack.url), encoding="utf-8")
    return copied


def set_slack(folder, line):
    """One more line under [slack]."""
    toml = folder / "stoa.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("[slack]\n", f"[slack]\n{line}\n"), encoding="utf-8")
