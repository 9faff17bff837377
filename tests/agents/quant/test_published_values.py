"""Published values for each model, and laws across them."""

import math
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agents.errors import QuantError
from agents.quant import credit, curves, growth
from agents.quant.forecast_scores import Scored, brier, murphy, ranked_probability_score, score, wilson
from agents.quant.legs import legs_of, payoff_at
from agents.quant.options import Terms, greeks, implied_vol, price, terms_of
from agents.quant.structures import Market, structure


def test_hulls_european_call_and_put():
    # Hull, Options, Futures, and Other Derivatives, chapter 15: S 42, K 40, r 10 %, sigma 20 %, half a year.
    call = Terms("call", 42, 40, 0.5, 0.1, 0.0, 0.2)
    assert price(call) == pytest.approx(4.7594, abs=5e-5)
    assert price(call._replace(kind="put")) == pytest.approx(0.8086, abs=5e-5)


def test_hulls_greeks_of_a_call():
    # Hull, chapter 19: S 49, K 50, r 5 %, sigma 20 %, 20 weeks.
    found = greeks(Terms("call", 49, 50, 20 / 52, 0.05, 0.0, 0.2))
    assert (round(found.delta, 3), round(found.gamma, 3), round(found.vega, 1), round(found.theta, 2), round(found.rho, 2)) == (
        0.522,
        0.066,
        12.1,
        -4.31,
        8.91,
    )
    assert found.vega_per_pct == pytest.approx(found.vega / 100)


def test_blacks_put_on_a_future():
    # Hull, chapter 18: futures put, F 60, K 60, r 9 %, sigma 25 %, four months: 3.35.
    assert price(terms_of("put", F=60, K=60, t=4 / 12, r=0.09, sigma=0.25)) == pytest.approx(3.35, abs=5e-3)


TERMS = st.builds(
    Terms, kind=st.sampled_from(["call", "put"]), spot=st.floats(1, 500), strike=st.floats(1, 500), years=st.floats(0.02, 5),
    rate=st.floats(-0.02, 0.2), dividend=st.floats(0, 0.1), sigma=st.floats(0.05, 2),
)  # fmt: skip


@given(TERMS)
def test_put_call_parity(terms):
    gap = price(terms._replace(kind="call")) - price(terms._replace(kind="put"))
    forward = terms.spot * math.exp(-terms.dividend * terms.years) - terms.strike * math.exp(-terms.rate * terms.years)
    assert gap == pytest.approx(forward, abs=1e-9 * max(terms.spot, terms.strike) + 1e-9)


@given(TERMS)
def test_an_implied_volatility_gives_its_price_back(terms):
    target = price(terms)
    low = price(terms._replace(sigma=0.0))
    assume(target - low > 1e-4 * terms.spot)
    found = implied_vol(terms, target)
    assert any(price(terms._replace(sigma=sigma)) == pytest.approx(target, rel=1e-7) for sigma in found.sigmas)


@pytest.mark.parametrize(("target", "word"), [(1.0, "intrinsic"), (50.0, "upper bound")])
def test_a_price_outside_its_bounds_is_refused_with_the_bound(target, word):
    with pytest.raises(QuantError, match=word):
        implied_vol(Terms("call", 42, 40, 0.5, 0.1, 0.0, 0.2), target)


LEGS = st.lists(
    st.tuples(st.sampled_from(["call", "put"]), st.sampled_from([-2, -1, 1, 2]), st.integers(10, 200), st.floats(0.1, 20)),
    min_size=1,
    max_size=5,
)


@given(LEGS, st.floats(0, 400))
def test_a_structure_pays_the_sum_of_its_legs_and_breaks_even_where_it_says(rows, spot):
    legs = legs_of([list(row) for row in rows])
    assert payoff_at(legs, spot) == pytest.approx(sum(payoff_at([leg], spot) for leg in legs))
    found = structure(legs, Market())
    for level in found.breakevens:
        assert payoff_at(legs, level) == pytest.approx(found.cost, abs=1e-6)


def test_a_naked_call_says_that_its_loss_has_no_limit():
    found = structure(legs_of([["call", -1, 100, 5.0]]), Market())
    assert (found.max_loss, found.max_loss_unlimited, found.max_profit) == (None, True, 5.0)


def test_a_calendar_without_volatility_is_refused():
    with pytest.raises(QuantError, match="sigma"):
        structure(legs_of([["call", -1, 80, None, 0.25], ["call", 1, 80, None, 0.5]]), Market(76.93))


@pytest.mark.parametrize(
    ("prices", "shape"),
    [
        ([75, 70, 60], "backwardation"),
        ([60, 65, 70], "contango"),
        ([60, 60.01, 60], "flat"),
        ([60, 66, 61], "humped"),
        ([75, 60, 66, 62], "mixed"),
    ],
)
def test_a_curve_is_named_by_its_shape(prices, shape):
    assert curves.curve([(f"{2026 + i}-06-01", p) for i, p in enumerate(prices)]).shape == shape


def test_a_missing_cost_of_the_basis_is_asked_for_and_never_invented():
    with pytest.raises(QuantError, match="freight"):
        curves.basis(76.93, 78.1, {"freight": None, "finance": 0.2})
    assert curves.basis(76.93, 78.1, {"freight": 0.5, "finance": 0.2}).net == pytest.approx(0.47)


def test_merton_from_equity_and_from_its_spread_agree():
    # Hull, chapter 24: E 3, sigma_E 80 %, debt 10 in a year, r 5 %: V 12.40, sigma_V 21.23 %, default 12.7 %.
    root = credit.merton_from_equity(3, 0.8, 10, 0.05, 1).roots[0]
    assert (round(root.asset_value, 2), round(root.asset_vol, 4), round(root.default_probability, 3)) == (12.40, 0.2123, 0.127)


def test_the_same_seed_gives_the_same_fan():
    def fan(seed):
        return growth.supply_demand(
            utilisation=(0.25, 0.3), supply_growth=0.5, demand_growth=0.15, start=date(2026, 1, 8), years=5, seed=seed
        ).fan

    assert fan(7) == fan(7)
    assert fan(7) != fan(8)


PAIRS = st.lists(st.tuples(st.sampled_from([0.1, 0.25, 0.5, 0.7, 0.9]), st.booleans()), min_size=1, max_size=60)


@given(PAIRS)
def test_murphys_parts_add_up_to_the_brier_score(pairs):
    parts = murphy(pairs)
    whole = sum(brier(p, o) for p, o in pairs) / len(pairs)
    assert parts["reliability"] - parts["resolution"] + parts["uncertainty"] == pytest.approx(whole)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_holds_the_share_and_stays_a_probability(case):
    hits, n = case
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1


def test_wilsons_published_interval():
    # Agresti and Coull (1998): 0 of 20 gives 0 to 0.161.
    assert wilson(0, 20) == (0.0, pytest.approx(0.161, abs=5e-4))


def test_under_ten_forecasts_no_percentage_is_given():
    few = score([Scored(probability=0.2, outcome="no", thesis="t")] * 9)
    assert (few.hit_rate, few.skill_vs_base_rate, few.murphy, few.calibration) == (None, None, None, [])
    assert "too few" in few.note
    enough = score([Scored(probability=0.2, outcome="no", thesis=f"t{i}", base_rate=0.5) for i in range(10)] + [Scored(probability=0.5)])
    assert (enough.hit_rate, enough.skill_vs_base_rate, enough.open) == (1.0, pytest.approx(0.84), 1)


def test_a_sure_and_right_category_forecast_scores_zero():
    assert ranked_probability_score([0, 1, 1], 1) == 0
    assert ranked_probability_score([1, 1, 1], 2) == 1
