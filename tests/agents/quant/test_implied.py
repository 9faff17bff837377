"""Implied volatility of any contract: round trips, several roots, and bounds that are named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.quant.contracts import Average, Barrier, contract_of, engine_of, value
from agents.quant.errors import QuantError
from agents.quant.implied import implied_vol

BASE = {"S": 100, "K": 95, "t": 0.5, "r": 0.05, "q": 0.03}


def contract(kind="put", sigma=0.3, **more):
    return contract_of(kind, **(BASE | {"sigma": sigma} | more))


def priced(kind="put", sigma=0.3, **more):
    made = contract(kind, sigma, **more)
    return value(made, engine_of(made))


@settings(max_examples=8)
@given(st.floats(0.12, 1.5), st.sampled_from(["call", "put"]))
def test_an_american_price_gives_its_volatility_back(sigma, kind):
    found = implied_vol(contract(kind, style="american"), priced(kind, sigma, style="american"))
    assert found.sigmas == [pytest.approx(sigma, abs=2e-6)]


def test_so_does_an_average_and_a_call_with_cash_dividends():
    average = {"average": Average(kind="arithmetic", fixings=6)}
    assert implied_vol(contract("call", **average), priced("call", 0.4, **average)).sigmas == [pytest.approx(0.4, abs=1e-6)]
    paying = {"style": "american", "dividends": [(0.2, 1.0)], "q": 0.0}
    assert implied_vol(contract("call", **paying), priced("call", 0.25, **paying)).sigmas == [pytest.approx(0.25, abs=1e-5)]


def test_a_european_price_is_solved_in_closed_form():
    assert implied_vol(contract(), priced(sigma=0.37)).sigmas == [pytest.approx(0.37, abs=1e-10)]


def test_a_knock_out_can_have_two_volatilities_and_both_give_the_price():
    barrier = {"barrier": Barrier(kind="up-and-out", H=125), "K": 105}
    found = implied_vol(contract("call", **barrier), 1.0)
    assert len(found.sigmas) == 2
    assert [priced("call", sigma, **barrier) for sigma in found.sigmas] == [pytest.approx(1.0, abs=1e-8)] * 2
    assert "2 volatilities" in found.note


@pytest.mark.parametrize(
    ("given", "target", "sentence"),
    [
        ({"S": 80, "style": "american"}, 14.9, "under the lower bound 15, exercise at the best moment"),
        ({"style": "american"}, 95.0, "at or over the upper bound 95"),
        ({"barrier": Barrier(kind="up-and-out", H=125)}, 60.0, "over the highest price"),
        ({"barrier": Barrier(kind="up-and-out", H=90)}, 1.0, "touched already"),
        ({"average": Average(kind="arithmetic")}, 99.0, "upper bound 92.65"),
        ({"t": 0}, 1.0, "needs time to expiry"),
        ({}, float("nan"), "finite price"),
    ],
)
def test_a_price_outside_its_bounds_is_refused_with_the_bound(given, target, sentence):
    with pytest.raises(QuantError, match=sentence):
        implied_vol(contract(**given), target)


def test_a_price_of_immediate_exercise_does_not_tell_low_volatilities_apart():
    found = implied_vol(contract(S=80, style="american"), 15.0)
    assert (found.sigmas, found.bounds[0]) == ([0.0], 15.0)
    assert "lower bound" in found.note
