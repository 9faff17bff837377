"""``stoa tool call`` on the quant tools: one JSON document, and only what the tool needs is loaded."""

import json

import pytest

from tests import commands
from tests.integrations.test_start_up import loaded

HEAVY = {"QuantLib", "pandas", "scipy", "statsmodels", "arch", "matplotlib", "chromadb", "langgraph", "anthropic"}
HULL = {"type": "call", "S": 42, "K": 40, "t": 0.5, "r": 0.1, "sigma": 0.2}
FLY = {"legs": [["call", 1, 70, None], ["call", -2, 90, None], ["call", 1, 110, None]], "cost": 2.5, "S": 69.75, "t": 0.4411, "r": 0.037}


def run(*words):
    return commands.run(*words)


def test_an_option_is_one_json_document_with_every_field_of_the_contract_and_no_desk():
    done = run("tool", "call", "quant.option", json.dumps(HULL), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert round(found["price"], 4) == 4.7594
    assert set(found) == {
        "price", "delta", "gamma", "vega", "vega_per_pct", "theta", "theta_per_day", "rho", "rho_per_pct", "units", "engine", "note",
    }  # fmt: skip


def test_a_refusal_is_one_sentence_and_exit_2():
    done = run("tool", "call", "quant.implied_vol", json.dumps({"type": "call", "S": 42, "K": 40, "t": 0.5, "r": 0.1, "price": 50}))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "at or over the upper bound 42" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tool_that_can_do_without_a_desk_runs_where_there_is_none_and_a_wrong_desk_is_named():
    prices = json.dumps({"series": {"x": [1.0, 1.1, 1.05]}, "periods": 12})
    assert json.loads(run("tool", "call", "quant.risk", prices).stdout)["series"]["x"]["streak"] == -1
    wrong = run("tool", "call", "quant.risk", prices, "--desk", "/nowhere")
    assert wrong.returncode == 2
    assert "/nowhere is no desk" in wrong.stderr


@pytest.mark.parametrize(
    ("words", "also"),
    [
        (("tool", "list"), {"numpy", "duckdb"}),
        (("tool", "call", "quant.option", json.dumps(HULL)), {"numpy"}),
        (("tool", "call", "quant.runway", '{"capex": 26, "revenue": 12, "ebitda": 8, "cash": 2}'), {"numpy"}),
        (("tool", "call", "quant.structure", json.dumps(FLY)), set()),
    ],
)
def test_what_a_closed_form_does_not_need_is_not_loaded(words, also):
    _, modules = loaded(*words)
    assert modules.isdisjoint(HEAVY | also)


def test_an_american_option_loads_quantlib_and_nothing_else_that_is_heavy():
    _, modules = loaded("tool", "call", "quant.option", json.dumps(HULL | {"style": "american"}))
    assert modules & HEAVY == {"QuantLib"}
