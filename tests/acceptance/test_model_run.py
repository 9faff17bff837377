"""A run with a model, through the public commands, when the model, the service or the process fails."""

import json
import os
import random
import shutil
import signal

import pytest

from integrations.desk import Desk
from memory.records import Kind
from tests.commands import Command
from tests.fakes.desk_brain import desk_brain
from tests.fakes.messages_api import MessagesServer, at, faults
from tests.integrations.models.conftest import PRICES
from tests.model_desk import ask_model

PASSING = ["429", "529", "500", "html", "malformed json", "early close", "cut", "stall", "error event", "truncated tool json"]
COSTING = ["refusal", "max tokens", "context overflow", "wrong json"]
CALLS = 12


def stoa(folder, *arguments):
    return Command(*arguments, "--desk", folder)


def run(folder, *arguments):
    process = stoa(folder, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def ledger(folder):
    with Desk(folder) as desk:
        return sum(receipt["cost_usd"] for receipt in desk.journal.receipts())


def posts(folder):
    with Desk(folder) as desk:
        return [(record.author, record.body) for record in desk.store.find(run_id="r1", kinds=[Kind.MESSAGE])]


@pytest.fixture(scope="module")
def undisturbed(prepared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "desk"
    shutil.copytree(prepared, folder)
    with MessagesServer(desk_brain) as api:
        ask_model(folder, api)
        code, out, err = run(folder, "run", "--run-id", "r1", "--json")
        assert code == 0, err
        assert len(api.requests) == CALLS
    return json.loads(out), posts(folder)


def test_faults_that_pass_leave_the_run_as_it_would_have_been_and_the_ledger_equals_the_bill(folder, undisturbed):
    chance = random.Random(20261121)
    where = chance.sample(range(1, CALLS + len(PASSING)), len(PASSING))
    plans = [at(number, faults.EVERY[name]) for number, name in zip(where, PASSING, strict=True)]
    with MessagesServer(desk_brain, faults=plans) as api:
        ask_model(folder, api)
        code, out, err = run(folder, "run", "--run-id", "r1", "--json")
        bill, met = api.bill_usd(PRICES), {kind for _, kind in api.faulted}
    assert code == 0, err
    assert len(met) >= 6
    assert [item["rationale"] for item in json.loads(out)["revisions"]] == [item["rationale"] for item in undisturbed[0]["revisions"]]
    assert posts(folder) == undisturbed[1]
    assert ledger(folder) == pytest.approx(bill, abs=0.005)


@pytest.mark.parametrize("name", COSTING)
def test_an_answer_that_cannot_be_used_costs_its_turn_and_nothing_half_is_in_the_book(folder, name):
    chance = random.Random(name)
    with MessagesServer(desk_brain, faults=[at(chance.sample(range(1, CALLS), 2), faults.EVERY[name])]) as api:
        ask_model(folder, api)
        code, out, err = run(folder, "run", "--run-id", "r1", "--json")
        bill = api.bill_usd(PRICES)
    assert code == 0, err
    for revision in json.loads(out)["revisions"]:
        assert revision["evidence"]
        assert revision["rationale"].endswith(("The evidence carries the change.", ".", "”"))
    assert all(body.endswith((".", "”", "]")) for _, body in posts(folder))
    assert ledger(folder) == pytest.approx(bill, abs=0.005)


def test_an_endpoint_that_stays_down_stops_the_run_with_a_sentence_and_it_goes_on_later(folder, undisturbed):
    with MessagesServer(desk_brain, faults=[at(range(5, 40), faults.rate_limited(3600))]) as api:
        ask_model(folder, api)
        code, _, err = run(folder, "run", "--run-id", "r1", "--json")
        asked = sum(1 for _ in api.requests) - len(api.faulted)
    assert code == 1
    assert "resume the run" in err
    assert "Traceback" not in err
    with MessagesServer(desk_brain) as api:
        ask_model(folder, api)
        code, _, err = run(folder, "runs", "resume", "r1", "--json")
        assert code == 0, err
        assert len(api.requests) == CALLS - asked
    assert posts(folder) == undisturbed[1]


@pytest.mark.parametrize("number", [3, 8, 11])
def test_killed_at_a_call_and_resumed_in_a_new_process_only_the_rest_is_asked(folder, undisturbed, number):
    """The call at which the process dies is alone in its step or the last of it, so that what was answered before is all on receipts."""
    victim = []

    def brain(call):
        if call.number == number:
            os.kill(victim[0].pid, signal.SIGKILL)
            victim[0].wait(timeout=5)
        return desk_brain(call)

    with MessagesServer(brain) as api:
        ask_model(folder, api, "parallel = 1\n")
        victim.append(stoa(folder, "run", "--run-id", "r1", "--json"))
        victim[0].communicate(timeout=120)
    with Desk(folder) as opened:
        answered = len(opened.journal.receipts())
    with MessagesServer(desk_brain) as api:
        ask_model(folder, api, "parallel = 1\n")
        code, out, err = run(folder, "runs", "resume", "r1", "--json")
        assert code == 0, err
        assert len(api.requests) == CALLS - answered
    assert answered == number - 1
    assert [item["rationale"] for item in json.loads(out)["revisions"]] == [item["rationale"] for item in undisturbed[0]["revisions"]]
    assert posts(folder) == undisturbed[1]


def test_a_model_that_never_stops_calling_is_stopped_and_answers_from_what_it_has(folder):
    from tests.fakes.messages_api import reply, tool_use

    def brain(call):
        if call.body.get("tools") and "You are the quant" in call.prompt:
            return reply(tool_use("call", {"tool": "thesis.get", "arguments": {"slug": "gpu-cloud-credit"}}))
        return desk_brain(call)

    with MessagesServer(brain) as api:
        ask_model(folder, api, "budget_calls = 60\n")
        code, _, err = run(folder, "run", "--run-id", "r1", "--json")
        assert code == 0, err
        assert len(api.requests) <= 60


def test_a_budget_that_is_used_up_stops_the_run_which_a_higher_one_ends(folder):
    with MessagesServer(desk_brain) as api:
        ask_model(folder, api, "budget_calls = 6\n")
        code, _, err = run(folder, "run", "--run-id", "r1", "--json")
        assert code == 1
        assert "raise model.budget_calls and resume it" in err
        ask_model(folder, api, "budget_calls = 40\n")
        code, _, err = run(folder, "runs", "resume", "r1", "--json")
        assert code == 0, err


def test_the_cost_is_told_by_agent_and_by_thesis_and_the_run_is_replayed_bit_for_bit(folder):
    with MessagesServer(desk_brain) as api:
        ask_model(folder, api)
        assert run(folder, "run", "--run-id", "r1", "--json")[0] == 0
        asked = len(api.requests)
        code, out, _ = run(folder, "runs", "show", "r1", "--json")
        shown = json.loads(out)
        bill = api.bill_usd(PRICES)
        code_replay, replayed, err = run(folder, "runs", "replay", "r1", "--json")
        assert len(api.requests) == asked
    assert code == 0
    assert code_replay == 0, err
    assert json.loads(replayed)["identical"] is True
    assert sum(row["cost_usd"] for row in shown["cost"]["by_agent"]) == pytest.approx(bill)
    assert {row["agent"] for row in shown["cost"]["by_agent"]} == {"architect", "data-analyst", "quant", "developer", "frontend"}
    assert [row["thesis"] for row in shown["cost"]["by_thesis"]] == ["", "gpu-cloud-credit"]
