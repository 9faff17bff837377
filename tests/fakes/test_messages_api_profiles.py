"""Local servers through the real SDK: what they drop, refuse, ignore and leave out."""

import anthropic
import pytest

from tests.fakes.conftest import ASK, served, streamed
from tests.fakes.messages_api import PROFILES, echo, profile, reply, thinking

LOCAL = sorted(set(PROFILES) - {"anthropic"})
QUESTION = {"type": "text", "text": "Quote the evidence."}
RESULT = {
    "type": "search_result",
    "source": "s",
    "title": "t",
    "content": [{"type": "text", "text": "the code is 7391"}],
    "citations": {"enabled": True},
}
DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "the code is 7391"}}
FORMAT = {
    "format": {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}}
}
TOOL = {"name": "recall", "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}}}


def send(client, *blocks, **changes):
    return client.messages.create(**{**ASK, "model": "qwen3", "messages": [{"role": "user", "content": [*blocks, QUESTION]}], **changes})


def seen(call):
    return "7391" if "7391" in call.prompt else "nothing"


@pytest.mark.parametrize("block", [RESULT, DOCUMENT], ids=["search result", "document"])
@pytest.mark.parametrize("name", ["ollama", "llamacpp"])
def test_a_dropped_block_is_answered_as_if_it_were_not_there(name, block):
    with served(seen, profile=name) as (_, client):
        assert send(client, block).content[0].text == "nothing"
        assert send(client, {"type": "text", "text": "E1 (s): the code is 7391"}).content[0].text == "7391"
        plain, dropped = send(client), send(client, block)
    assert plain.usage.input_tokens == dropped.usage.input_tokens


@pytest.mark.parametrize("name", ["ollama", "llamacpp"])
def test_evidence_inside_a_tool_result_is_dropped_as_well(name):
    talk = [
        *ASK["messages"], {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "recall", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [RESULT]}]},
    ]  # fmt: skip
    with served(seen, profile=name) as (_, client):
        assert client.messages.create(**{**ASK, "messages": talk}, tools=[TOOL]).content[0].text == "nothing"


@pytest.mark.parametrize("block", [RESULT, DOCUMENT], ids=["search result", "document"])
@pytest.mark.parametrize("name", ["vllm", "lmstudio"])
def test_a_server_that_knows_no_evidence_blocks_refuses_them(name, block):
    with served(seen, profile=name) as (_, client):
        with pytest.raises(anthropic.BadRequestError, match="Input should be"):
            send(client, block)
        assert send(client, {"type": "text", "text": "the code is 7391"}).content[0].text == "7391"


def test_lm_studio_takes_texts_and_tools_only():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
    with served(echo, profile="lmstudio") as (_, client):
        with pytest.raises(anthropic.BadRequestError):
            send(client, image)
        assert send(client, tools=[TOOL], tool_choice={"type": "any"}).content[0].name == "recall"
    with served(echo, profile="vllm") as (_, client):
        assert send(client, image).stop_reason == "end_turn"


@pytest.mark.parametrize("name", LOCAL)
def test_a_local_server_ignores_formats_cache_marks_and_sampling(name):
    with served(echo, profile=name) as (_, client):
        system = [{"type": "text", "text": "s" * 8000, "cache_control": {"type": "ephemeral"}}]
        usages = [send(client, system=system, output_config=FORMAT, extra_body={"temperature": 0.1}) for _ in range(2)]
    assert [message.content[0].text for message in usages] == ["No evidence reached me."] * 2
    assert {message.usage.input_tokens for message in usages} == {2005}
    assert "cache_read_input_tokens" not in usages[0].usage.to_dict()


@pytest.mark.parametrize("name", LOCAL)
def test_a_local_server_needs_no_key_takes_any_model_and_names_no_request(name):
    with served(echo, profile=name) as (server, client):
        message = send(client, extra_headers={"Authorization": anthropic.Omit()})
        assert message._request_id is None
        assert [found.id for found in client.models.list()] == ["local-model"]
        with pytest.raises(anthropic.NotFoundError):
            client.messages.batches.create(requests=[])
    assert len(server.requests) == 1


def test_ollama_signs_no_thoughts_in_either_way():
    with served(lambda _call: reply(thinking("hm"), "ok"), profile="ollama") as (_, client):
        plain, gathered = send(client), streamed(client)
    for message in (plain, gathered):
        assert message.content[0].thinking == "hm"
        assert "signature" not in message.content[0].to_dict()


def test_usage_may_be_absent():
    with served(lambda _call: "ok", profile=profile("ollama", usage=False)) as (server, client):
        assert "usage" not in send(client).to_dict()
        with client.messages.create(**ASK, stream=True) as stream:
            assert all("usage" not in event.to_dict() for event in stream)
    assert [charge.output_tokens for charge in server.bill.charges] == [1, 1]


def test_vllm_speaks_of_errors_in_its_own_shape():
    with served(echo, profile="vllm") as (_, client), pytest.raises(anthropic.BadRequestError) as caught:
        send(client, DOCUMENT)
    assert caught.value.body["error"]["code"] == 400


def test_counting_is_not_everywhere():
    for name, counts in (("llamacpp", True), ("vllm", True), ("ollama", False), ("lmstudio", False)):
        with served(echo, profile=name) as (_, client):
            if counts:
                assert client.messages.count_tokens(model="m", messages=ASK["messages"]).input_tokens == 5
            else:
                with pytest.raises(anthropic.NotFoundError):
                    client.messages.count_tokens(model="m", messages=ASK["messages"])


def test_the_service_itself_shows_both_kinds_of_evidence():
    with served(seen) as (_, client):
        for block in (RESULT, DOCUMENT):
            assert send(client, block, model="claude-opus-4-5").content[0].text == "7391"
