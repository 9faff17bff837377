"""Requests that can wait go as one batch, at half the price, and a run that is cut off asks for its results, not for a second one."""

import pytest

from agents.errors import ModelAnswerError, ModelUnreachableError
from tests.fakes.messages_api import MessagesServer, reply
from tests.integrations.models.conftest import PRICES, prompt


def words(call):
    return reply("no", stop_reason="refusal") if "bad" in call.prompt else f"heard {call.prompt[-1]}"


def test_a_batch_answers_in_order_at_half_the_price(client, journal):
    with MessagesServer(words, batch_polls=3) as api:
        answers = client(api, batch=True).complete_all([prompt("ask 1"), prompt("ask 2"), prompt("bad")])
        bill = api.bill_usd(PRICES)
    assert [answer.text for answer in answers[:2]] == ["heard 1", "heard 2"]
    assert isinstance(answers[2], ModelAnswerError)
    assert sum(receipt["cost_usd"] for receipt in journal.receipts("run-1")) == pytest.approx(bill)
    assert all(receipt["usage"]["batch"] == 1 for receipt in journal.receipts("run-1"))


def test_a_run_that_was_cut_off_while_it_waited_fetches_the_batch_it_had_sent(client, pauses):
    class CutOff(Exception):
        pass

    def cut(_seconds):
        raise CutOff

    asked = [prompt("ask 1"), prompt("ask 2")]
    with MessagesServer(words, batch_polls=2) as api:
        first = client(api, batch=True)
        first._pause = cut
        with pytest.raises(CutOff):
            first.complete_all(asked)
        answers = client(api, batch=True).complete_all(asked)
        sent = [path for method, path in api.seen if method == "POST" and path.endswith("/batches")]
    assert [answer.text for answer in answers] == ["heard 1", "heard 2"]
    assert len(sent) == 1


def test_a_request_that_expired_in_its_batch_stops_the_run_which_can_be_resumed(client):
    with MessagesServer(words, batch_polls=2) as api:
        model = client(api, batch=True)
        model._pause = lambda _seconds: api.batches.finish(next(iter(api.batches.all)), keep=1)
        with pytest.raises(ModelUnreachableError, match="expired"):
            model.complete_all([prompt("ask 1"), prompt("ask 2")])


def test_one_request_alone_is_not_worth_a_batch(client):
    with MessagesServer(words) as api:
        client(api, batch=True).complete_all([prompt("ask 1")])
        assert [path for _, path in api.seen] == ["/v1/messages"]
