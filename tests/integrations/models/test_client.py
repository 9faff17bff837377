import json
import threading

import pytest

from agents.errors import ModelAnswerError, ModelContextError, ModelRefusedError, ModelUnreachableError
from agents.model import Step, ToolCall, ToolResult, ToolSpec
from integrations.models.prices import cost_usd
from orchestrator.errors import BudgetError
from tests.fakes.messages_api import MessagesServer, Script, at, echo, faults, reply, text, thinking, tool_use
from tests.integrations.models.conftest import MODEL, PRICES, prompt

TOOL = ToolSpec(name="call", description="Run a tool.", input_schema={"type": "object", "properties": {"tool": {"type": "string"}}})


def test_an_answer_leaves_a_receipt_that_says_who_asked_and_what_it_cost(client, journal):
    with MessagesServer("It costs 2.50.") as api:
        (answer,) = client(api).complete_all([prompt()])
        bill = api.bill_usd(PRICES)
    (receipt,) = journal.receipts("run-1")
    assert answer.text == "It costs 2.50."
    assert (receipt["agent"], receipt["thesis"], receipt["request_id"]) == ("quant", "silver", "req_1")
    assert receipt["cost_usd"] == pytest.approx(bill)
    assert "key-for-tests" not in json.dumps(receipt, default=str)


def test_shared_parts_stand_first_and_end_in_breakpoints_and_nothing_forbidden_is_sent(client):
    from agents.model import Passage

    asked = prompt(passages=(Passage(id="E1", source="a.md", text="Brent is 71.20."),), channel="<channel>quant: hm</channel>")
    with MessagesServer("ok") as api:
        client(api).complete_all([asked])
        (request,) = api.requests
    assert [block["text"] for block in request["system"]] == ["RULES AND BOOK"]
    first = request["messages"][0]["content"]
    assert [("cache_control" in block) for block in (*request["system"], *first)] == [True, True, True, False]
    assert '[E1] (a.md) "Brent is 71.20."' in first[0]["text"]
    assert first[-1]["text"] == "You are the quant.\n\nPrice it."
    assert not {"temperature", "top_p", "top_k", "tool_choice"} & set(request)


def test_evidence_goes_as_citable_blocks_and_its_citations_come_back_under_their_ids(client):
    from agents.model import Passage

    asked = prompt(
        cite=True, passages=(Passage(id="E1", source="a.md", text="Tin is scarce."), Passage(id="E2", source="b.md", text="Oil is not."))
    )
    with MessagesServer(echo) as api:
        (answer,) = client(api).complete_all([asked])
        assert [block["type"] for block in api.requests[0]["messages"][0]["content"]] == ["search_result", "search_result", "text"]
    assert [(item.passage, item.quote) for item in answer.cited] == [("E1", "Tin is scarce."), ("E2", "Oil is not.")]


def test_calls_come_back_whole_and_a_step_is_sent_on_with_its_thinking_unchanged(client):
    first = reply(thinking("hm"), "Let me see.", tool_use("call", {"tool": "a"}, "t1"), tool_use("call", {"tool": "b"}, "t2"))
    with MessagesServer(Script(first, "done")) as api:
        model = client(api)
        (answer,) = model.complete_all([prompt(tools=(TOOL,))])
        step = Step(
            said=answer.text, calls=answer.calls, thinking=answer.thinking,
            results=tuple(ToolResult(id=call.id, text="7", failed=call.id == "t2") for call in answer.calls),
        )  # fmt: skip
        (done,) = model.complete_all([prompt(tools=(TOOL,), steps=(step,))])
        sent = api.requests[1]["messages"]
    assert answer.calls == (
        ToolCall(id="t1", name="call", arguments={"tool": "a"}),
        ToolCall(id="t2", name="call", arguments={"tool": "b"}),
    )
    assert [block["type"] for block in sent[1]["content"]] == ["thinking", "text", "tool_use", "tool_use"]
    assert sent[1]["content"][0]["signature"]
    assert [(block["tool_use_id"], block.get("is_error", False)) for block in sent[2]["content"]] == [("t1", False), ("t2", True)]
    assert done.text == "done"


def test_the_same_prompt_of_a_resumed_run_is_answered_from_its_receipt(client):
    with MessagesServer(Script("once")) as api:
        first = client(api).complete_all([prompt()])
        again = client(api).complete_all([prompt()])
        assert again == first
        assert len(api.requests) == 1


def test_prompts_of_one_step_are_asked_at_once_and_answered_in_their_order(client):
    together = threading.Barrier(3, timeout=5)

    def brain(call):
        together.wait()
        return call.prompt[-1]

    with MessagesServer(brain) as api:
        answers = client(api).complete_all([prompt("ask 1"), prompt("ask 2"), prompt("ask 3")])
    assert [answer.text for answer in answers] == ["1", "2", "3"]


def test_many_requests_wait_for_the_first_to_begin_so_that_they_read_what_it_cached(client):
    shared = "RULES " * 1000
    with MessagesServer(lambda call: call.prompt[-1]) as api:
        client(api).complete_all([prompt(f"ask {number}", shared=shared) for number in range(8)])
        writes = [charge.usage.wire(0)["cache_creation_input_tokens"] for charge in api.bill.charges]
    assert sum(count > 0 for count in writes) == 1


def test_a_key_in_a_prompt_never_leaves(client):
    secret = "sk-ant-" + "api03-abcdefghijkl"
    with MessagesServer("ok") as api:
        client(api).complete_all([prompt(f"my key is {secret}, the other key-for-tests, slack xoxb-1234567890-abc")])
        sent = json.dumps(api.requests[0].body)
    assert secret not in sent
    assert "key-for-tests" not in sent
    assert "xoxb" not in sent
    assert sent.count("[redacted]") == 3


def test_roles_and_tiers_have_models_of_their_own(client):
    settings = {"cheap": "claude-haiku-4-5", "roles": {"architect": {"name": "claude-opus-4-6", "effort": "high"}}}
    models = (MODEL, "claude-haiku-4-5", "claude-opus-4-6")
    with MessagesServer(lambda _call: "ok", models=models) as api:
        client(api, **settings).complete_all([prompt(), prompt("x", tier="cheap"), prompt("y", agent="architect")])
        sent = {request["model"]: request.body.get("output_config") for request in api.requests}
    assert sent == {MODEL: None, "claude-haiku-4-5": None, "claude-opus-4-6": {"effort": "high"}}


@pytest.mark.parametrize(
    ("limit", "match"),
    [
        ({"budget_usd": 0.01}, r"raise model\.budget_usd"), ({"budget_tokens": 500}, r"raise model\.budget_tokens"),
        ({"budget_calls": 1}, r"raise model\.budget_calls"), ({"budget_usd_day": 0.02}, r"raise model\.budget_usd_day"),
    ],
)  # fmt: skip
def test_a_limit_holds_before_the_call_that_could_pass_it(client, limit, match):
    with MessagesServer(lambda _call: "word " * 300) as api:
        asked = client(api, max_tokens=350, **limit)
        with pytest.raises(BudgetError, match=match):
            [asked.complete_all([prompt(f"ask {number}")]) for number in range(5)]
        spent = api.bill_usd(PRICES)
    assert spent <= min(limit.get("budget_usd", 9), limit.get("budget_usd_day", 9))


def test_what_is_left_of_a_budget_falls_with_every_call(client):
    with MessagesServer(lambda _call: "ok") as api:
        asked = client(api, budget_calls=4)
        left = []
        for number in range(3):
            asked.complete_all([prompt(f"ask {number}")])
            left.append(asked.left("run-1"))
    assert left == [0.75, 0.5, 0.25]


BUSY = [faults.rate_limited(2), faults.overloaded(), faults.server_error(), faults.html_page()]
BROKEN = [faults.malformed_json(), faults.early_close(), faults.cut(), faults.error_event(), faults.error_event("api_error")]


@pytest.mark.parametrize("fault", [*BUSY, *BROKEN], ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_a_fault_that_passes_is_asked_again_and_every_billed_attempt_is_on_the_ledger(client, journal, fault):
    with MessagesServer("It costs 2.50 and not a cent more than that.", faults=[at(1, fault)], delta_chars=10) as api:
        (answer,) = client(api).complete_all([prompt()])
        bill = api.bill_usd(PRICES)
    receipts = journal.receipts("run-1")
    assert answer.text.startswith("It costs 2.50")
    assert [bool(receipt["answer"]) for receipt in receipts] == ([False, True] if fault in BROKEN else [True])
    assert sum(receipt["cost_usd"] for receipt in receipts) == pytest.approx(bill, abs=0.0005)


def test_a_retried_stream_replaces_what_the_first_attempt_said(client):
    said = []
    with MessagesServer("It costs 2.50 and no more.", faults=[at(1, faults.cut().after_deltas(2))], delta_chars=8) as api:
        client(api).complete_all([prompt()], say=lambda attempt, words: said.append((attempt, words)))
    assert said[0] == (1, "It costs")
    assert said[-1] == (2, "It costs 2.50 and no more.")
    assert {attempt for attempt, _ in said} == {1, 2}


def test_retry_after_is_obeyed_and_one_that_is_absurd_stops_the_run_at_once(client, pauses):
    with MessagesServer("ok", faults=[at(1, faults.rate_limited(7))]) as api:
        client(api).complete_all([prompt()])
    assert pauses == [7]
    with MessagesServer("ok", faults=[at(1, faults.rate_limited(3600))]) as api:
        with pytest.raises(ModelUnreachableError, match="3600 seconds"):
            client(api).complete_all([prompt("later")])
        assert len(api.requests) == 1


def test_an_endpoint_that_stays_down_is_asked_four_times_and_then_the_run_can_be_resumed(client, journal, pauses):
    with MessagesServer("ok", faults=[at(range(1, 9), faults.overloaded())]) as api:
        with pytest.raises(ModelUnreachableError, match="can be resumed"):
            client(api).complete_all([prompt()])
        assert len(api.requests) == 4
        api.script.unused()
    assert pauses == [0.5, 1, 2]
    assert journal.receipts("run-1") == []


def test_a_stalled_stream_is_given_up_after_the_time_that_was_set(client):
    with MessagesServer("It costs 2.50 and no more.", faults=[at(1, faults.stall())], delta_chars=8) as api:
        (answer,) = client(api, timeout_seconds=0.3).complete_all([prompt()])
        api.release()
    assert answer.text == "It costs 2.50 and no more."


@pytest.mark.parametrize(
    ("answer", "fault", "error"),
    [
        (reply("no", stop_reason="refusal"), None, ModelAnswerError), (reply("half of it", stop_reason="max_tokens"), None, ModelAnswerError),
        ("x", faults.context_overflow(), ModelContextError),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_used_is_given_back_as_its_error_and_the_others_stand(client, answer, fault, error):
    with MessagesServer(
        lambda call: answer if "bad" in call.prompt else "good", faults=[lambda _n, body: fault if "bad" in json.dumps(body) else None]
    ) as api:
        good, bad = client(api).complete_all([prompt("first"), prompt("bad")])
    assert good.text == "good"
    assert isinstance(bad, error)


def test_half_the_arguments_of_a_call_are_never_carried_out(client):
    calls = reply(tool_use("call", {"tool": "thesis.get", "arguments": {"slug": "silver-squeeze"}}))
    with MessagesServer(Script(calls, calls), faults=[at(1, faults.truncated_tool_json())]) as api:
        (answer,) = client(api).complete_all([prompt(tools=(TOOL,))])
        assert len(api.requests) == 2
    assert answer.calls[0].arguments == {"tool": "thesis.get", "arguments": {"slug": "silver-squeeze"}}


@pytest.mark.parametrize(("status", "hint"), [(401, "ANTHROPIC_API_KEY"), (404, r"check model\.name"), (400, r"check model\.name")])
def test_a_request_that_is_refused_stops_the_run_and_says_what_to_look_at(client, status, hint):
    body = json.dumps({"type": "error", "error": {"type": "x", "message": "no such thing"}})
    with MessagesServer("ok", faults=[at(1, faults.raw(status, body, {"content-type": "application/json"}))]) as api:
        with pytest.raises(ModelRefusedError, match=hint):
            client(api).complete_all([prompt()])
        assert len(api.requests) == 1


def test_a_wanted_form_is_asked_for_where_the_endpoint_has_output_formats(client):
    schema = {"type": "object", "properties": {"rationale": {"type": "string"}}, "required": ["rationale"], "additionalProperties": False}
    with MessagesServer(echo) as api:
        (answer,) = client(api).complete_all([prompt(schema_=schema)])
        assert api.requests[0]["output_config"]["format"]["schema"] == schema
    assert set(json.loads(answer.text)) == {"rationale"}


def test_an_unknown_model_is_unpriced_and_never_free(client, journal):
    with MessagesServer(text("a")["text"], models=("local-model",)) as api:
        client(api, name="local-model").complete_all([prompt()])
    assert journal.receipts("run-1")[0]["cost_usd"] is None
    assert cost_usd("some-local-model", {"input_tokens": 10**6}) is None
    assert cost_usd("claude-haiku-4-5-20251001", {"input_tokens": 10**6, "output_tokens": 0}) == 1.0
