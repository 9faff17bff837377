"""Structures: the butterfly of the fact sheet, laws of payoffs, and legs that expire apart."""

import itertools
import math
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agents.quant.errors import QuantError
from agents.quant.legs import legs_of, payoff_at
from agents.quant.options import Terms, price
from agents.quant.roots import all_roots
from agents.quant.structures import Market, structure

BUTTERFLY = legs_of([["call", 1, 70, None], ["call", -2, 90, None], ["call", 1, 110, None]])
SILVER, SHARE_PER_OUNCE = 76.93, 0.9067
"""COMEX silver in $/oz, and SLV in $/share over it: an assumption, the only one near 0.9 under which +50 % pays 5.38."""
SLV = SILVER * SHARE_PER_OUNCE
TO_JUNE = (date(2026, 6, 18) - date(2026, 1, 8)).days / 365
RATE = 0.037


def test_the_butterfly_gains_seven_times_its_cost_at_best():
    found = structure(BUTTERFLY, Market(SLV, TO_JUNE, RATE), cost=2.5, nav_pct=5)
    assert max(value for _, value in found.payoff) == 20
    assert (found.cost, found.max_profit, found.net_multiple, found.gross_multiple) == (2.5, 17.5, 7.0, 8.0)
    assert (found.max_loss, found.max_profit_unlimited, found.max_loss_unlimited) == (2.5, False, False)
    assert found.breakevens == [72.5, 107.5]
    assert (found.nav_profit_pct, found.nav_loss_pct) == (35, 5)
    assert {70, 90, 110} <= {spot for spot, _ in found.payoff}


def test_the_butterfly_at_two_fifty_needs_a_flat_volatility_of_83_per_cent():
    # 161 days at 3.7 % continuous, no yield, SLV at 0.9067 of silver: 69.75. A second root, 11 %, is the price of a
    # butterfly whose forward hardly reaches the lower strike.
    assert round(SLV, 2) == 69.75
    assert round(TO_JUNE, 4) == 0.4411
    found = structure(BUTTERFLY, Market(SLV, TO_JUNE, RATE), cost=2.5).flat_vols_that_match_cost
    assert [round(sigma, 4) for sigma in found] == [0.1105, 0.8314]


def test_a_spot_of_69_67_gives_exactly_83_per_cent_and_any_near_it_about_83():
    def gap(spot, sigma):
        return sum(leg.quantity * price(Terms("call", spot, leg.strike, TO_JUNE, RATE, 0, sigma)) for leg in BUTTERFLY) - 2.5

    assert [round(spot, 2) for spot in all_roots(lambda spot: gap(spot, 0.83), 50, 90, 400)] == [69.67]
    assert [round(all_roots(lambda spot, v=v: gap(spot, v), 50, 90, 400)[0], 2) for v in (0.825, 0.835)] == [69.36, 69.98]


def test_fifty_per_cent_more_silver_puts_the_butterfly_past_its_peak():
    # SLV follows silver: 69.75 becomes 104.62, on the upper wing, and 110 - 104.62 = 5.38.
    assert round(payoff_at(BUTTERFLY, 104.62), 2) == 5.38
    assert payoff_at(BUTTERFLY, 1.5 * 69.75) == 5.375
    assert round((110 - 5.38) / 1.5, 2) == round(SLV, 2)
    assert payoff_at(BUTTERFLY, 1.5 * SLV) < payoff_at(BUTTERFLY, 100) < payoff_at(BUTTERFLY, 90)


LEG = st.tuples(
    st.sampled_from(["call", "put", "spot", "future"]), st.sampled_from([-3, -2, -1, 1, 2, 3]), st.integers(10, 200), st.floats(0, 20)
)
LEGS = st.lists(LEG, min_size=1, max_size=5).map(lambda rows: legs_of([list(row) for row in rows]))


def by_hand(leg, spot):
    return {"call": max(0, spot - leg.strike), "put": max(0, leg.strike - spot)}.get(leg.kind, spot - leg.strike)


@given(LEGS, st.floats(0, 400))
def test_a_payoff_is_the_sum_of_its_legs(legs, spot):
    assert payoff_at(legs, spot) == pytest.approx(sum(leg.quantity * by_hand(leg, spot) for leg in legs), abs=1e-9)


@given(LEGS)
def test_the_profit_is_zero_at_every_break_even_and_keeps_its_sign_between_them(legs):
    found = structure(legs, Market())
    for level in found.breakevens:
        assert payoff_at(legs, level) == pytest.approx(found.cost, abs=1e-9 * max(1, level))
    cuts = [0.0, *found.breakevens, max([400.0, *found.breakevens]) * 2]
    for low, high in itertools.pairwise(cuts):
        inside = [payoff_at(legs, low + (high - low) * i / 16) - found.cost for i in range(1, 16)]
        assert not (min(inside) < -1e-7 and max(inside) > 1e-7)


@given(LEGS, st.floats(0, 1000))
def test_no_spot_gives_more_than_the_maximum_or_less_than_the_minimum(legs, spot):
    found = structure(legs, Market())
    profit = payoff_at(legs, spot) - found.cost
    assert found.max_profit_unlimited or profit <= found.max_profit + 1e-9
    assert found.max_loss_unlimited or profit >= -found.max_loss - 1e-9
    assert (found.max_profit is None, found.max_loss is None) == (found.max_profit_unlimited, found.max_loss_unlimited)


@given(LEGS)
def test_between_the_points_of_its_payoff_a_structure_is_straight(legs):
    points = structure(legs, Market()).payoff
    assert {leg.strike for leg in legs} <= {spot for spot, _ in points}
    for (a, left), (b, right) in itertools.pairwise(points):
        assert payoff_at(legs, 0.5 * (a + b)) == pytest.approx(0.5 * (left + right), abs=1e-8)


@pytest.mark.parametrize(
    ("rows", "profit", "loss", "breakevens"),
    [
        ([["call", -1, 100, 5.0]], 5.0, None, [105]),
        ([["call", 1, 100, 5.0]], None, 5.0, [105]),
        ([["put", 1, 100, 5.0]], 95.0, 5.0, [95]),
        ([["call", 1, 100, 4.0], ["put", 1, 100, 6.0]], None, 10.0, [90, 110]),
        ([["call", 1, 100, 6.0], ["call", -1, 110, 2.0]], 6.0, 4.0, [104]),
        ([["call", 1, 100, 6.0], ["call", -2, 110, 3.0]], 10.0, None, [100, 120]),
        ([["put", 1, 80, 1.0], ["put", -1, 90, 3.0], ["call", -1, 110, 3.0], ["call", 1, 120, 1.0]], 4.0, 6.0, [86, 114]),
        ([["spot", 1, 100, None], ["call", -1, 110, 3.0]], 13.0, 97.0, [97]),
        ([["call", 1, 100, 0.0]], None, 0.0, [100]),
        ([["call", -1, 100, 5.0], ["put", -1, 100, 5.0], ["call", 1, 110, 0.0], ["put", 1, 90, 0.0]], 10.0, 0.0, [90, 110]),
    ],
    ids=["short call", "call", "put", "straddle", "vertical", "ratio", "condor", "covered call", "free call", "free wings"],
)
def test_a_known_structure_has_its_known_limits(rows, profit, loss, breakevens):
    found = structure(legs_of(rows), Market())
    assert (found.max_profit, found.max_profit_unlimited) == (profit, profit is None)
    assert (found.max_loss, found.max_loss_unlimited) == (loss, loss is None)
    assert found.breakevens == pytest.approx(breakevens)


def test_without_a_cost_nothing_is_said_of_profit_and_the_note_asks_for_it():
    found = structure(BUTTERFLY, Market())
    assert (found.cost, found.max_profit, found.net_multiple, found.breakevens) == (None, None, None, [])
    assert "add cost" in found.note


def test_a_credit_has_no_multiple_and_no_size_in_nav():
    found = structure(legs_of([["call", -1, 100, 5.0], ["call", 1, 120, 1.0]]), Market(), nav_pct=2)
    assert (found.cost, found.net_multiple, found.nav_loss_pct) == (-4, None, None)
    assert "cost above zero" in found.note


def test_premiums_that_are_missing_are_filled_in_by_the_model_or_refused():
    rows = [["call", 1, 90, 12.0, 0.5], ["call", -1, 110, None, 0.5]]
    sold = price(Terms("call", 100, 110, 0.5, 0.03, 0, 0.3))
    assert structure(legs_of(rows), Market(100, None, 0.03, 0, 0.3)).cost == pytest.approx(12 - sold)
    with pytest.raises(QuantError, match="some none"):
        structure(legs_of(rows), Market())


def test_the_model_adds_up_legs_and_their_sensitivities():
    market = Market(100, 0.5, 0.03, 0.01, 0.3)
    rows = [["call", 2, 95, None], ["put", -1, 90, None], ["spot", 1, 100, None], ["future", -1, 100, None]]
    found = structure(legs_of(rows), market)
    value = 2 * price(Terms("call", 100, 95, 0.5, 0.03, 0.01, 0.3)) - price(Terms("put", 100, 90, 0.5, 0.03, 0.01, 0.3))
    carried = 100 * math.exp(0.02 * 0.5)
    assert found.value_now == pytest.approx(value - (carried - 100))

    def revalued(spot):
        return structure(legs_of(rows), market._replace(spot=spot)).value_now

    assert found.greeks["delta"] == pytest.approx((revalued(100.01) - revalued(99.99)) / 0.02, rel=1e-5)


def test_the_probability_of_profit_is_the_one_of_the_lognormal():
    market = Market(100, 1.0, 0.03, 0, 0.2)
    call = structure(legs_of([["call", 1, 100, 10.0]]), market)
    d2 = (math.log(100 / 110) + 0.01) / 0.2
    assert call.probability_of_profit == pytest.approx(0.5 * math.erfc(-d2 / math.sqrt(2)))
    sold = structure(legs_of([["call", -1, 100, 10.0]]), market)
    assert call.probability_of_profit + sold.probability_of_profit == pytest.approx(1)


@given(st.floats(40, 160), st.floats(0.05, 2), st.floats(0.05, 1.5))
@settings(max_examples=12)
def test_the_volatility_that_made_the_cost_is_among_those_that_match_it(spot, years, sigma):
    market = Market(spot, years, RATE, 0, sigma)
    made = structure(BUTTERFLY, market)
    found = structure(BUTTERFLY, market._replace(sigma=None), cost=made.value_now)
    for root in found.flat_vols_that_match_cost:
        assert structure(BUTTERFLY, market._replace(sigma=root)).value_now == pytest.approx(made.value_now, abs=1e-9)
    assume(abs(made.greeks["vega"]) > 1e-3)  # less, and the cost's last digits decide the volatility
    assert min(abs(root - sigma) for root in found.flat_vols_that_match_cost) < 1e-6


def test_a_cost_that_no_volatility_gives_is_said_in_a_sentence():
    found = structure(BUTTERFLY, Market(SLV, TO_JUNE, RATE), cost=9)
    assert found.flat_vols_that_match_cost == []
    assert found.note == "no flat volatility from 0.0001 to 5 gives the cost 9"


def test_a_cost_that_a_band_of_low_volatilities_gives_has_the_upper_end_of_the_band():
    soon = Market(80, 0.01, 0.0)
    (found,) = structure(BUTTERFLY, soon, cost=10).flat_vols_that_match_cost
    missed = [abs(structure(BUTTERFLY, soon._replace(sigma=found * factor)).value_now - 10) for factor in (0.5, 1.0, 1.2)]
    assert missed[0] < missed[1] < 2e-10 < missed[2]


def test_a_cost_that_every_volatility_gives_has_both_ends_of_the_search():
    found = structure(legs_of([["call", 1, 1, None]]), Market(100, 0.001, 0.0), cost=99).flat_vols_that_match_cost
    assert found == pytest.approx([1e-4, 5])


def test_near_its_highest_value_a_butterfly_has_two_volatilities_and_above_it_none():
    market = Market(SLV, TO_JUNE, RATE)
    by_vol = {sigma: structure(BUTTERFLY, market._replace(sigma=sigma)).value_now for sigma in (0.3, 0.35, 0.4, 0.45)}
    two = structure(BUTTERFLY, market, cost=max(by_vol.values()) * 0.9999).flat_vols_that_match_cost
    assert len(two) == 2
    assert all(0.1 < sigma < 0.8 for sigma in two)
    none = structure(BUTTERFLY, market, cost=max(by_vol.values()) * 1.05).flat_vols_that_match_cost
    assert none == []


CALENDAR = [["call", -1, 80, None, 0.25], ["call", 1, 80, None, 0.5]]


def test_a_calendar_is_worth_most_at_its_strike_when_the_first_leg_expires():
    found = structure(legs_of(CALENDAR), Market(76.93, None, RATE, 0, 0.6))
    at_strike = price(Terms("call", 80, 80, 0.25, RATE, 0, 0.6))
    assert found.cost == pytest.approx(
        price(Terms("call", 76.93, 80, 0.5, RATE, 0, 0.6)) - price(Terms("call", 76.93, 80, 0.25, RATE, 0, 0.6))
    )
    assert found.max_profit == pytest.approx(at_strike - found.cost)
    assert found.max_loss == pytest.approx(found.cost)
    assert (80.0, round(at_strike, 10)) in found.payoff
    assert len(found.breakevens) == 2
    for level in found.breakevens:
        later = price(Terms("call", level, 80, 0.25, RATE, 0, 0.6))
        assert later - max(0, level - 80) == pytest.approx(found.cost, abs=1e-9)
    assert found.flat_vols_that_match_cost == [pytest.approx(0.6)]
    assert found.greeks["vega"] > 0
    assert "t = 0.25" in found.note


def test_a_calendar_that_sells_more_than_it_owns_can_lose_without_limit():
    rows = [["call", -2, 80, None, 0.25], ["call", 1, 80, None, 0.5]]
    found = structure(legs_of(rows), Market(76.93, None, RATE, 0, 0.6))
    assert (found.max_loss, found.max_loss_unlimited, found.max_profit_unlimited) == (None, True, False)


def test_a_short_calendar_keeps_what_the_spot_at_infinity_leaves():
    # Far above the strike the later call is worth its intrinsic value and the carry of the strike.
    rows = [["call", 1, 80, None, 0.25], ["call", -1, 80, None, 0.5]]
    found = structure(legs_of(rows), Market(76.93, None, RATE, 0, 0.6))
    assert found.max_profit == pytest.approx(-found.cost)
    assert not found.max_loss_unlimited


def test_a_future_beside_a_later_option_is_carried_and_not_repriced_as_one():
    rows = [["future", -1, 80, None, 0.25], ["call", 1, 80, None, 0.5]]
    found = structure(legs_of(rows), Market(76.93, None, 0.0, 0, 0.6))
    assert (found.max_profit_unlimited, found.max_loss_unlimited) == (False, False)


LATER_PUT = price(Terms("put", 80, 80, 0.25, 0.04, 0, 0.6))
LATER_CALL = price(Terms("call", 80, 80, 0.25, 0.0, 0.05, 0.6))


@pytest.mark.parametrize(
    ("rows", "market", "profit", "loss"),
    [
        # A short later put beside an earlier one that was bought: at zero the carry of the strike is won.
        (
            [["put", 1, 80, 5.0, 0.25], ["put", -1, 80, 9.0, 0.5]],
            Market(77, None, 0.04, 0, 0.6),
            4 + 80 * (1 - math.exp(-0.01)),
            LATER_PUT - 4,
        ),
        # A spot held against an earlier short call: no more than strike, premium and entry.
        ([["spot", 1, 77, None, 0.5], ["call", -1, 90, 5.0, 0.25]], Market(77, None, 0.04, 0, 0.6), 18, 72),
        # With a yield the later call is worth less than the spot far above its strike, and the calendar loses without limit.
        ([["call", -1, 80, 8.0, 0.25], ["call", 1, 80, 11.0, 0.5]], Market(77, None, 0.0, 0.05, 0.6), LATER_CALL - 3, None),
        # A later future carries more than one of the spot, an earlier one exactly one.
        ([["future", 1, 80, None, 0.5], ["future", -1, 80, None, 0.25]], Market(77, None, 0.04, 0, 0.6), None, 0),
    ],
    ids=["put calendar", "covered", "yield", "futures"],
)
def test_legs_that_expire_apart_have_their_known_limits(rows, market, profit, loss):
    found = structure(legs_of(rows), market)
    assert found.max_profit == (None if profit is None else pytest.approx(profit))
    assert found.max_loss == (None if loss is None else pytest.approx(loss, abs=1e-9))
    assert (found.max_profit_unlimited, found.max_loss_unlimited) == (profit is None, loss is None)


def test_legs_that_expire_apart_are_refused_without_volatility_or_with_one_leg_undated():
    with pytest.raises(QuantError, match="need sigma"):
        structure(legs_of(CALENDAR), Market(76.93))
    with pytest.raises(QuantError, match="give each leg its t"):
        structure(legs_of([*CALENDAR, ["put", 1, 70, None]]), Market(76.93, None, 0, 0, 0.6))


@pytest.mark.parametrize(
    "row",
    [
        [],
        ["call", 1],
        ["swap", 1, 70, None],
        ["call", 0, 70, None],
        ["call", 1, -70, None],
        ["call", math.nan, 70, None],
        ["call", 1, "70", None],
        ["call", True, 70, None],
        ["call", 1, 70, -2.0],
        ["call", 1, 70, None, -0.5],
        ["call", 1, 70, None, 0.5, 3],
    ],
)
def test_a_leg_that_is_wrong_is_refused_by_its_number(row):
    with pytest.raises(QuantError, match="leg 2 must be"):
        legs_of([["call", 1, 70, None], row])


def test_a_structure_without_legs_is_refused():
    with pytest.raises(QuantError, match="at least one leg"):
        legs_of([])


@pytest.mark.parametrize(
    ("market", "cost", "nav_pct"), [(Market(-1), None, None), (Market(1, -1), None, None), (Market(), math.nan, None), (Market(), 1, -5)]
)
def test_a_market_out_of_range_is_refused(market, cost, nav_pct):
    with pytest.raises(QuantError, match="must be"):
        structure(BUTTERFLY, market, cost, nav_pct)
