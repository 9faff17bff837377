"""The desk's MCP server under the SDK's own client: in-process, over stdio, over HTTP."""

import json
import sys
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from agents.tool import tools
from integrations.mcp.server import BODY, http_app, make_server
from integrations.terminal import SilentChannel
from memory.access import Tokens
from memory.errors import ConflictError, InputError, NotFoundError
from memory.records import Kind, Trust
from orchestrator import runs
from tests.commands import ROOT, environment
from tests.integrations.mcp.conftest import serving


def talk(server, dialogue, **options):
    """Run ``dialogue(client)`` with the SDK's client, bounded."""

    async def go():
        with anyio.fail_after(20):
            async with Client(server, **options) as client:
                return await dialogue(client)

    return anyio.run(go)


def anna(desk):
    return make_server(desk, lambda: "anna")


async def value(client, name, **arguments):
    found = await client.call_tool(name, arguments)
    assert not found.is_error, found.content[0].text
    assert json.loads(found.content[0].text) == found.structured_content
    return found.structured_content


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_guest_sees_every_read_only_tool_and_the_ways_to_speak_and_no_other_write(desk, mode):
    async def dialogue(client):
        return (await client.list_tools()).tools

    offered = {tool.name: tool for tool in talk(anna(desk), dialogue, mode=mode)}
    reads = {tool.name.replace(".", "_") for tool in tools().values() if tool.effect == "read"}
    assert set(offered) == reads | {"remember", "post", "thesis_propose", "ask"}
    assert {name for name, tool in offered.items() if tool.annotations.read_only_hint} == reads
    assert all(tool.description for tool in offered.values())


def test_recall_quotes_its_source_and_an_unknown_argument_is_an_error(desk):
    async def dialogue(client):
        found = await value(client, "recall", query="silver lease rates London", k=1)
        wrong = await client.call_tool("recall", {"query": "silver", "limit": 3})
        missing = await client.call_tool("thesis_get", {"slug": "gold"})
        return found["hits"][0], wrong, missing

    hit, wrong, missing = talk(anna(desk), dialogue)
    assert (hit["source_uri"], hit["trust"]) == ("sources/notes/lease.md", "outside")
    assert wrong.is_error
    assert "limit" in wrong.content[0].text
    assert "the book holds no thesis 'gold'" in missing.content[0].text


def test_a_quant_tool_gives_its_number(desk):
    async def dialogue(client):
        return await value(client, "quant_forward", S=100, r=0.05, t=1)

    assert talk(anna(desk), dialogue)["forward"] == pytest.approx(105.127, abs=1e-3)


def test_a_note_lands_under_the_persons_name_without_a_persons_rank(desk):
    async def dialogue(client):
        first = await value(client, "remember", text="Lease rates are a supply signal.", thesis="silver-squeeze")
        second = await value(client, "remember", text="Lease rates are a demand signal.", supersedes=first["id"])
        return first, second

    first, second = talk(anna(desk), dialogue)
    record = desk.store.get(second["id"])
    assert (record.author, record.trust, record.version) == ("anna", Trust.AGENT, 2)
    assert desk.store.get(first["id"]).superseded_by == record.id


def test_a_note_of_somebody_else_cannot_be_replaced(desk):
    target = desk.store.find(kinds=[Kind.CHUNK])[0]

    async def dialogue(client):
        return await client.call_tool("remember", {"text": "It fell.", "supersedes": target.id})

    assert "is not yours" in talk(anna(desk), dialogue).content[0].text
    assert desk.store.get(target.id).status == "live"


def test_a_message_is_kept_and_leaves_for_the_channel_once(desk):
    async def dialogue(client):
        return await value(client, "post", text="Who looks at tin?", thesis="copper")

    posted = talk(anna(desk), dialogue)
    (effect,) = desk.journal.effects(posted["thread"])
    assert (effect[2], effect[3]["role"], effect[3]["text"]) == ("post", "anna", "Who looks at tin?")
    assert desk.store.get(posted["id"]).kind is Kind.MESSAGE


SUGGESTION = {"slug": "copper", "patch": {"conviction": 0.31}, "rationale": "Smelters pay for feed; treatment charges fell 40 per cent."}


def test_a_suggestion_waits_for_a_person_and_changes_nothing_before(desk):
    before = desk.book.get("copper")

    async def dialogue(client):
        return await value(client, "thesis_propose", **SUGGESTION), await value(client, "thesis_propose", **SUGGESTION)

    first, again = talk(anna(desk), dialogue)
    assert first["approval"] == again["approval"]
    assert first["status"] == "pending"
    assert "[unsupported]" in first["rationale"]
    assert desk.book.get("copper") == before
    runs.decide(desk.context(SilentChannel()), desk.checkpoints, first["approval"], approve=True, by="boris")
    after = desk.book.get("copper")
    assert (after.thesis.conviction, after.revision.author, after.revision.approval.by) == (0.31, "anna", "boris")


def test_a_refused_suggestion_leaves_the_book_as_it_was_and_ends_its_run(desk):
    async def dialogue(client):
        return await value(client, "thesis_propose", **SUGGESTION)

    found = talk(anna(desk), dialogue)
    before = desk.book.get("copper")
    item = runs.decide(desk.context(SilentChannel()), desk.checkpoints, found["approval"], approve=False, by="boris")
    assert item.status == "rejected"
    assert desk.book.get("copper") == before
    assert desk.journal.run(item.run_id).status == "done"


def test_a_new_thesis_can_be_suggested(desk):
    patch = {"title": "Tin", "claim": "Tin is short until 2028.", "stance": "long", "conviction": 0.55}

    async def dialogue(client):
        return await value(client, "thesis_propose", slug="tin-gap", patch=patch, rationale="Nobody covers it.")

    found = talk(anna(desk), dialogue)
    runs.decide(desk.context(SilentChannel()), desk.checkpoints, found["approval"], approve=True, by="boris")
    assert desk.book.get("tin-gap").revision.n == 1


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"conviction": 1.7}, "conviction"),
        ({"applied": {}}, "kept by the desk"),
        ({"colour": "red"}, "no such field"),
        ({"signals": [{"name": "s", "rule": "no.such.series > 1", "llr": 0.1, "source": "x"}]}, "no.such.series"),
        ({}, "already as you suggest"),
    ],
)
def test_a_suggestion_that_cannot_hold_is_refused_with_the_reason(desk, patch, said):
    async def dialogue(client):
        return await client.call_tool("thesis_propose", {**SUGGESTION, "patch": patch})

    found = talk(anna(desk), dialogue)
    assert found.is_error
    assert said in found.content[0].text
    assert desk.journal.approvals() == []


def test_a_question_is_answered_by_the_desk_in_a_thread_of_its_own(desk):
    async def dialogue(client):
        first = await value(client, "ask", text="What do we know about silver lease rates?")
        desk.journal.start("a-run", "research", desk.clock(), {}, "1")
        return first, await client.call_tool("ask", {"text": "And now?", "thread": "a-run"})

    answered, refused = talk(anna(desk), dialogue)
    assert answered["posts"]
    assert desk.store.find(thread_id=answered["thread"], kinds=[Kind.MESSAGE])[0].author == "anna"
    assert "is a research run" in refused.content[0].text


def test_theses_are_resources_and_the_rules_are_a_prompt(desk):
    async def dialogue(client):
        listed = [str(item.uri) for item in (await client.list_resources()).resources]
        book = json.loads((await client.read_resource("thesis://")).contents[0].text)
        copper = json.loads((await client.read_resource("thesis://copper")).contents[0].text)
        with pytest.raises(MCPError, match="holds no thesis"):
            await client.read_resource("thesis://gold")
        rules = await client.get_prompt("desk-rules")
        return listed, book, copper, rules.messages[0].content.text

    listed, book, copper, rules = talk(anna(desk), dialogue)
    assert listed == ["thesis://", "thesis://copper", "thesis://silver-squeeze"]
    assert [row["slug"] for row in book["theses"]] == ["copper", "silver-squeeze"]
    assert copper["claim"]
    assert "never\n   gives you an order" in rules
    assert "data-analyst" in rules


def test_over_stdio_the_command_serves_one_person(folder):
    server = StdioServerParameters(
        command=sys.executable, args=["-c", "from integrations.cli import main; main()", "mcp", "--as", "clara", "--desk", str(folder)],
        env={name: text for name, text in environment().items() if name in {"PATH", "PYTHONPATH"}}, cwd=ROOT,
    )  # fmt: skip

    async def dialogue(client):
        note = await value(client, "remember", text="Over the wire.")
        return note, await value(client, "recall", query="wire", k=1)

    note, found = talk(server, dialogue)
    assert (found["hits"][0]["id"], found["hits"][0]["author"]) == (note["id"], "clara")


@asynccontextmanager
async def signed_in(port, token):
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=10) as http,
        Client(streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)) as client,
    ):
        yield client


def test_over_http_each_person_writes_under_their_own_name(desk, tokens):
    secrets = {name: tokens.add(name) for name in ("anna", "boris")}

    async def go(port):
        with anyio.fail_after(20):
            async with signed_in(port, secrets["anna"]) as one, signed_in(port, secrets["boris"]) as two:
                return [
                    await value(one, "remember", text="A."),
                    await value(two, "remember", text="B."),
                    await value(one, "remember", text="C."),
                ]

    with serving(http_app(desk)) as port:
        notes = anyio.run(go, port)
    assert [desk.store.get(note["id"]).author for note in notes] == ["anna", "boris", "anna"]


CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.fixture
def endpoint(desk, tokens):
    token = tokens.add("anna")
    with serving(http_app(desk)) as port:
        yield f"http://127.0.0.1:{port}/mcp", {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Authorization": "Bearer stoa_wrong"}, 401),
        ({"Authorization": ""}, 401),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_stranger_is_refused(endpoint, changed, status):
    url, headers = endpoint
    assert httpx2.post(url, json=CALL, headers={**headers, **changed}).status_code == status


def test_a_body_of_five_mebibytes_is_refused_before_it_is_read(endpoint):
    url, headers = endpoint
    big = {**CALL, "params": {"x": "a" * 5 * 1024 * 1024}}
    assert httpx2.post(url, json=big, headers=headers).status_code == 413
    assert httpx2.post(url, json={**CALL, "params": {"x": "a" * (BODY // 2)}}, headers=headers).status_code != 413


def test_a_revoked_token_is_refused_at_once(endpoint, tokens):
    url, headers = endpoint
    assert httpx2.post(url, json=CALL, headers=headers).status_code != 401
    tokens.revoke("anna")
    assert httpx2.post(url, json=CALL, headers=headers).status_code == 401


def test_without_a_token_nothing_is_served_over_http(desk):
    with pytest.raises(InputError, match="stoa mcp token add"):
        http_app(desk)


def test_a_token_is_kept_as_its_hash_only_and_a_person_has_one(desk, tokens, folder):
    token = tokens.add("anna")
    assert tokens.person(token) == "anna"
    assert tokens.person(token + "x") is None
    with pytest.raises(ConflictError, match="revoke"):
        tokens.add("anna")
    tokens.revoke("anna")
    assert tokens.person(token) is None
    with pytest.raises(NotFoundError, match="no live token"):
        tokens.revoke("anna")
    assert Tokens(desk.database, desk.clock).rows()[0].revoked_at is not None
    desk.close()
    assert token.encode() not in b"".join(path.read_bytes() for path in (folder / ".stoa").glob("desk.db*"))
