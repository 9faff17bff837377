"""The loopback Messages API through the real SDK: answers, streams, scripts, batches, models."""

import asyncio
import threading

import anthropic
import pytest

from tests.fakes.conftest import ASK, served, streamed
from tests.fakes.messages_api import (
    Facts,
    Fault,
    MessagesServer,
    Script,
    at,
    cite_search_result,
    echo,
    faults,
    refusal,
    reply,
    text,
    thinking,
    tool_use,
)

RESULT = {
    "type": "search_result", "source": "https://example.test/oil", "title": "Oil", "content": [{"type": "text", "text": "Brent closed at 71.20."}],
    "citations": {"enabled": True},
}  # fmt: skip
DOCUMENT = {
    "type": "document",
    "title": "Note",
    "source": {"type": "text", "media_type": "text/plain", "data": "Cash is 40.6 days."},
    "citations": {"enabled": True},
}
TOOL = {
    "name": "recall",
    "description": "Find records.",
    "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
}
RICH = reply(
    thinking("Let me look at the price first, then at the curve."),
    "I look 看一看 it up.",
    tool_use("recall", {"query": "白银 silver"}),
    tool_use("recall", {"query": "gold"}),
)


def user(*blocks):
    return [{"role": "user", "content": list(blocks)}]


def test_a_stream_gathers_to_the_same_message_as_a_plain_answer():
    with served(Script(RICH, RICH), delta_chars=7) as (_, client):
        plain = client.messages.create(**ASK, tools=[TOOL])
        gathered = streamed(client, tools=[TOOL])
    left, right = (message.model_dump(exclude={"id", "usage", "content"}) for message in (plain, gathered))
    assert left == right
    assert plain.usage.output_tokens == gathered.usage.output_tokens > 10
    assert [block.type for block in gathered.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert gathered.content[0].signature == plain.content[0].signature != ""
    assert gathered.content[1].text == plain.content[1].text == "I look 看一看 it up."
    assert [block.input for block in gathered.content[2:]] == [{"query": "白银 silver"}, {"query": "gold"}]
    assert gathered.content[2].id != gathered.content[3].id
    assert gathered.stop_reason == "tool_use"


def test_the_events_of_a_stream_come_in_the_order_of_the_protocol():
    with served("Two point five.", delta_chars=6) as (_, client), client.messages.create(**ASK, stream=True) as stream:
        events = list(stream)
    assert [event.type for event in events] == [
        "message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]  # fmt: skip
    assert events[0].message.usage.output_tokens == 1
    assert events[0].message.stop_reason is None
    assert events[-2].usage.output_tokens == 4
    assert "".join(event.delta.text for event in events[2:5]) == "Two point five."


def test_a_ping_is_sent_and_every_answer_has_a_request_id():
    with served(Script("a", "b")) as (_, client):
        with client.messages.with_streaming_response.create(**ASK, stream=True) as response:
            raw = response.read().decode()
        message = client.messages.create(**ASK)
    assert "event: ping\ndata: {" in raw
    assert message._request_id == "req_2"


def test_an_async_client_makes_parallel_calls_each_with_its_own_answer():
    async def run(server):
        async with anthropic.AsyncAnthropic(base_url=server.url, api_key="k", max_retries=0) as client:

            async def one(word):
                async with client.messages.stream(**{**ASK, "messages": [{"role": "user", "content": word}]}) as stream:
                    return await stream.get_final_text()

            return await asyncio.gather(*(one(f"word {place}") for place in range(8)))

    with MessagesServer(lambda call: call.prompt.upper()) as server:
        assert asyncio.run(run(server)) == [f"WORD {place}" for place in range(8)]
    assert len(server.requests) == 8


def test_a_script_answers_in_order_then_by_its_function_and_tells_what_was_left():
    with served(Script("first", "second", then=lambda call: f"call {call.number}")) as (server, client):
        assert [client.messages.create(**ASK).content[0].text for _ in range(3)] == ["first", "second", "call 3"]
    assert server.unused() == []
    with served(Script("used", "left")) as (server, client):
        client.messages.create(**ASK)
    assert server.unused() == ["left"]


def test_a_call_that_the_script_does_not_know_is_refused_and_reported():
    with served(Script()) as (server, client):
        with pytest.raises(anthropic.BadRequestError, match="no answer for call 1"):
            client.messages.create(**ASK)
        assert server.unscripted == ["What does it cost?"]


def test_an_error_in_a_reply_function_ends_the_test():
    def broken(_call):
        raise AssertionError("not what I expected")

    with (
        pytest.raises(AssertionError, match="not what I expected"),
        served(broken) as (_, client),
        pytest.raises(anthropic.BadRequestError),
    ):
        client.messages.create(**ASK)


def test_requests_are_kept_with_body_headers_and_time(clock):
    with served("a", clock=clock) as (server, client):
        client.messages.create(**ASK, extra_headers={"x-run": "run-1"})
    (request,) = server.requests
    assert request["model"] == request.body["model"] == "claude-opus-4-5"
    assert (request.headers["authorization"], request.headers["x-run"]) == ("Bearer key-for-tests", "run-1")
    assert request.time.isoformat().startswith("2026-03-02T09:00")
    assert "temperature" not in request


def test_the_tools_of_a_turn_go_round_until_the_model_ends_it():
    with served(Script(reply(tool_use("recall", {"query": "oil"})), "71.20")) as (_, client):
        first = client.messages.create(**ASK, tools=[TOOL])
        results = [{"type": "tool_result", "tool_use_id": block.id, "content": "Brent 71.20"} for block in first.content]
        talk = [*ASK["messages"], {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
        second = client.messages.create(**{**ASK, "messages": talk}, tools=[TOOL])
    assert (first.stop_reason, second.stop_reason, second.content[0].text) == ("tool_use", "end_turn", "71.20")


def test_citations_come_through_a_stream_for_both_kinds_of_evidence():
    with served(echo) as (_, client):
        message = streamed(client, messages=user(RESULT, DOCUMENT, {"type": "text", "text": "Quote."}))
    result, document = (block.citations[0] for block in message.content)
    assert (result.type, result.cited_text, result.search_result_index) == ("search_result_location", "Brent closed at 71.20.", 0)
    assert (document.type, document.cited_text, document.start_char_index) == ("char_location", "Cash is 40.6 days.", 0)


def test_a_hand_written_citation_needs_only_the_evidence_that_the_call_shows():
    with served(lambda call: reply("It fell.", text("Brent closed low", cite_search_result(call.evidence[0])))) as (_, client):
        message = client.messages.create(**{**ASK, "messages": user(RESULT)})
    assert message.content[1].citations[0].source == "https://example.test/oil"


def test_a_refusal_says_why():
    with served(Script(refusal(category="cyber", explanation="no"), refusal(category="bio"))) as (_, client):
        plain, gathered = client.messages.create(**ASK), streamed(client)
    assert (plain.stop_reason, plain.stop_details.category, plain.content) == ("refusal", "cyber", [])
    assert (gathered.stop_reason, gathered.stop_details.category) == ("refusal", "bio")


def test_an_answer_longer_than_max_tokens_is_cut_and_a_stop_sequence_ends_it():
    with served(Script("word " * 100, "one STOP two")) as (_, client):
        cut = client.messages.create(**{**ASK, "max_tokens": 10})
        stopped = client.messages.create(**ASK, stop_sequences=["STOP"])
    assert (cut.stop_reason, cut.usage.output_tokens, len(cut.content[0].text)) == ("max_tokens", 10, 40)
    assert (stopped.stop_reason, stopped.stop_sequence, stopped.content[0].text) == ("stop_sequence", "STOP", "one ")


def test_an_answer_that_fills_the_window_says_so():
    with served("word " * 100, context_window=20) as (_, client):
        message = client.messages.create(**ASK)
    assert message.stop_reason == "model_context_window_exceeded"
    assert message.usage.input_tokens + message.usage.output_tokens == 20


def test_a_structured_answer_is_passed_as_scripted_and_the_echo_fills_any_schema():
    from pydantic import BaseModel

    class Proposal(BaseModel):
        thesis: str
        conviction: float
        evidence: list[str]

    lines = [{"role": "user", "content": "E1 (oil.md): Brent closed at 71.20.\nE2 (cash.md): 40.6 days.\nPropose."}]
    with served(Script('{"thesis": "oil", "conviction": 0.4, "evidence": []}', then=echo)) as (_, client):
        given = client.messages.parse(**ASK, output_format=Proposal)
        made = client.messages.parse(**{**ASK, "messages": lines}, output_format=Proposal)
        forced = client.messages.create(**{**ASK, "messages": lines}, tools=[TOOL], tool_choice={"type": "tool", "name": "recall"})
    assert given.parsed_output == Proposal(thesis="oil", conviction=0.4, evidence=[])
    assert made.parsed_output.evidence == ["E1", "E2"]
    assert forced.content[0].input == {"query": "E1 (oil.md): Brent closed at 71.20."}


def test_tokens_are_counted_by_the_rule_that_usage_follows():
    with served("a") as (_, client):
        counted = client.messages.count_tokens(model="claude-opus-4-5", messages=ASK["messages"], system="Rules.")
        answer = client.messages.create(**ASK, system="Rules.")
    assert counted.input_tokens == answer.usage.input_tokens == 5 + 2


def test_models_are_listed_and_found():
    with served("a", models={"claude-opus-4-5": Facts(context_window=1000)}) as (_, client):
        assert [model.id for model in client.models.list()] == ["claude-opus-4-5"]
        assert client.models.retrieve("claude-opus-4-5").max_input_tokens == 1000
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("claude-none")


def test_latency_is_waited_for_before_the_answer_and_can_differ_by_call():
    asked = []

    def latency(number, _body):
        asked.append(number)
        return 0.05

    with served(Script("a"), latency=latency) as (_, client):
        client.messages.create(**ASK)
    assert asked == [1]


def test_the_server_ends_although_a_call_is_waiting():
    done = threading.Event()
    with MessagesServer("late", latency=3600) as server:
        import httpx2

        def call():
            with pytest.raises(httpx2.HTTPError):
                httpx2.post(
                    f"{server.url}/v1/messages", json=ASK, headers={"x-api-key": "k", "anthropic-version": "2023-06-01"}, timeout=0.05
                )
            done.set()

        threading.Thread(target=call).start()
        assert done.wait(5)


def entry(name, **changes):
    return {"custom_id": name, "params": {**ASK, **changes}}


def test_a_batch_ends_after_it_was_looked_at_and_gives_a_result_for_each_request():
    script = Script("one", Fault("status", 500, "api_error", "Internal server error"), then=lambda _call: "three")
    with served(script, batch_polls=1) as (server, client):
        batch = client.messages.batches.create(requests=[entry("a"), entry("b"), entry("c"), entry("d", temperature=1)])
        assert client.messages.batches.retrieve(batch.id).processing_status == "in_progress"
        ended = client.messages.batches.retrieve(batch.id)
        results = {row.custom_id: row.result for row in client.messages.batches.results(batch.id)}
        assert [found.id for found in client.messages.batches.list()] == [batch.id]
        assert client.messages.batches.delete(batch.id).id == batch.id
    assert ended.processing_status == "ended"
    assert (ended.request_counts.succeeded, ended.request_counts.errored) == (2, 2)
    assert results["a"].message.content[0].text == "one"
    assert results["c"].message.content[0].text == "three"
    assert results["b"].error.error.type == "api_error"
    assert results["d"].error.error.type == "invalid_request_error"
    assert results["a"].message.usage.service_tier == "batch"
    assert len(server.bill.charges) == 2


def test_a_cancelled_batch_answers_nothing_and_costs_nothing():
    with served("never", batch_polls=9) as (server, client):
        batch = client.messages.batches.create(requests=[entry("a")])
        assert client.messages.batches.cancel(batch.id).processing_status == "canceling"
        assert client.messages.batches.retrieve(batch.id).request_counts.canceled == 1
    assert server.bill.charges == []
    assert server.unused() == ["never"]


def test_a_batch_can_end_with_some_requests_expired_and_a_day_expires_all(clock):
    with served("a", batch_polls=0, clock=clock) as (server, client):
        first = client.messages.batches.create(requests=[entry("a"), entry("b")])
        server.batches.finish(first.id, keep=1)
        counts = client.messages.batches.retrieve(first.id).request_counts
        second = client.messages.batches.create(requests=[entry("a")])
        clock.advance(hours=25)
        late = client.messages.batches.retrieve(second.id).request_counts
    assert (counts.succeeded, counts.expired, late.expired) == (1, 1, 1)


def test_results_are_not_there_before_the_batch_has_ended():
    with served("a") as (server, client):
        batch = client.messages.batches.create(requests=[entry("a")])
        with pytest.raises(anthropic.AnthropicError, match="No `results_url`"):
            client.messages.batches.results(batch.id)
        server.batches.finish(batch.id)
        assert [row.custom_id for row in client.messages.batches.results(batch.id)] == ["a"]


def test_a_fault_can_stand_in_the_script_itself():
    with served(Script(faults.overloaded(0.01), "done"), options={"max_retries": 1}) as (server, client):
        assert client.messages.create(**ASK).content[0].text == "done"
    assert server.faulted == [(1, "status")]
    with served(Script("kept"), faults=at(1, faults.overloaded(0.01)), options={"max_retries": 1}) as (server, client):
        assert client.messages.create(**ASK).content[0].text == "kept"
