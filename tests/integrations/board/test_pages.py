"""The pages over HTTP: headers, sign-in, forms, looking back, what is refused."""

import re
import shutil
from html import unescape

import httpx
import pytest

from integrations.board.visit import words
from tests.acceptance.conftest import Stoa
from tests.commands import ROOT
from tests.integrations.board.conftest import TOKEN, address, form_mark, start, stop

TEMPLATES = sorted((ROOT / "integrations" / "board" / "templates").glob("*.j2"))


def test_a_stranger_sees_the_door_and_nothing_else(stranger):
    for path in ("/", "/theses/metals-over-oil", "/record.json", "/channel", "/runs/first/charts/x.svg"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert stranger.get("/events").status_code == 401
    assert stranger.post("/approvals/x", data={"answer": "approve"}).status_code == 401
    assert stranger.post("/sign-in", data={"name": "Eve", "token": "wrong"}).status_code == 403
    page = stranger.get("/sign-in").text
    assert TOKEN not in page
    assert "metals" not in page


def test_every_answer_carries_a_strict_policy_and_no_page_holds_script_or_style_of_its_own(person):
    for path in ("/", "/theses/slv-butterfly", "/channel", "/approvals", "/data", "/score", "/runs/first", "/nowhere", "/static/board.css"):
        answer = person.get(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        if path.startswith("/static/"):
            continue
        assert answer.headers["cache-control"] == "no-store"
        assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text), path
        assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//", answer.text), path
        assert TOKEN not in answer.text


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger):
    answer = stranger.post("/sign-in", data={"name": "Ada", "token": TOKEN})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_a_form_without_its_mark_or_from_another_site_changes_nothing(person):
    waiting = person.get("/approvals").text
    name = re.search(r'action="(/approvals/[^"]+)"', waiting)[1]
    assert person.post(name, data={"answer": "approve"}).status_code == 403
    crossed = {"Origin": "http://evil.example"}
    assert person.post(name, data={"answer": "approve", "csrf": form_mark(waiting)}, headers=crossed).status_code == 403
    assert name in person.get("/approvals").text


def test_a_request_under_a_strange_host_name_is_refused(stranger):
    assert stranger.get("/sign-in", headers={"Host": "evil.example"}).status_code == 400


def test_the_book_of_an_earlier_day_shows_what_was_believed_then(person):
    now, then = person.get("/theses/metals-over-oil").text, person.get("/theses/metals-over-oil?as_of=2026-02-01").text
    assert "challenged" in now
    assert "challenged" not in then
    assert "As known and believed at the end of 2026-02-01" in then
    assert "114.58" not in then
    assert "metals-over-oil" not in person.get("/?as_of=2025-01-01").text


def test_a_series_that_is_computed_shows_its_newest_value_and_one_that_cannot_be_says_why(person, server):
    def row(page, name):
        cells = re.search(rf">{re.escape(name)}</a>.*?</tr>", page, re.DOTALL)[0]
        return [unescape(re.sub("<.*?>", "", cell)).strip() for cell in re.findall("<td.*?>(.*?)</td>", cells, re.DOTALL)]

    page = person.get("/data").text
    near, far, spread = (row(page, f"comex.silver.{name}") for name in ("near", "far", "spread"))
    assert spread[0] == f"{float(near[0].split()[0]) - float(far[0].split()[0]):.2f} $/oz"
    assert spread[1:4] == near[1:4]
    described = server.desk / ".stoa" / "observations" / "catalogue.json"
    before = described.read_text(encoding="utf-8")
    described.write_text(before.replace("comex.silver.near - comex.silver.far", "comex.silver.spread - comex.silver.far"), encoding="utf-8")
    try:
        page = person.get("/data").text
        assert row(page, "comex.silver.spread")[0] == "$/oz"
        assert "is derived from itself" in page
    finally:
        described.write_text(before, encoding="utf-8")


def test_a_run_says_what_it_could_not_read(person):
    assert re.search(r"<code>theses/wrong.yaml</code> it holds no fields", person.get("/runs/first").text)


def test_a_quote_opens_in_its_source_with_its_words_marked(person):
    page = person.get("/theses/metals-over-oil").text
    link = next(path for path in re.findall(r'href="(/records/[^"]+quote=[^"]+)"', page) if "Hormuz" in path or "114.58" in path)
    record = person.get(link.replace("&amp;", "&")).text
    assert '<mark id="quote">' in record


def test_wrong_addresses_are_answered_with_a_sentence(person):
    for path, code in (("/theses/nope", 404), ("/records/nope", 404), ("/runs/nope", 404), ("/data/nope", 404), ("/?as_of=soon", 400),
                       ("/theses/metals-over-oil/diff?from=99", 400), ("/?page=x", 400), ("/memory?q=x&kind=lie", 400),
                       ("/runs/first/charts/..%2f..%2fstoa.toml", 404), ("/glyphs.css?c=!!", 400)):  # fmt: skip
        answer = person.get(path)
        assert answer.status_code == code, (path, answer.status_code)
        assert "Traceback" not in answer.text
        assert 'role="alert"' in answer.text


def test_what_a_person_writes_is_shown_as_words_and_never_as_a_page(person):
    sent = {"csrf": form_mark(person.get("/channel").text), "thread": "board-escape", "text": "<script>alert(1)</script> & 白银"}
    page = person.post("/post", data=sent).text
    for _ in range(50):
        if "alert(1)" in page:
            break
        page = person.get("/channel/board-escape").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 白银" in page
    assert "<script>alert" not in page
    assert ">Ada " in page


def test_a_quote_that_a_post_holds_already_is_not_shown_twice_but_leads_to_where_it_stands(person):
    posts = re.findall(r'<article class="post.*?</article>', person.get("/channel/first").text, re.DOTALL)
    cited = [(unescape(said), unescape(quote), link) for post in posts for said in re.findall(r'class="said">(.*?)</p>', post, re.DOTALL)
             for quote, link in re.findall(r'<blockquote>(.*?)<cite><a href="(.*?)"', post, re.DOTALL)]  # fmt: skip
    assert not [quote for said, quote, _ in cited if quote and quote in said]
    held = [link for _, quote, link in cited if not quote]
    assert held
    assert any(quote for _, quote, _ in cited)
    assert "<mark" in person.get(unescape(held[0])).text


def test_an_empty_or_endless_message_and_an_unknown_role_are_refused(person):
    mark = form_mark(person.get("/channel").text)
    for more in ({"text": "  "}, {"text": "x" * 9_000}, {"text": "hello", "role": "emperor"}, {"text": "hello", "thread": "../x"}):
        assert person.post("/post", data={"csrf": mark, "thread": "board-x"} | more).status_code in {400, 404}
    assert person.post("/post", content=b"x" * 100_000, headers={"Content-Type": "application/x-www-form-urlencoded"}).status_code in {
        400,
        413,
    }


def test_an_approval_on_the_board_is_the_same_durable_record_and_is_given_once(researched, tmp_path):
    desk = shutil.copytree(researched, tmp_path / "desk")
    process, log = start(desk, tmp_path)
    try:
        with httpx.Client(base_url=address(process, log), timeout=30, follow_redirects=True) as client:
            client.post("/sign-in", data={"name": "Ada", "token": TOKEN})
            page = client.get("/approvals").text
            name = re.search(r'action="/approvals/([^"]+)"', page.split('id="q-', 1)[1])[1]
            sent = {"csrf": form_mark(page), "answer": "reject", "reason": "not yet"}
            assert client.post(f"/approvals/{name}", data=sent).status_code == 200
            again = client.post(f"/approvals/{name}", data=sent)
            assert again.status_code == 409
            assert "already" in again.text
    finally:
        stop(process)
    told = {item["id"]: item for item in Stoa(desk).json("approvals", "list", "--all")["approvals"]}
    assert (told[name]["status"], told[name]["decided_by"]) == ("rejected", "Ada")


def test_a_board_that_others_can_reach_needs_a_token_or_a_proxy(researched):
    done = Stoa(researched).run("serve", "--board", "--host", "0.0.0.0", code=2)
    assert "set STOA_BOARD_TOKEN or board.proxy_header" in done.stderr
    assert "nothing to serve" in Stoa(researched).run("serve", code=2).stderr


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_template_is_there_in_both_languages(path):
    used = set(re.findall(r"\bt\('([a-z_]+)'\s*[,)]", path.read_text(encoding="utf-8")))
    assert used <= set(words())


def test_words_have_both_languages_and_the_same_blanks():
    for key, pair in words().items():
        assert len(pair) == 2, key
        english, chinese = (set(re.findall(r"\{(\w+)\}", text)) for text in pair)
        assert english == chinese, key
