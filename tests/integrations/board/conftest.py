"""A small desk with a run behind it, the board over it as a process of its own, and a browser."""

import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.acceptance.conftest import make_small
from tests.commands import Command, environment

TOKEN = "a-token-for-these-tests"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
WAIT = 5_000


class Server(NamedTuple):
    url: str
    desk: Path


@pytest.fixture(scope="session")
def researched(tmp_path_factory):
    """Three theses of the example after one run: a falsifier fired, changes wait, and a file could not be read."""
    stoa = make_small(
        tmp_path_factory.mktemp("board") / "desk",
        ("metals-over-oil", "slv-butterfly", "silver-squeeze"),
        ("oil", "hormuz", "silver", "slv"),
    )
    (stoa.desk / "theses" / "wrong.yaml").write_text("just text", encoding="utf-8")
    stoa.run("run", "--run-id", "first", "--json")
    return stoa.desk


def start(desk, tmp_path, **more):
    """The board as a person starts it; the address is what it says."""
    env = {**environment(), "STOA_BOARD_TOKEN": TOKEN, **more}
    log = tmp_path / "board.log"
    with log.open("wb") as out:
        process = Command("serve", "--board", "--port", "0", "--desk", desk, env=env, output=out)
    return process, log


def address(process, log):
    import time

    for _ in range(600):
        found = re.search(r"http://localhost:(\d+)", log.read_text(encoding="utf-8"))
        if found:
            return f"http://127.0.0.1:{found[1]}"
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.1)
    pytest.fail(log.read_text(encoding="utf-8"))


def stop(process):
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.fixture(scope="session")
def server(researched, tmp_path_factory):
    """A board on a copy of the desk; the tests of this session share it."""
    folder = tmp_path_factory.mktemp("served")
    desk = shutil.copytree(researched, folder / "desk")
    process, log = start(desk, folder)
    yield Server(address(process, log), desk)
    stop(process)
    text = log.read_text(encoding="utf-8")
    assert "Traceback" not in text, text


@pytest.fixture
def stranger(server):
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def person(server):
    """A browser-less visitor who has signed in."""
    with httpx.Client(base_url=server.url, timeout=30, follow_redirects=True) as client:
        assert client.post("/sign-in", data={"name": "Ada", "token": TOKEN}).status_code == 200
        yield client


def form_mark(page):
    """What a form of a page must bring back."""
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', page)[1]


@pytest.fixture(scope="module")
def browser():
    """One browser for the module that uses it: while it lives, its event loop runs in this thread and no test can run another."""
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no Chromium: apt-get install -y chromium brings it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


class Seen:
    """What a browser said and asked for."""

    def __init__(self, context, url):
        self.problems: list[str] = []
        self.outside: list[str] = []
        context.on("console", lambda message: self.problems.append(message.text) if message.type in {"error", "warning"} else None)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        context.on("request", lambda request: None if request.url.startswith(url) else self.outside.append(request.url))


@pytest.fixture
def visitor(browser, server):
    """A signed-in browser; at the end nothing was wrong in it and nothing outside was asked for."""
    context = browser.new_context(viewport={"width": 1100, "height": 800}, locale="en-GB")
    context.set_default_timeout(WAIT * 3)
    seen = Seen(context, server.url)
    page = context.new_page()
    page.goto(server.url)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Book").wait_for()
    yield page
    context.close()
    assert not seen.problems
    assert not seen.outside
