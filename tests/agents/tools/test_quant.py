"""The contract of the quant tools: names, arguments, fields, units, refusals; all of it through ``agents.tool.call``."""

import math

import pytest

from agents.errors import ToolError
from agents.quant.result import Result
from agents.tool import call, tools

HULL = {"type": "call", "S": 42, "K": 40, "t": 0.5, "r": 0.1, "sigma": 0.2}
FLY = [["call", 1, 70, None], ["call", -2, 90, None], ["call", 1, 110, None]]
WTI = [["2026-02", 75.0], ["2026-08", 68.0], ["2027-12", 60.0]]
CLAIM = {"id": "a", "thesis": "one", "subject": "desk", "metric": "hit rate", "kind": "rate", "low": 80, "high": 80, "unit": "%"}

CONTRACT = {  # tool: (arguments, the fields that the contract names)
    "quant.option": (HULL, "price delta gamma vega vega_per_pct theta theta_per_day rho rho_per_pct units engine"),
    "quant.implied_vol": ({"type": "call", "S": 42, "K": 40, "t": 0.5, "r": 0.1, "price": 4.76}, "sigmas bounds"),
    "quant.structure": (
        {"legs": FLY, "cost": 2.5, "S": 69.75, "t": 0.4411, "r": 0.037, "sigma": 0.6, "nav_pct": 5},
        "cost max_profit max_loss breakevens gross_multiple net_multiple payoff value_now greeks probability_of_profit flat_vols_that_match_cost",
    ),
    "quant.curve": (
        {"points": WTI, "spot": 76, "r": 0.037, "storage": 0.01, "as_of": "2026-01-08"},
        "shape tenors annualised_carry implied_yield roll_yield spreads fair_spread",
    ),
    "quant.calendar_spread": (
        {"near": 76.93, "far": 77.5, "r": 0.037, "t": 0.25},
        "spread fair_far fair_spread implied_rate value_per_point",
    ),
    "quant.basis": ({"here": 76.93, "there": 78.1, "costs": {"freight": 0.4, "finance": 0.2}}, "gross net costs here there"),
    "quant.forward": ({"S": 76.93, "r": 0.037, "t": 0.25, "q": 0.0, "storage": 0.002}, "forward carry"),
    "quant.merton": ({"equity": 3, "equity_vol": 0.8, "debt": 10, "r": 0.05, "T": 1}, "roots"),
    "quant.merton_band": ({"spread": 0.07, "T": 5, "equity_vol": 0.8}, "leverage equity_vol lowest highest share_below verdict"),
    "quant.credit_curve": (
        {"spread_bp": [[1, 100], [3, 150], [5, 200]], "r": 0.03},
        "hazard survival par_spread_bp forward_hazards par_spreads_bp",
    ),
    "quant.runway": (
        {"capex": 26, "revenue": 12, "ebitda": 8, "cash": 2},
        "free_cash_flow runway_years runway_days external_need_12m funding_gap",
    ),
    "quant.growth_gap": ({"target": 12, "factors": {"a": 3, "b": 2}}, "target product missing_factor missing_name consistent"),
    "quant.deficit": ({"demand_growth": 0.35, "supply_growth": 0.03, "years": 5}, "demand_cagr deficit_pct_of_supply"),
    "quant.supply_demand": (
        {"utilisation": [0.25, 0.3], "supply_growth": 0.5, "demand_growth": 0.15, "start": "2026-01-08", "levels": [0.15], "paths": 50},
        "years supply demand low high fan crossings needed_growth seed stay adoption",
    ),
    "quant.adoption": (
        {"gates": [{"name": "law", "share": 0.5, "first": 2029, "last": 2030}], "start": 2026, "end": 2035, "rate": 1, "half": 3},
        "years early late segments fan seed",
    ),
    "quant.risk": ({"series": {"a": [1.0, 1.1, 1.05]}, "periods": 12}, "series co_movement hedge scenarios as_of left_out"),
    "quant.regression": ({"y": [1, 2.2, 2.9, 4.1], "x": {"x": [1, 2, 3, 4]}}, "coefficients errors t r_squared residual_vol lags n"),
    "quant.score": (
        {"forecasts": [{"probability": 0.2, "outcome": "no"}]},
        "brier skill_vs_base_rate skill_vs_market log_score ranked_probability_score murphy calibration hit_rate_interval brier_interval clusters",
    ),
    "quant.consistency": ({"claims": [CLAIM]}, "contradictions bets not_compared"),
}


def test_every_quant_tool_is_under_the_contract():
    assert {name for name in tools() if name.startswith("quant.")} == set(CONTRACT)


@pytest.mark.parametrize("name", CONTRACT)
def test_a_tool_takes_the_contracts_arguments_and_gives_its_fields_with_their_units(name):
    arguments, fields = CONTRACT[name]
    found = call(name, arguments)
    assert isinstance(found, Result)
    data = found.model_dump(mode="json")
    assert set(fields.split()) <= set(data)
    inner = [name for value in data.values() if isinstance(value, list) for row in value if isinstance(row, dict) for name in row]
    assert set(found.units) <= {*data, *inner}


@pytest.mark.parametrize("name", CONTRACT)
def test_a_tool_says_what_it_is_for_and_refuses_an_argument_it_does_not_know(name):
    assert len(tools()[name].description) > 40
    with pytest.raises(ToolError, match="colour"):
        call(name, {**CONTRACT[name][0], "colour": "red"})


def test_hulls_option_by_name_with_traders_units():
    found = call("quant.option", HULL)
    assert round(found.price, 2) == 4.76
    assert found.vega_per_pct == found.vega / 100
    assert found.theta_per_day == found.theta / 365
    assert found.units["vega_per_pct"] == "per volatility point"


@pytest.mark.parametrize(
    ("more", "price", "engine"),
    [
        ({"type": "put", "S": 100, "K": 100, "t": 1, "r": 0.05, "q": 0.05, "sigma": 0.25, "style": "american"}, 9.569445, "fixed-point"),
        ({"S": 80, "K": 82, "t": 1 / 3, "r": 0.06, "sigma": 0.3, "dividends": [[0.25, 4]], "style": "american"}, 4.3860, "finite-differences"),
        ({"S": 100, "K": 90, "r": 0.08, "q": 0.04, "sigma": 0.25, "barrier": {"kind": "down-and-out", "H": 95, "rebate": 3}}, 9.0246, "closed-form"),
        ({"S": 2, "K": 2, "t": 1, "r": 0.05, "sigma": 0.5, "average": "arithmetic"}, 0.2464, "recursion"),
        ({"S": 100, "K": 100, "t": 1, "r": 0.06, "q": 0.03, "average": {"kind": "geometric", "fixings": 10}}, 5.3426, "closed-form"),
        ({"type": "put", "S": None, "F": 20, "K": 20, "t": 4 / 12, "r": 0.09, "sigma": 0.25}, 1.1166, "closed-form"),
    ],
)  # fmt: skip
def test_every_kind_of_option_has_its_price_and_names_its_engine(more, price, engine):
    found = call("quant.option", HULL | more)
    assert (found.price, found.engine) == (pytest.approx(price, abs=6e-5), engine)


def test_an_american_price_and_a_price_out_of_bounds():
    american = {"type": "put", "S": 36, "K": 40, "t": 1, "r": 0.06, "style": "american"}
    assert call("quant.implied_vol", american | {"price": 4.4866744}).sigmas == [pytest.approx(0.2, abs=1e-5)]
    with pytest.raises(ToolError, match="under the lower bound 4"):
        call("quant.implied_vol", american | {"price": 3.9})


@pytest.mark.parametrize(
    ("legs", "extra"),
    [
        ([["call", 1, 100, 5.0], ["put", 1, 100, 4.0]], {}),  # straddle
        ([["call", 1, 100, 5.0], ["call", -1, 110, 2.0]], {}),  # vertical
        ([["put", 1, 80, 1.0], ["put", -1, 90, 2.5], ["call", -1, 110, 2.5], ["call", 1, 120, 1.0]], {}),  # condor
        ([["call", 1, 100, 5.0], ["call", -2, 110, 2.0]], {}),  # ratio
        ([["call", -1, 80, None, 0.25], ["call", 1, 80, None, 0.5]], {"S": 76.93, "r": 0.037, "sigma": 0.6}),  # calendar
    ],
)
def test_every_structure_breaks_even_where_its_payoff_is_its_cost(legs, extra):
    levels = call("quant.structure", {"legs": legs, **extra}).breakevens
    assert levels
    found = call("quant.structure", {"legs": legs, "at": levels, **extra})
    paid = dict(found.payoff)
    assert [paid[level] for level in levels] == [pytest.approx(found.cost, abs=1e-6)] * len(levels)


def test_a_basis_without_its_legs_says_what_would_settle_it_and_gives_no_number():
    with pytest.raises(ToolError, match="the price at LBMA on the same day, the cost finance, the cost freight: a quote of a broker"):
        call("quant.basis", {"here": {"price": 76.93, "venue": "COMEX"}, "there": {"price": None, "venue": "LBMA"}, "costs": {}})


def test_a_basis_converts_unit_and_currency_takes_the_tax_off_and_finances_the_goods():
    there = {"price": 20_000, "venue": "SGE", "unit": "kg", "currency": "CNY", "fx": 0.14, "tax": 0.13}
    here = {"price": 76.93, "venue": "COMEX", "unit": "oz", "currency": "USD"}
    found = call("quant.basis", {"here": here, "there": there, "costs": {"freight": 0.4}, "r": 0.037, "t": 0.1})
    sold = 20_000 / 1.13 * 0.14 * 31.1034768 / 1000
    assert found.there == pytest.approx(sold)
    assert found.net == pytest.approx(sold - 76.93 - 0.4 - 76.93 * math.expm1(0.0037))
    assert found.units["net"] == "USD/oz"


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("quant.option", HULL | {"S": -1}, "above zero"),
        ("quant.option", HULL | {"style": "american", "average": "arithmetic"}, "cannot be priced with american exercise"),
        ("quant.option", HULL | {"barrier": {"kind": "sideways", "H": 50}}, "barrier"),
        ("quant.curve", {"points": [["2026-02", -36.98], ["2026-03", 20]]}, "no carry"),
        ("quant.calendar_spread", {"near": 1, "r": 0, "t": 1, "contract": "comex.tin"}, "known are cbot.corn"),
        ("quant.calendar_spread", {"near": 1, "r": 0, "t": 1, "contract": "comex.silver", "months": ["June"]}, "write it as 2026-06"),
        ("quant.merton", {"equity_vol": 0.1, "spread": 0.07, "T": 5}, "the spread alone needs"),
        ("quant.merton", {"equity_vol": 0.1, "T": 5}, "give either spread and equity_vol, or equity"),
        ("quant.supply_demand", CONTRACT["quant.supply_demand"][0] | {"band": [0.1, 0.15]}, "band and phase go together"),
        ("quant.consistency", {}, "run it with --desk DIR"),
        ("quant.score", {}, "run it with --desk DIR"),
    ],
)
def test_a_refusal_is_one_sentence_that_says_what_to_mend(name, arguments, sentence):
    with pytest.raises(ToolError, match=sentence):
        call(name, arguments)
