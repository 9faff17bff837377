"""What a newcomer sees: one command, no key, no network, and a page that opens anywhere."""

import base64
import io
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.acceptance.conftest import Stoa
from tests.commands import environment

WATCHED = """
import sys, socket
def hook(event, args):
    away = event in ("socket.connect", "socket.sendto", "socket.sendmsg") and args[0].family != socket.AF_UNIX
    if away or event.startswith(("socket.getaddrinfo", "socket.gethostby", "http.client", "urllib")):
        sys.stderr.write(f"NETWORK {event} {args[1:]}\\n"); sys.stderr.flush()
        raise PermissionError("no network here")
sys.addaudithook(hook)
"""
COMMAND = WATCHED + "from integrations.cli import main; main()"


def watched(script, *words, code=0):
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)], capture_output=True, text=True, env=environment(), timeout=120, check=False
    )
    assert done.returncode == code, done.stderr[-3000:]
    return done


def rows(desk, query):
    with closing(sqlite3.connect(desk / ".stoa" / "desk.db")) as connection:
        return connection.execute(query).fetchall()


def test_the_watch_sees_an_attempt():
    done = watched(WATCHED + "import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=1)", code=1)
    assert "NETWORK" in done.stderr


@pytest.mark.parametrize(
    "words", [("ask", "@quant price the SLV butterfly"), ("recall", "白银库存"), ("verify",), ("doctor",), ("memory", "rebuild"), ("run",)]
)
def test_no_other_command_reaches_for_the_network_either(copy, words):
    assert "NETWORK" not in watched(COMMAND, *words, "--desk", copy.desk).stderr


def test_the_demo_twice_revises_once(finished, tmp_path):
    stoa = Stoa(shutil.copytree(finished[0].desk, tmp_path / "desk"))
    revisions, asked = (rows(stoa.desk, f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("revisions", "approvals"))
    known = rows(stoa.desk, "SELECT * FROM records ORDER BY seq")
    effects = rows(stoa.desk, "SELECT count(*) FROM effects")
    done = watched(COMMAND, "demo", "--desk", stoa.desk)
    assert "NETWORK" not in done.stderr
    assert "No revision" in done.stdout
    assert done.stdout.count("Waits for a person") == len(asked) == 4
    assert [rows(stoa.desk, f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("revisions", "approvals")] == [revisions, asked]
    now = rows(stoa.desk, "SELECT * FROM records ORDER BY seq")
    assert now[: len(known)] == known
    added = rows(stoa.desk, f"SELECT idempotency_key FROM records WHERE seq > {known[-1][0]}")
    assert len(added) == 1
    assert "brief" in added[0][0]
    assert rows(stoa.desk, "SELECT count(*) FROM effects") == effects


def test_every_quote_of_a_document_stands_in_the_record_and_the_file_it_names(finished):
    stoa, result = finished
    quoted = 0
    for item in (e for revision in result["revisions"] for e in revision["evidence"]):
        bodies = rows(stoa.desk, f"SELECT body, source_uri FROM records WHERE id = '{item['record']}'")
        assert len(bodies) == 1
        assert item["quote"] in bodies[0][0]
        assert item["source_uri"] == bodies[0][1]
        if item["source_uri"].startswith("sources/"):
            text = (stoa.desk / item["source_uri"]).read_text(encoding="utf-8")
            plain = re.sub(r"<[^>]+>", "", text)
            assert item["quote"] in plain
            quoted += 1
            if line := re.fullmatch(r"line (\d+)", item["locator"]):
                assert item["quote"][:20] in "\n".join(text.splitlines()[int(line[1]) - 1 :])
    assert quoted >= 3


def test_the_page_and_its_charts_load_nothing(finished):
    stoa, result = finished
    for name in (result["report"], *result["charts"]):
        page = (stoa.desk / name).read_text(encoding="utf-8")
        loads = re.findall(
            r"""(?:\s(?:src|srcset|poster|data|xlink:href)\s*=\s*["']?|<link[^>]*href\s*=\s*["']?|url\(\s*["']?|@import\s+["']?)([^"'\s)>]+)""",
            page,
        )
        assert [load[:60] for load in loads if not load.startswith(("data:", "#"))] == [], name
        assert "\ufffd" not in page


def test_the_font_in_the_page_has_every_chinese_character_of_the_page(finished):
    from fontTools.ttLib import TTFont

    stoa, result = finished
    page = (stoa.desk / result["report"]).read_text(encoding="utf-8")
    fonts = re.findall(r"data:font/woff2?;base64,([A-Za-z0-9+/=]+)", page)
    drawn = set()
    for font in fonts:
        drawn |= set(TTFont(io.BytesIO(base64.b64decode(font))).getBestCmap())
    visible = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]+>", " ", page, flags=re.DOTALL)
    chinese = {character for character in visible if "\u4e00" <= character <= "\u9fff"}
    assert chinese
    assert {character for character in chinese if ord(character) not in drawn} == set()
