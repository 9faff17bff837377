"""Every fault as the real SDK shows it, and what stays on the bill."""

import contextlib

import anthropic
import httpx2
import pytest

from tests.fakes.conftest import ASK, client_of, served, streamed
from tests.fakes.messages_api import EVERY, MessagesServer, Script, at, by_rate, faults, reply, tool_use

LONG = "Silver is in deficit for the sixth year. " * 10
PRICE = {"claude-opus-4-5": {"input": 5.0, "output": 25.0, "cache_write": 6.25, "cache_read": 0.5}}
TOOL = {"name": "recall", "input_schema": {"type": "object"}}
STREAMS = (False, True)


def call(client, stream, **changes):
    return streamed(client, **changes) if stream else client.messages.create(**{**ASK, **changes})


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        (faults.rate_limited(3600), anthropic.RateLimitError, "rate_limit_error"), (faults.overloaded(), anthropic.OverloadedError, "overloaded_error"),
        (faults.server_error(), anthropic.InternalServerError, "api_error"), (faults.context_overflow(), anthropic.BadRequestError, "invalid_request_error"),
    ],
)  # fmt: skip
def test_a_status_in_place_of_an_answer_is_not_billed_and_leaves_the_reply_for_the_next_call(stream, fault, error, kind):
    with served(Script("kept"), faults=at(1, fault)) as (server, client):
        with pytest.raises(error) as caught:
            call(client, stream)
        assert server.bill.charges == []
        assert call(client, stream).content[0].text == "kept"
    assert caught.value.type == kind
    assert caught.value.request_id == "req_1"
    assert caught.value.response.headers.get("retry-after") == fault.headers.get("retry-after")


def test_an_overflow_names_both_numbers():
    with (
        served("a", faults=at(1, faults.context_overflow())) as (_, client),
        pytest.raises(anthropic.BadRequestError, match=r"prompt is too long: 200001 tokens > 200000 maximum"),
    ):
        client.messages.create(**ASK)


def test_a_page_at_200_comes_as_a_text_or_as_a_stream_without_a_message():
    with served(Script("a"), faults=at([1, 2], faults.html_page())) as (server, client):
        assert isinstance(client.messages.create(**ASK), str)
        with pytest.raises(AssertionError):
            streamed(client)
    assert server.bill.charges == []


@pytest.mark.parametrize("stream", STREAMS)
def test_malformed_json_at_200_breaks_the_reading(stream):
    with served(LONG, faults=at(1, faults.malformed_json())) as (server, client), pytest.raises((ValueError, anthropic.APIError)):
        call(client, stream).content  # noqa: B018 - a plain answer that cannot be read shows it only here
    assert len(server.bill.charges) == 1


def test_a_stream_that_closes_early_has_no_stop_reason_and_is_billed_for_what_was_sent():
    with served(LONG, faults=at(1, faults.early_close().after_deltas(2)), delta_chars=40) as (server, client):
        message = streamed(client)
    assert message.stop_reason is None
    assert message.content[0].text == LONG[:80]
    (charge,) = server.bill.charges
    assert (charge.complete, charge.usage.input_tokens, charge.output_tokens) == (False, 5, 20)
    assert server.bill_usd(PRICE) == pytest.approx((5 * 5 + 20 * 25) / 1e6)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_cut_connection_is_an_error_of_the_transport(stream):
    with served(LONG, faults=at(1, faults.cut())) as (server, client), pytest.raises((httpx2.TransportError, anthropic.APIConnectionError)):
        call(client, stream)
    assert [charge.complete for charge in server.bill.charges] == [False]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stalled_answer_runs_into_the_clients_own_timeout(stream):
    with served(LONG, faults=at(1, faults.stall()), options={"timeout": 0.4}) as (server, client):
        with pytest.raises((httpx2.TimeoutException, anthropic.APITimeoutError)):
            call(client, stream)
        assert len(server.bill.charges) == 1


def test_a_stalled_stream_goes_on_when_it_is_released():
    with served(LONG, faults=at(1, faults.stall()), delta_chars=40) as (server, client):
        with client.messages.stream(**ASK) as stream:
            words = stream.text_stream
            first = next(words)
            server.release()
            rest = "".join(words)
        assert first + rest == LONG
    assert server.bill.charges[0].complete


def test_a_plain_answer_that_ends_early_is_an_error_of_the_transport_and_billed_whole():
    with (
        served(LONG, faults=at(1, faults.early_close())) as (server, client),
        pytest.raises((httpx2.TransportError, anthropic.APIConnectionError)),
    ):
        client.messages.create(**ASK)
    assert server.bill.charges[0].output_tokens == 103


def test_an_error_in_a_stream_has_its_own_type():
    with (
        served(LONG, faults=at(1, faults.error_event()), delta_chars=40) as (server, client),
        pytest.raises(anthropic.APIStatusError) as caught,
    ):
        streamed(client)
    assert caught.value.type == "overloaded_error"
    assert caught.value.status_code == 200
    assert server.bill.charges[0].output_tokens == 10


def test_tool_arguments_that_end_early_stop_like_whole_ones():
    given = reply(tool_use("recall", {"query": "silver", "limit": 12}))
    with (
        served(given, faults=at(1, faults.truncated_tool_json())) as (_, client),
        client.messages.create(**ASK, tools=[TOOL], stream=True) as stream,
    ):
        events = list(stream)
    sent = "".join(event.delta.partial_json for event in events if event.type == "content_block_delta")
    assert sent == '{"query": "silver", "'
    assert [event.type for event in events[-3:]] == ["content_block_stop", "message_delta", "message_stop"]
    assert events[-2].delta.stop_reason == "tool_use"


@pytest.mark.parametrize("stream", STREAMS)
def test_a_refusal_a_cut_by_max_tokens_and_wrong_json_are_whole_answers_and_billed(stream):
    plans = [at(1, faults.refuses()), at(2, faults.max_tokens()), at(3, faults.wrong_json())]
    with served(LONG, faults=plans) as (server, client):
        refused, cut, wrong = (call(client, stream) for _ in range(3))
    assert (refused.stop_reason, cut.stop_reason, wrong.stop_reason) == ("refusal", "max_tokens", "end_turn")
    assert (refused.content, len(cut.content[0].text), wrong.content[0].text) == ([], 204, '{"unexpected": true}')
    assert [charge.complete for charge in server.bill.charges] == [True, True, True]


def test_faults_at_a_rate_are_the_same_for_a_seed_and_another_for_another():
    def fates(seed):
        plan = by_rate(0.5, seed, faults.overloaded())
        return [plan(number, {}) is not None for number in range(1, 101)]

    assert fates(1) == fates(1) != fates(2)
    assert 35 <= sum(fates(1)) <= 65


def test_every_fault_can_meet_a_call_and_the_next_one_is_answered_right():
    for name, fault in EVERY.items():
        with MessagesServer(Script("right"), faults=at(1, fault)) as server, client_of(server) as client:
            with contextlib.suppress(anthropic.APIError, httpx2.HTTPError, ValueError, AssertionError):
                streamed(client, timeout=0.3 if fault.kind == "stall" else 5.0)
            assert [kind for _, kind in server.faulted] == [fault.kind], name
            assert streamed(client).content[0].text == "right", name


def test_an_absurd_wait_is_told_as_it_is():
    with served("a", faults=at(1, faults.rate_limited(3600))) as (_, client), pytest.raises(anthropic.RateLimitError) as caught:
        client.messages.create(**ASK)
    assert caught.value.response.headers["retry-after"] == "3600"


def test_a_client_that_leaves_a_stream_pays_for_what_was_sent_and_the_server_lives_on():
    with served(Script("word " * 40_000, "next"), delta_chars=40) as (server, client):
        with client.messages.stream(**ASK | {"max_tokens": 64_000}) as stream:
            next(stream.text_stream)
        assert client.messages.create(**ASK).content[0].text == "next"
    assert not server.bill.charges[0].complete
    assert 0 < server.bill.charges[0].output_tokens < 50_000
