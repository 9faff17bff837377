"""The board in a browser: the flows of a person, live pages, phone, keyboard, light and dark, two languages, accessibility."""

import re

import pytest

from integrations.desk import Desk
from memory.thesis import Approval, Proposal

PAGES = (
    "/", "/theses/metals-over-oil", "/theses/slv-butterfly", "/theses/metals-over-oil/diff", "/channel", "/runs", "/runs/first", "/approvals",
    "/data", "/data/nymex.wti.front", "/memory?q=silver", "/score", "/record",
)  # fmt: skip


def root_of(page):
    return re.match(r"https?://[^/]+", page.url)[0]


def test_read_discuss_approve_and_the_revision_appears_live_in_a_second_tab(visitor):
    visitor.get_by_role("link", name=re.compile("Metals over oil")).first.click()
    visitor.get_by_text("Waits for a person").wait_for()
    before = visitor.locator("#head-revision").inner_text()
    second = visitor.context.new_page()
    second.goto(visitor.url)

    visitor.get_by_label(re.compile("Ask or say something")).fill("@quant what does WTI at 114.58 do to this?")
    visitor.get_by_role("button", name="Post").click()
    visitor.get_by_text("@quant what does WTI at 114.58").first.wait_for()
    visitor.locator(".post:not(.mine)").first.wait_for()

    visitor.get_by_role("link", name="Approvals").click()
    card = visitor.locator("article.card", has_text="metals-over-oil")
    card.get_by_label("Reason").fill("The barrels did not come back.")
    card.get_by_role("button", name="Approve").click()
    visitor.get_by_role("heading", name=re.compile("Metals over oil")).wait_for()
    after = f"Revision {int(before.split()[-1]) + 1}"
    second.locator("#head-revision", has_text=after).wait_for()
    assert second.locator("article.card, .card.wait").count() == 0
    assert "Ada" in second.locator(".revision").first.inner_text()


def test_what_somebody_is_writing_stays_when_the_page_changes_under_it(visitor, server):
    visitor.get_by_role("link", name="Approvals").click()
    with Desk(server.desk) as desk:
        slug = next(a.proposal.thesis for a in desk.journal.approvals(status="pending") if a.proposal.thesis != "metals-over-oil")
        card = visitor.locator("article.card", has_text=slug)
        reason = card.get_by_label("Reason")
        reason.fill("half a sent")
        head = desk.book.get(slug)
        proposal = Proposal(thesis=slug, against=head.revision.hash, author="person", patch={"conviction": 0.37}, rationale="Elsewhere.")
        desk.book.commit(proposal, Approval(by="Eve", at=desk.clock(), mode="person"), head.effective_at)
    card.locator("del", has_text="0.37").wait_for()
    assert reason.input_value() == "half a sent"
    assert visitor.evaluate("document.activeElement.name") == "reason"


def test_a_page_that_was_filtered_stays_so_when_it_changes(visitor, server):
    visitor.goto(root_of(visitor) + "/?order=name&status=active")
    visitor.locator("table.book").wait_for()
    with Desk(server.desk) as desk:
        head = desk.book.get("silver-squeeze")
        proposal = Proposal(
            thesis="silver-squeeze", against=head.revision.hash, author="person", patch={"force": "x"}, rationale="Said live."
        )
        desk.book.commit(proposal, Approval(by="Eve", at=desk.clock(), mode="person"), head.effective_at)
    visitor.locator(".why", has_text="Said live.").wait_for()
    assert visitor.locator(".filters a[aria-current]").all_inner_texts()[-1] == "name"


DARK = ("/", "/theses/metals-over-oil", "/approvals", "/score")
"""Where dark colours differ in kind; the rest is the same words in the same colours."""


@pytest.mark.parametrize(("scheme", "paths"), [("light", PAGES), ("dark", DARK)])
def test_no_page_has_a_serious_finding_of_axe(visitor, scheme, paths):
    from axe_playwright_python.sync_playwright import Axe

    visitor.emulate_media(color_scheme=scheme)
    for path in paths:
        visitor.goto(root_of(visitor) + path)
        visitor.get_by_role("main").wait_for()
        found = Axe().run(visitor).response["violations"]
        serious = [
            (item["id"], [node["html"][:120] for node in item["nodes"][:3]]) for item in found if item["impact"] in {"serious", "critical"}
        ]
        assert not serious, (path, serious)


def test_a_phone_shows_every_page_without_scrolling_sideways(visitor):
    visitor.set_viewport_size({"width": 360, "height": 740})
    root = root_of(visitor)
    for path in PAGES:
        visitor.goto(root + path)
        assert visitor.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_a_phone_shows_a_report_without_scrolling_sideways_and_no_table_is_cut(browser, researched):
    page = browser.new_page(viewport={"width": 390, "height": 780})
    page.goto((researched / "reports" / "first" / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    cut = "[...document.querySelectorAll('.scroll')].filter(region => region.scrollWidth > region.clientWidth).map(region => region.innerText)"
    assert page.evaluate(cut) == []
    page.close()


def test_the_keyboard_alone_reaches_the_content_and_opens_a_thesis(visitor):
    visitor.keyboard.press("Tab")
    assert visitor.evaluate("document.activeElement.className") == "skip"
    visitor.keyboard.press("Enter")
    assert visitor.evaluate("document.activeElement.id") == "main"
    for _ in range(40):
        visitor.keyboard.press("Tab")
        if visitor.evaluate("(document.activeElement.getAttribute('href') || '').startsWith('/theses/')"):
            break
    outline = visitor.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    visitor.keyboard.press("Enter")
    visitor.wait_for_url(re.compile("/theses/"))


def test_language_and_colours_are_chosen_and_stay(visitor):
    visitor.get_by_role("button", name="中文").click()
    visitor.get_by_role("heading", name="论点簿").wait_for()
    assert visitor.locator("html").get_attribute("lang") == "zh-Hans"
    visitor.get_by_role("button", name="深色").click()
    visitor.get_by_role("link", name="审批").click()
    visitor.get_by_role("heading", name="审批", exact=True).wait_for()
    assert visitor.locator("html").get_attribute("data-theme") == "dark"
    assert visitor.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    drawn = visitor.evaluate("document.fonts.ready.then(() => document.fonts.check('16px \"Stoa CJK\"', '审'))")
    assert drawn
    visitor.get_by_role("button", name="English").click()
    visitor.get_by_role("heading", name="Approvals").wait_for()


def test_the_chart_of_a_run_is_drawn_though_its_styles_are_its_own(visitor):
    visitor.get_by_role("link", name="Runs").click()
    visitor.get_by_role("link", name="first", exact=True).click()
    picture = visitor.locator(".charts img").first
    picture.scroll_into_view_if_needed()
    visitor.wait_for_function("document.querySelector('.charts img').complete && document.querySelector('.charts img').naturalWidth > 100")


def test_a_first_visit_to_any_page_weighs_less_than_two_hundred_kilobytes(visitor):
    root = root_of(visitor)
    for path in PAGES:
        if path == "/runs/first":
            continue  # its charts are pictures of the report, loaded as they come into view
        visitor.goto(root + path, wait_until="load")
        weight = visitor.evaluate(
            "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
            ".filter(e => !e.name.includes('/glyphs.woff')).reduce((sum, e) => sum + e.decodedBodySize, 0)"
        )
        assert weight < 200_000, (path, weight)
