"""What a run with a model costs in requests and tokens, on the server's own books."""

from dataclasses import replace

import pytest

from agents.model_turn import ModelTurn
from agents.playbook import PlaybookTurn
from integrations.desk import Desk
from integrations.terminal import SilentChannel
from memory.records import Draft, Kind
from orchestrator import runs
from tests.acceptance.conftest import make_small
from tests.fakes.desk_brain import desk_brain
from tests.fakes.messages_api import MessagesServer
from tests.model_desk import ask_model, small_desk

TWELVE = (
    "silver-squeeze", "silver-calendar", "slv-butterfly", "metals-over-oil", "copper", "tin", "compute-gap", "token-demand",
    "gpu-cloud-credit", "japan-banks", "fed-dilemma", "us-exceptionalism",
)  # fmt: skip


class Counting:
    """A model that counts its rounds: what is asked at once waits once."""

    def __init__(self, model):
        self._model = model
        self.rounds = 0

    def complete_all(self, prompts, say=None):
        self.rounds += 1
        return self._model.complete_all(prompts, say)

    def left(self, run_id):
        return self._model.left(run_id)


def run(folder, api, extra=0):
    """Run a desk whose memory holds ``extra`` notes more; returns the rounds of requests."""
    ask_model(folder, api)
    with Desk(folder) as desk:
        notes = (f"Shipment {number} of grain left the port on time and arrived {number % 97} days later." for number in range(extra))
        desk.store.remember_many(Draft(kind=Kind.NOTE, body=text, author="desk") for text in notes)
        context = desk.context(SilentChannel())
        counting = Counting(desk.model)
        context = replace(context, agent=ModelTurn(counting, PlaybookTurn(), desk.roles, desk.check(desk.store)))
        assert runs.start(context, desk.checkpoints, "r1", desk.as_of(), []).status in {"done", "waiting"}
    return counting.rounds


def inputs(api):
    tokens = api.bill.tokens()
    return tokens["input"] + tokens["cache_read"] + tokens["cache_write"]


@pytest.fixture(scope="module")
def twelve(tmp_path_factory):
    folder = make_small(tmp_path_factory.mktemp("twelve") / "desk", TWELVE, ("silver", "gpu", "tin", "copper", "oil", "fed", "japan")).desk
    with MessagesServer(desk_brain) as api:
        rounds = run(folder, api)
    return rounds, api


def test_one_thesis_is_updated_by_five_agents_in_at_most_eight_serial_calls(tmp_path):
    folder = small_desk(tmp_path / "desk")
    with MessagesServer(desk_brain) as api:
        assert run(folder, api) <= 8
        speakers = {"architect", "data-analyst", "quant", "developer", "frontend"}
        assert all(any(f"You are the {name}." in str(request.body["messages"]) for request in api.requests) for name in speakers)


def test_twelve_theses_take_no_more_serial_calls_than_one(twelve):
    assert twelve[0] <= 8


def test_a_nightly_pass_over_twelve_theses_reads_at_most_100k_tokens(twelve):
    assert inputs(twelve[1]) <= 100_000


def test_three_quarters_of_the_input_come_from_the_cache_and_three_fifths_in_the_discussion(twelve):
    _, api = twelve
    assert api.bill.cache_share() >= 0.75
    talk = [
        c
        for c, r in zip(api.bill.charges, api.requests, strict=True)
        if "<channel>" in str(r.body) and "Write the rationale" not in str(r.body)
    ]
    usage = [charge.usage.wire(0) for charge in talk]
    read = sum(item["cache_read_input_tokens"] for item in usage)
    whole = read + sum(item["input_tokens"] + item["cache_creation_input_tokens"] for item in usage)
    assert len(talk) >= 5
    assert read / whole >= 0.60


def test_input_per_thesis_hardly_grows_with_memory(tmp_path):
    counts = []
    for extra in (500, 5_000):
        folder = small_desk(tmp_path / f"desk-{extra}")
        with MessagesServer(desk_brain) as api:
            run(folder, api, extra)
        counts.append(inputs(api))
    assert counts[1] <= 1.1 * counts[0]
