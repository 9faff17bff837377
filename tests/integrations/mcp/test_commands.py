"""``stoa mcp …`` as a person types it."""

import json
import sys

from tests.acceptance.conftest import Stoa
from tests.fakes import outside_mcp


def test_a_token_is_shown_once_and_listed_without_itself(folder):
    stoa = Stoa(folder)
    token = stoa.json("mcp", "token", "add", "anna")["token"]
    listed = stoa.json("mcp", "token", "list")
    assert [row["person"] for row in listed["tokens"]] == ["anna"]
    assert token not in json.dumps(listed)
    assert "revoke" in stoa.run("mcp", "token", "add", "anna", code=1).stderr


def test_an_outside_server_is_shown_approved_and_called(folder, tmp_path):
    said = outside_mcp.write(tmp_path / "news.json")
    _, code = outside_mcp.program(said)
    with (folder / "stoa.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n[mcp.servers.news]\ncommand = {json.dumps(sys.executable)}\nargs = ['-c', {json.dumps(code)}]\n")
        settings.write('roles = { quant = ["search"] }\n')
    stoa = Stoa(folder)
    assert {row["state"] for row in stoa.json("mcp", "servers")["tools"]} == {"new"}
    done = stoa.run("mcp", "approve", "news", "--yes", "--by", "anna", "--json")
    assert json.loads(done.stdout)["approved"] == ["search", "send"]
    assert "Find news." in done.stderr
    answer = json.loads(stoa.run("mcp", "call", "news.search", '{"query": "copper"}', "--role", "quant").stdout)
    assert (answer["text"], answer["trust"]) == ("Copper rose 2 per cent.", "outside")
    assert "quant may not call news.send" in stoa.run("mcp", "call", "news.send", "--role", "quant", code=2).stderr
