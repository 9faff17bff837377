"""Pictures of every page of the board, light and dark, for docs/images: python -m tests.integrations.board.screenshots."""

import io
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.acceptance.conftest import Stoa
from tests.commands import ROOT
from tests.integrations.board.conftest import ARGUMENTS, CHROMIUM, TOKEN, address, start, stop

IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1040, "height": 720}
PAGES = {
    "book": "/?order=changed", "thesis": "/theses/metals-over-oil", "payoff": "/theses/slv-butterfly", "diff": "/theses/metals-over-oil/diff?from=2&to=3",
    "channel": "/channel/thesis-slv-butterfly", "runs": "/runs", "run": "/runs/april", "approvals": "/approvals", "data": "/data",
    "series": "/data/nymex.wti.front", "memory": "/memory?q=伦敦白银", "score": "/score", "record": "/record",
}  # fmt: skip
COLOURS = 128
"""Of a picture: flat pages need no more, and are a third of the size."""


def prepared(folder):
    """The example after two runs, one approval and one question, so that no page is empty."""
    stoa = Stoa(folder)
    stoa.run("init", folder, "--example", "macro-2026", desk=False)
    stoa.run("run", "--run-id", "february", "--as-of", "2026-02-20", "--json")
    shown = stoa.json("run", "--run-id", "april")
    waiting = next(item["id"] for item in shown["pending"] if item["thesis"] == "metals-over-oil")
    stoa.run("approvals", "approve", waiting, "--by", "Ada")
    stoa.run("ask", "@quant price the SLV butterfly", "--thread", "thesis-slv-butterfly", "--json")
    return folder


def take(page, root, name, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(root + PAGES[name])
    if name == "payoff":
        page.locator(".stake").scroll_into_view_if_needed()
        page.evaluate("document.querySelector('.stake').scrollIntoView()")
    page.evaluate("document.fonts.ready")
    save(page.screenshot(), f"board-{name}-{scheme}")


def save(content, name):
    picture = Image.open(io.BytesIO(content)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(IMAGES / f"{name}.png", optimize=True)


def main():
    with tempfile.TemporaryDirectory(prefix="stoa-board-") as place:
        folder = Path(place)
        process, log = start(prepared(folder / "desk"), folder)
        try:
            root = address(process, log)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                page = browser.new_page(viewport=SIZE, locale="en-GB")
                page.goto(root)
                save(page.screenshot(), "board-door-light")
                page.get_by_label("Your name").fill("Ada")
                page.get_by_label("Token").fill(TOKEN)
                page.get_by_role("button", name="Sign in").click()
                page.wait_for_url(re.compile(r"/$"))
                for scheme in ("light", "dark"):
                    for name in PAGES:
                        take(page, root, name, scheme)
                page.set_viewport_size({"width": 390, "height": 780})
                take(page, root, "book", "light")
                (IMAGES / "board-book-light.png").replace(IMAGES / "board-phone-light.png")
                page.set_viewport_size(SIZE)
                page.get_by_role("button", name="中文").click()
                take(page, root, "book", "dark")
                (IMAGES / "board-book-dark.png").replace(IMAGES / "board-chinese-dark.png")
                page.get_by_role("button", name="English").click()
                for scheme in ("light", "dark"):
                    take(page, root, "book", scheme)
                browser.close()
        finally:
            stop(process)
    sys.stdout.write(f"pictures in {IMAGES}\n")


if __name__ == "__main__":
    main()
