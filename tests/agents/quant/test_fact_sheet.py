"""The bracketed remarks of the example's fact sheet, to the digits given there, and published values for each model."""

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

FLY = [["call", 1, 70, None], ["call", -2, 90, None], ["call", 1, 110, None]]
TO_JUNE = (date(2026, 6, 18) - date(2026, 1, 8)).days / 365


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


def test_the_butterfly_of_the_fact_sheet():
    found = structure(legs_of(FLY), Market(69.75, TO_JUNE, 0.037), cost=2.5, nav_pct=5)
    assert (found.max_profit, found.net_multiple, found.max_loss) == (17.5, 7.0, 2.5)
    assert found.breakevens == [72.5, 107.5]
    assert max(value for _, value in found.payoff) == 20
    assert found.flat_vols_that_match_cost[-1] == pytest.approx(0.83, abs=0.005)
    assert (found.nav_loss_pct, found.nav_profit_pct) == (5, 35)


def test_at_plus_fifty_per_cent_the_butterfly_is_past_its_peak():
    assert payoff_at(legs_of(FLY), 104.62) == pytest.approx(5.38)


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


def test_the_fair_calendar_spread_of_the_fact_sheet():
    found = curves.calendar_spread(76.93, None, 0.037, 0.25, 5000)
    assert (round(found.fair_far, 4), round(found.fair_spread, 4), found.value_per_point) == (77.6449, -0.7149, 5000)


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


def test_two_firms_fit_700_basis_points_and_an_equity_volatility_of_80():
    roots = credit.merton_from_spread(0.07, 0.80, 5).roots
    assert [round(root.leverage, 4) for root in roots] == [0.3657, 1.2540]
    assert all(root.spread_bp == pytest.approx(700) for root in roots)
    band = credit.equity_vol_band(0.07, 5, 0.2, 1.0, 33)
    assert (round(min(band.equity_vol), 2), round(max(band.equity_vol), 2)) == (0.74, 0.87)


def test_merton_from_equity_and_from_its_spread_agree():
    # Hull, chapter 24: E 3, sigma_E 80 %, debt 10 in a year, r 5 %: V 12.40, sigma_V 21.23 %, default 12.7 %.
    root = credit.merton_from_equity(3, 0.8, 10, 0.05, 1).roots[0]
    assert (round(root.asset_value, 2), round(root.asset_vol, 4), round(root.default_probability, 3)) == (12.40, 0.2123, 0.127)


def test_the_runway_of_the_fact_sheet():
    found = credit.runway(26, 12, 8, 2)
    assert (found.free_cash_flow, round(found.runway_days, 1), found.external_need_12m) == (-18, 40.6, 16)


def test_copper_demand_against_supply():
    low, high = growth.deficit(0.35, 0.03, 5), growth.deficit(0.40, 0.03, 5)
    assert (round(low.demand_cagr, 1), round(high.demand_cagr, 1)) == (6.2, 7.0)
    assert (round(low.deficit_pct_of_supply, 1), round(high.deficit_pct_of_supply, 1)) == (16.5, 20.8)


def test_the_utilisation_band_is_entered_between_december_2027_and_august_2028():
    found = growth.supply_demand(
        utilisation=(0.25, 0.30),
        supply_growth=0.5,
        demand_growth=0.15,
        start=date(2026, 1, 8),
        years=9,
        levels=[0.15],
        shortage=(8, 50),
        shortage_year=2035,
    )
    assert (found.crossings[0].earliest.strftime("%Y-%m"), found.crossings[0].latest.strftime("%Y-%m")) == ("2027-12", "2028-08")
    assert [round(rate) for _, rate in found.needed_growth] == [116, 170]


def test_the_same_seed_gives_the_same_fan():
    def fan(seed):
        return growth.supply_demand(
            utilisation=(0.25, 0.3), supply_growth=0.5, demand_growth=0.15, start=date(2026, 1, 8), years=5, seed=seed
        ).fan

    assert fan(7) == fan(7)
    assert fan(7) != fan(8)


def test_twelve_times_needs_a_factor_of_two_that_was_never_named():
    found = growth.growth_gap(12, {"queries": 3, "tokens per query": 2}, "users")
    assert (found.product, found.missing_factor, found.missing_name, found.consistent) == (6, 2, "users", False)


def test_a_shutdown_at_20_to_30_per_cent_scores_as_the_fact_sheet_says():
    assert [round(brier(p, happened), 2) for happened in (False, True) for p in (0.2, 0.3)] == [0.04, 0.09, 0.64, 0.49]


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
