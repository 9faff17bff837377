"""What the loopback service refuses, through the real SDK, in the service's words."""

import anthropic
import pytest

from tests.fakes.conftest import ASK, client_of, served
from tests.fakes.messages_api import Facts, MessagesServer, Script, reply, thinking, tool_use

TOOL = {"name": "recall", "input_schema": {"type": "object"}}
USE = {"type": "tool_use", "id": "t1", "name": "recall", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "found"}
MARK = {"cache_control": {"type": "ephemeral"}}
CITED = {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}], "citations": {"enabled": True}}
CLOSED = {
    "type": "json_schema",
    "schema": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
}


def user(*blocks):
    return {"role": "user", "content": [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]}


def model(*blocks):
    return {**user(*blocks), "role": "assistant"}


def schema(**node):
    return {"format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False, "properties": {"a": node}}}}


REFUSED = {
    "temperature": ({"temperature": 1.0}, "temperature: Extra inputs are not permitted"),
    "top_p": ({"top_p": 0.9}, "top_p: Extra inputs are not permitted"),
    "an unknown field": ({"budget": 1}, "budget: Extra inputs are not permitted"),
    "too many tokens asked": ({"max_tokens": 70_000}, "max_tokens: 70000 > 64000"),
    "no message": ({"messages": []}, "at least one message is required"),
    "assistant first": ({"messages": [model("hello"), user("hi")]}, 'first message must use the "user" role'),
    "an unknown role": ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
    "empty text": ({"messages": [user("")]}, "text content blocks must be non-empty"),
    "empty content": ({"messages": [{"role": "user", "content": ""}]}, "must have non-empty content"),
    "blank text": ({"messages": [user(" \n")]}, "must contain non-whitespace text"),
    "empty system text": ({"system": [{"type": "text", "text": ""}]}, "text content blocks must be non-empty"),
    "document of the assistant": ({"messages": [user("a"), model({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}), user("b")]}, "not permitted in `assistant`"),
    "citations of the user": ({"messages": [user({"type": "text", "text": "a", "citations": [{"type": "char_location"}]})]}, "citations are not permitted in `user`"),
    "a result without a call": ({"messages": [user(RESULT)], "tools": [TOOL]}, "unexpected `tool_use_id` found in `tool_result` blocks: t1"),
    "a result for another call": ({"messages": [user("a"), model(USE), user({**RESULT, "tool_use_id": "t2"})], "tools": [TOOL]}, "unexpected `tool_use_id`.*t2"),
    "a call without a result": ({"messages": [user("a"), model(USE), user("b")], "tools": [TOOL]}, "without `tool_result` blocks immediately after: t1"),
    "a result after a text": ({"messages": [user("a"), model(USE), user("b", RESULT)], "tools": [TOOL]}, "without `tool_result` blocks immediately after: t1"),
    "one of two results": ({"messages": [user("a"), model(USE, {**USE, "id": "t2"}), user(RESULT)], "tools": [TOOL]}, "immediately after: t2"),
    "the same call twice": ({"messages": [user("a"), model(USE, USE), user(RESULT)], "tools": [TOOL]}, "`tool_use` ids must be unique"),
    "two results for a call": ({"messages": [user("a"), model(USE), user(RESULT, RESULT)], "tools": [TOOL]}, "single result"),
    "a changed thought": ({"messages": [user("a"), model({"type": "thinking", "thinking": "x", "signature": "no"}, "b"), user("c")]}, "Invalid `signature`"),
    "two tools of a name": ({"tools": [TOOL, TOOL]}, "Tool names must be unique"),
    "a wrong tool name": ({"tools": [{**TOOL, "name": "a b"}]}, "should match pattern"),
    "a choice without tools": ({"tool_choice": {"type": "any"}}, "only be specified while providing tools"),
    "a choice of no tool": ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "x"}}, "Tool 'x' not found"),
    "thinking and a forced tool": ({"tools": [TOOL], "tool_choice": {"type": "any"}, "max_tokens": 3000, "thinking": {"type": "enabled", "budget_tokens": 2000}}, "Thinking may not be enabled"),
    "thinking beyond the limit": ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "must be greater than `thinking.budget_tokens`"),
    "five cache marks": ({"system": [{"type": "text", "text": f"part {n}", **MARK} for n in range(5)]}, "A maximum of 4 blocks with cache_control may be provided. Found 5."),
    "a fifth mark for the whole": ({"system": [{"type": "text", "text": f"part {n}", **MARK} for n in range(4)], **MARK}, "Found 5"),
    "an hour after five minutes": ({"system": [{"type": "text", "text": "a", **MARK}, {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}, "must not come after"),
    "citations and a format": ({"messages": [user(CITED, "q")], "output_config": {"format": CLOSED}}, "not compatible with structured outputs"),
    "citations and the former format": ({"messages": [user(CITED, "q")], "output_format": CLOSED}, "not compatible with structured outputs"),
    "citations on some": ({"messages": [user(CITED, {**CITED, "citations": {"enabled": False}}, "q")]}, "all or none"),
    "an open schema": ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object", "properties": {}}}}}, "additionalProperties"),
    "bounds in a schema": ({"output_config": schema(type="number", minimum=0)}, "properties minimum are not supported"),
    "prefill and a format": ({"messages": [user("a"), model("{")], "output_config": {"format": CLOSED}}, "prefilling is incompatible"),
}  # fmt: skip


@pytest.fixture(scope="module")
def service():
    with MessagesServer(lambda _call: "ok") as server, client_of(server) as client:
        yield server, client


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_request_is_refused_with_its_reason_and_costs_nothing(service, name):
    server, client = service
    changes, reason = REFUSED[name]
    billed = len(server.bill.charges)
    with pytest.raises(anthropic.BadRequestError, match=reason) as caught:
        client.post("/v1/messages", body={**ASK, **changes}, cast_to=object)
    assert caught.value.type == "invalid_request_error"
    assert len(server.bill.charges) == billed


ALLOWED = {
    "four marks": {"system": [{"type": "text", "text": f"part {n}", **MARK} for n in range(4)]},
    "roles in a row": {"messages": [user("a"), user("b")]},
    "a prefill": {"messages": [user("a"), model("{")]},
    "parallel results": {"messages": [user("a"), model("I look", USE, {**USE, "id": "t2"}), user(RESULT, {**RESULT, "tool_use_id": "t2"}, "now?")], "tools": [TOOL]},
    "results in two messages": {"messages": [user("a"), model(USE, {**USE, "id": "t2"}), user(RESULT), user({**RESULT, "tool_use_id": "t2"})], "tools": [TOOL]},
    "citations alone": {"messages": [user(CITED, "q")]},
    "evidence without citations and a format": {"messages": [user({**CITED, "citations": {"enabled": False}}, "q")], "output_config": {"format": CLOSED, "effort": "low"}},
    "a forced tool": {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "recall"}},
    "an hour before five minutes": {"system": [{"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}}, {"type": "text", "text": "a", **MARK}]},
    "adaptive thinking": {"thinking": {"type": "adaptive"}},
}  # fmt: skip


@pytest.mark.parametrize("name", ALLOWED)
def test_a_right_request_is_answered(service, name):
    _, client = service
    answered = client.post("/v1/messages", body={**ASK, **ALLOWED[name]}, cast_to=object)
    assert answered["content"][0]["text"] == "ok"


def test_what_is_missing_is_named(service):
    _, client = service
    for name in ("model", "max_tokens", "messages"):
        with pytest.raises(anthropic.BadRequestError, match=f"{name}: Field required"):
            client.post("/v1/messages", body={key: value for key, value in ASK.items() if key != name}, cast_to=object)


def test_no_key_a_wrong_key_and_an_unknown_model_have_their_own_errors():
    with MessagesServer("ok", keys=("right",)) as server:
        with client_of(server, api_key="wrong") as client, pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
            client.messages.create(**ASK)
        with client_of(server, api_key="right") as client:
            with pytest.raises(anthropic.AuthenticationError, match="x-api-key header is required"):
                client.messages.create(**ASK, extra_headers={"Authorization": anthropic.Omit()})
            with pytest.raises(anthropic.NotFoundError, match="model: claude-none"):
                client.messages.create(**{**ASK, "model": "claude-none"})
            assert client.messages.create(**ASK).content[0].text == "ok"


def test_a_body_that_is_no_json_is_refused(service):
    import httpx2

    server, _ = service
    answer = httpx2.post(f"{server.url}/v1/messages", content=b"{", headers={"x-api-key": "k", "anthropic-version": "2026-10-21"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_model_may_refuse_forced_tools_and_prefill():
    models = {"claude-opus-4-5": Facts(prefill=False), "claude-haiku-4-5": Facts()}
    with served(lambda _call: "ok", models=models, refuse_forced_tools=("claude-opus-4-5",)) as (_, client):
        for choice in ({"type": "any"}, {"type": "tool", "name": "recall"}):
            with pytest.raises(anthropic.BadRequestError, match="forcing a tool is not supported"):
                client.messages.create(**ASK, tools=[TOOL], tool_choice=choice)
            client.messages.create(**{**ASK, "model": "claude-haiku-4-5"}, tools=[TOOL], tool_choice=choice)
        with pytest.raises(anthropic.BadRequestError, match="does not support assistant message prefill"):
            client.messages.create(**{**ASK, "messages": [user("a"), model("{")]})


def test_a_prompt_beyond_the_window_names_both_numbers():
    with (
        served("ok", context_window=10) as (_, client),
        pytest.raises(anthropic.BadRequestError, match="prompt is too long: 25 tokens > 10 maximum"),
    ):
        client.messages.create(**{**ASK, "messages": [user("x" * 100)]})


def test_a_thought_that_comes_back_as_it_was_sent_is_accepted():
    with served(Script(reply(thinking("I must look."), tool_use("recall", {})), "done")) as (_, client):
        first = client.messages.create(**ASK, tools=[TOOL])
        result = {"type": "tool_result", "tool_use_id": first.content[1].id, "content": "x"}
        talk = [*ASK["messages"], {"role": "assistant", "content": first.content}, user(result)]
        assert client.messages.create(**{**ASK, "messages": talk}, tools=[TOOL]).content[0].text == "done"
