"""The prompt cache, the usage and the bill by the service's rules, each number worked out by hand."""

import threading

import pytest

from tests.fakes.conftest import ASK, served, streamed
from tests.fakes.messages_api.usage import Usage

MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
PRICES = {
    "claude-opus-4-5": {"input": 5.0, "output": 25.0, "cache_write": 6.25, "cache_read": 0.5},
    "claude-haiku-4-5": {"input": 1.0, "output": 5.0, "cache_write": 1.25, "cache_read": 0.1},
}
FORMAT = {"format": {"type": "json_schema", "schema": {"type": "object", "properties": {}, "additionalProperties": False}}}


def block(tokens, letter="a", cache=None):
    return {"type": "text", "text": letter * (tokens * 4)} | ({"cache_control": cache} if cache else {})


def split(client, **changes):
    """The three kinds of input: full price, written, read."""
    usage = client.messages.create(**{**ASK, **changes}).usage
    return usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens


def ok(_call):
    return "ok"


def asked(*blocks):
    return [{"role": "user", "content": list(blocks)}]


def test_the_first_call_writes_the_prefix_and_the_second_reads_it():
    with served(ok) as (server, client):
        system = [block(1000, "s"), block(500, "t", MARK)]
        assert split(client, system=system) == (5, 1500, 0)
        assert split(client, system=system) == (5, 0, 1500)
        assert split(client, system=system, messages=asked(block(7))) == (7, 0, 1500)
    assert server.bill.cache_share() == pytest.approx(3000 / 4517)


def test_a_stream_tells_the_same_split_as_a_plain_answer():
    with served(ok) as (_, client):
        usages = [streamed(client, system=[block(2000, cache=MARK)]).usage for _ in range(2)]
    assert [(usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens) for usage in usages] == [
        (5, 2000, 0),
        (5, 0, 2000),
    ]


def test_one_other_letter_in_the_prefix_is_another_prefix():
    with served(ok) as (_, client):
        split(client, system=[block(2000, "s", MARK)])
        assert split(client, system=[{"type": "text", "text": "s" * 7999 + "x", "cache_control": MARK}]) == (5, 2000, 0)


def test_a_prefix_below_the_minimum_is_not_kept_and_the_minimum_can_be_set():
    with served(ok) as (_, client):
        assert [split(client, system=[block(1023, cache=MARK)]) for _ in range(2)] == [(1028, 0, 0)] * 2
        assert [split(client, system=[block(1024, cache=MARK)]) for _ in range(2)] == [(5, 1024, 0), (5, 0, 1024)]
    with served(ok, cache_minimum=10) as (_, client):
        assert [split(client, system=[block(10, cache=MARK)]) for _ in range(2)] == [(5, 10, 0), (5, 0, 10)]


def test_only_a_marked_place_of_an_earlier_request_can_be_read():
    with served(ok) as (_, client):
        split(client, system=[block(2000, "a"), block(2000, "b", MARK)])
        assert split(client, system=[block(2000, "a", MARK), block(100, "c")]) == (105, 2000, 0)


def test_the_longest_known_prefix_is_read_and_the_rest_up_to_the_mark_is_written():
    with served(ok) as (_, client):
        first, second = [block(2000, "a", MARK)], [block(2000, "a"), block(300, "b"), block(200, "c", MARK)]
        assert split(client, messages=asked(*first)) == (0, 2000, 0)
        assert split(client, messages=asked(*second)) == (0, 500, 2000)
        assert split(client, messages=asked(*second)) == (0, 0, 2500)


def test_tools_come_before_system_and_system_before_messages():
    tool = {"name": "recall", "description": "d" * 8000, "input_schema": {"type": "object"}}
    other = {**tool, "description": "e" * 8000}
    with served(ok) as (_, client):
        _, written, _ = split(client, tools=[tool], system=[block(1500, "s", MARK)])
        assert split(client, tools=[tool], system=[block(1500, "s", MARK)])[2] == written > 3500
        assert split(client, tools=[other], system=[block(1500, "s", MARK)]) == (5, written, 0)
        assert split(client, tools=[{**tool, "cache_control": MARK}], system=[block(1500, "x")])[1:] == (written - 1500, 0)
        assert split(client, tools=[{**tool, "cache_control": MARK}], system=[block(1500, "y")])[2] == written - 1500


def test_the_look_back_reaches_twenty_blocks_the_marked_one_counted():
    for added, read in ((19, 2000), (20, 0)):
        with served(ok) as (_, client):
            split(client, system=[block(2000, "a", MARK)])
            more = [block(10, chr(98 + place % 20)) for place in range(added)]
            more[-1] = {**more[-1], "cache_control": MARK}
            assert split(client, system=[block(2000, "a"), *more])[2] == read


def test_a_second_mark_brings_back_what_is_too_far_for_the_last_one():
    with served(ok) as (_, client):
        split(client, system=[block(2000, "a", MARK)])
        more = [block(10, "b") for _ in range(30)]
        assert split(client, system=[block(2000, "a", MARK), *more[:-1], {**more[-1], "cache_control": MARK}]) == (5, 300, 2000)


def test_an_entry_lives_five_minutes_from_its_last_use(clock):
    with served(ok, clock=clock) as (_, client):
        system = [block(2000, cache=MARK)]
        reads = []
        for minutes in (0, 4, 4, 6):
            clock.advance(minutes=minutes)
            reads.append(split(client, system=system)[2])
    assert reads == [0, 2000, 2000, 0]


def test_an_hours_entry_lives_longer_and_is_told_apart(clock):
    with served(ok, clock=clock) as (server, client):
        system = [block(2000, "a", HOUR), block(1000, "b", MARK)]
        usage = client.messages.create(**ASK, system=system).usage
        assert (usage.cache_creation.ephemeral_1h_input_tokens, usage.cache_creation.ephemeral_5m_input_tokens) == (2000, 1000)
        clock.advance(minutes=30)
        assert split(client, system=system) == (5, 1000, 2000)
    first = server.bill.charges[0]
    assert first.usage == Usage(5, 0, 1000, 2000)
    assert float(first.usd(PRICES["claude-opus-4-5"])) == pytest.approx((5 * 5 + 1000 * 6.25 + 2000 * 10 + 25) / 1e6)


@pytest.mark.parametrize(
    ("change", "kept"),
    [({"output_config": FORMAT}, 0), ({"thinking": {"type": "adaptive"}}, 2000), ({"model": "claude-haiku-4-5"}, 0)],
    ids=["format", "thinking", "model"],
)
def test_a_format_breaks_the_system_thinking_the_messages_and_a_model_everything(change, kept):
    parts = {"system": [block(2000, "s", MARK)], "messages": asked(block(1100, "m", MARK))}
    with served(ok) as (_, client):
        assert split(client, **parts) == (0, 3100, 0)
        assert split(client, **parts) == (0, 0, 3100)
        assert split(client, **parts, **change)[2] == kept


def test_citations_switched_on_break_the_system_but_not_the_tools():
    tool = {"name": "recall", "description": "d" * 8000, "input_schema": {"type": "object"}, "cache_control": MARK}
    result = {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]}
    with served(ok) as (_, client):
        parts = {"tools": [tool], "system": [block(2000, "s", MARK)]}
        _, written, _ = split(client, **parts, messages=asked(result))
        assert split(client, **parts, messages=asked({**result, "citations": {"enabled": True}}))[1:] == (2000, written - 2000)


def test_one_mark_for_the_whole_request_stands_at_its_last_block():
    with served(ok) as (_, client):
        messages = asked(block(2000, "m"), block(10, "n"))
        assert [split(client, messages=messages, cache_control=MARK) for _ in range(2)] == [(0, 2010, 0), (0, 0, 2010)]


def test_calls_at_the_same_time_do_not_read_what_the_other_is_about_to_write():
    waiting, go = threading.Semaphore(0), threading.Event()

    def latency(_number, _body):
        waiting.release()
        assert go.wait(5)
        return 0.0

    found = []
    with served(ok, latency=latency) as (_, client):
        calls = [threading.Thread(target=lambda: found.append(split(client, system=[block(2000, cache=MARK)]))) for _ in range(2)]
        for call in calls:
            call.start()
        assert all(waiting.acquire(timeout=5) for _ in calls)
        go.set()
        for call in calls:
            call.join(5)
        assert found == [(5, 2000, 0)] * 2
        assert split(client, system=[block(2000, cache=MARK)]) == (5, 0, 2000)


def test_the_bill_adds_all_calls_and_a_batch_pays_half():
    with served(lambda _call: "word" * 100, batch_polls=0) as (server, client):
        for _ in range(2):
            client.messages.create(**ASK, system=[block(2000, cache=MARK)])
        client.messages.create(**{**ASK, "model": "claude-haiku-4-5-20251001"})
        batch = client.messages.batches.create(requests=[{"custom_id": "a", "params": ASK}])
        client.messages.batches.retrieve(batch.id)
        assert server.bill.tokens() == {"input": 20, "cache_read": 2000, "cache_write": 2000, "output": 400}
    opus = 10 * 5 + 200 * 25 + 2000 * 6.25 + 2000 * 0.5
    haiku = 5 * 1 + 100 * 5
    half = (5 * 5 + 100 * 25) / 2
    assert server.bill_usd(PRICES) == pytest.approx((opus + haiku + half) / 1e6, abs=1e-12)


def test_a_model_without_a_price_stops_the_bill():
    with served(ok) as (server, client):
        client.messages.create(**ASK)
    with pytest.raises(LookupError, match="no price for claude-opus-4-5"):
        server.bill_usd({"claude-haiku-4-5": PRICES["claude-haiku-4-5"]})


def test_thoughts_and_tool_calls_are_output_that_is_paid_for():
    from tests.fakes.messages_api import reply, thinking, tool_use

    with served(reply(thinking("x" * 40), "y" * 40, tool_use("recall", {"q": "z" * 40}))) as (server, client):
        message = client.messages.create(**ASK, tools=[{"name": "recall", "input_schema": {"type": "object"}}])
    written = 10 + 10 + -(-len('recall {"q": "' + "z" * 40 + '"}') // 4)
    assert message.usage.output_tokens == server.bill.charges[0].output_tokens == written
