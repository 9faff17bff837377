import json

import pytest

from agents.errors import ModelAnswerError, ModelRefusedError, ModelUnreachableError
from agents.model import Prompt
from integrations.models.claude import ClaudeModel
from integrations.models.prices import cost_usd
from integrations.settings import ModelSettings
from memory.journal import Journal
from orchestrator.errors import BudgetError
from tests.fakes.messages_api import messages_api

PROMPT = Prompt(shared="RULES AND EVIDENCE", role="You are the quant.", task="Price it.", agent="quant", run_id="run-1", thesis="silver")
ERROR = json.dumps({"type": "error", "error": {"type": "x", "message": "no"}})
JSON = {"content-type": "application/json"}


@pytest.fixture
def journal(database, clock):
    return Journal(database, clock)


def model(api, journal, **settings):
    return ClaudeModel(ModelSettings(name="claude-opus-4-5", base_url=api.url, **settings), "key-for-tests", journal)


def test_an_answer_leaves_a_receipt_with_its_cost(journal):
    with messages_api("It costs 2.50.") as api:
        answer = model(api, journal).complete(PROMPT)
    (receipt,) = journal.receipts("run-1")
    assert answer.text == "It costs 2.50."
    assert (receipt["agent"], receipt["thesis"], receipt["request_id"]) == ("quant", "silver", "req_1")
    assert receipt["cost_usd"] == pytest.approx(1000 * 5e-6 + 100 * 25e-6)
    assert "key-for-tests" not in json.dumps(receipt, default=str)


def test_the_shared_part_stands_first_and_is_marked_for_the_cache_and_nothing_forbidden_is_sent(journal):
    with messages_api("ok") as api:
        model(api, journal).complete(PROMPT)
    (request,) = api.requests
    assert request["system"] == [{"type": "text", "text": "RULES AND EVIDENCE", "cache_control": {"type": "ephemeral"}}]
    assert request["messages"] == [{"role": "user", "content": "You are the quant.\n\nPrice it."}]
    assert not {"temperature", "top_p", "tool_choice"} & set(request)


def test_the_same_prompt_of_a_resumed_run_is_answered_from_its_receipt(journal):
    with messages_api("once") as api:
        first = model(api, journal).complete(PROMPT)
        again = model(api, journal).complete(PROMPT)
    assert again.text == first.text
    assert len(api.requests) == 1


def test_the_budget_is_checked_before_the_call(journal):
    with messages_api("a") as api:
        asked = model(api, journal, budget_usd=0.004)
        asked.complete(PROMPT)
        with pytest.raises(BudgetError, match=r"raise model\.budget_usd"):
            asked.complete(PROMPT.model_copy(update={"task": "again"}))
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, ERROR, JSON), ModelRefusedError), ((401, ERROR, JSON), ModelRefusedError), ((200, "<html>busy</html>", {"content-type": "text/html"}), ModelUnreachableError),
        ({"text": "", "stop_reason": "end_turn"}, ModelAnswerError), ({"text": "half", "stop_reason": None}, ModelUnreachableError),
        ({"text": "no", "stop_reason": "refusal"}, ModelAnswerError), ((200, "{not json", JSON), ModelUnreachableError),
    ],
)  # fmt: skip
def test_every_fault_is_one_of_our_errors_and_leaves_no_receipt(journal, answer, error):
    with messages_api(answer) as api, pytest.raises(error):
        model(api, journal).complete(PROMPT)
    assert journal.receipts("run-1") == []


def test_a_busy_endpoint_is_asked_again_and_the_answer_is_kept_once(journal):
    with messages_api((529, ERROR, {**JSON, "retry-after": "0"}), "done") as api:
        assert model(api, journal).complete(PROMPT).text == "done"
    assert len(journal.receipts("run-1")) == 1


def test_a_model_without_a_price_is_held_by_its_tokens(journal):
    with messages_api("a") as api:
        asked = ClaudeModel(ModelSettings(name="local-model", base_url=api.url, budget_tokens=1000), "", journal)
        asked.complete(PROMPT)
        with pytest.raises(BudgetError, match=r"1100 of 1000 tokens"):
            asked.complete(PROMPT.model_copy(update={"task": "again"}))
    assert journal.receipts("run-1")[0]["cost_usd"] is None


def test_an_unknown_model_is_unpriced_and_never_free():
    usage = {"input_tokens": 10**6, "output_tokens": 0}
    assert cost_usd("some-local-model", usage) is None
    assert cost_usd("claude-haiku-4-5-20251001", usage) == 1.0
