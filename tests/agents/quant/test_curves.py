"""Curves, spreads, forwards and the basis between venues."""

import itertools
import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.quant.curves import Venue, basis, calendar_spread, curve, forward
from agents.quant.errors import QuantError

WTI = [
    ("2026-02", 75.0), ("2026-05", 70.0), ("2026-09", 65.0), ("2026-12", 61.0), ("2027-06", 62.0), ("2027-12", 63.0),
    ("2028-12", 60.5), ("2029-12", 60.0), ("2030-12", 60.0),
]  # fmt: skip
RATES = st.floats(-0.2, 0.3)


def test_the_oil_curve_falls_from_75_to_60_over_a_hump_and_ends_flat():
    found = curve(WTI)
    assert [shape for _, _, shape in found.tenors] == ["backwardation"] * 3 + ["contango"] * 2 + ["backwardation"] * 2 + ["flat"]
    assert (found.shape, found.humps) == ("mixed", ["2027-12-01"])
    assert found.description == (
        "backwardation to 2026-12-01, then contango to 2027-12-01, then backwardation to 2029-12-01, then flat to 2030-12-01"
    )
    assert sum(found.spreads) == pytest.approx(15)


@pytest.mark.parametrize(
    ("prices", "shape", "humps"),
    [
        ([60, 65, 70], "contango", 0),
        ([75, 70, 60], "backwardation", 0),
        ([75, 60, 60], "backwardation", 0),
        ([60, 60.02, 60], "flat", 0),
        ([60, 66, 61], "humped", 1),
        ([60, 66, 66, 61], "humped", 1),
        ([75, 60, 70], "mixed", 0),
        ([60, 66, 61, 66, 61], "mixed", 2),
    ],
)
def test_a_curve_is_named_by_its_shape_and_its_humps_are_counted(prices, shape, humps):
    found = curve([(f"{2026 + i}-06-01", value) for i, value in enumerate(prices)])
    assert (found.shape, len(found.humps)) == (shape, humps)


def test_of_a_flat_top_the_hump_is_its_highest_expiry():
    prices = [60, 66, 66.01, 61]
    assert curve([(f"{2026 + i}-06-01", value) for i, value in enumerate(prices)]).humps == ["2028-06-01"]


@given(st.floats(1, 1000), RATES, st.lists(st.integers(1, 40), min_size=2, max_size=6, unique=True))
def test_a_curve_of_forwards_gives_their_carry_back(spot, carry, quarters):
    points = [(n / 4, forward(spot, carry, n / 4).forward) for n in quarters]
    found = curve(points, spot=spot, rate=carry)
    assert found.annualised_carry == pytest.approx([carry] * (len(quarters) - 1), abs=1e-9)
    assert found.implied_yield == pytest.approx([carry] * len(quarters), abs=1e-9)
    assert found.roll_yield == pytest.approx([-carry] * (len(quarters) - 1), abs=1e-9)
    assert found.convenience_yield == pytest.approx([0] * (len(quarters) - 1), abs=1e-9)
    assert found.fair_spread == pytest.approx(found.spreads, abs=1e-6 * max(value for _, value in points))


@given(st.lists(st.floats(1, 1000), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter_and_spreads_telescope(prices, shuffled):
    points = [(f"{2026 + i}-03", value) for i, value in enumerate(prices)]
    other = points.copy()
    shuffled.shuffle(other)
    found = curve(points)
    assert curve(other) == found
    assert sum(found.spreads) == pytest.approx(prices[0] - prices[-1], abs=1e-9)
    for (a, b), spread in zip(itertools.pairwise(prices), found.spreads, strict=True):
        assert spread == a - b


def test_dated_expiries_count_actual_days_over_365():
    found = curve([("2026-03-27", 76.93), ("2026-06-26", 77.6449)], spot=76.0, rate=0.037, storage=0.002, as_of=date(2026, 1, 8))
    assert found.annualised_carry == [pytest.approx(math.log(77.6449 / 76.93) / (91 / 365))]
    assert found.implied_yield[0] == pytest.approx(math.log(76.93 / 76) / (78 / 365))
    assert found.fair_spread == [pytest.approx(76.93 - 76.93 * math.exp(0.039 * 91 / 365))]
    assert found.convenience_yield == [pytest.approx(0.039 - found.annualised_carry[0])]


def test_a_spot_beside_dates_without_today_gives_no_implied_yield_and_says_so():
    found = curve([("2026-03", 76.93), ("2026-06", 77.64)], spot=76.0)
    assert found.implied_yield is None
    assert "as_of" in found.note


@pytest.mark.parametrize(
    ("points", "given", "word"),
    [
        ([("2026-03", 75)], {}, "at least two"),
        ([("2026-03", 75), ("2026-03-01", 76)], {}, "each once"),
        ([("2026-03", 75), (0.5, 76)], {}, "all of them dates"),
        ([("March", 75), ("2026-06", 76)], {}, "'March' is no expiry"),
        ([(math.nan, 75), (1.0, 76)], {}, "finite"),
        ([("2026-03", -37.63), ("2026-06", 20)], {}, "no carry"),
        ([("2026-03", math.nan), ("2026-06", 20)], {}, "finite"),
        ([("2026-03", 75), ("2026-06", 76)], {"spot": 75, "as_of": date(2026, 3, 1)}, "2026-03-01 is not after today"),
        ([("2026-03", 75), ("2026-06", 76)], {"spot": -1}, "no carry"),
    ],
)
def test_points_that_make_no_curve_are_refused(points, given, word):
    with pytest.raises(QuantError, match=word):
        curve(points, **given)


def test_june_silver_carried_from_march_costs_77_6449():
    # 76.93 exp(0.037 x 0.25): continuous, a quarter between the months. Simple interest gives 77.6416, 91/365 77.6429.
    found = calendar_spread(76.93, None, 0.037, 0.25, 5000)
    assert (round(found.fair_far, 4), round(found.fair_spread, 4), found.value_per_point) == (77.6449, -0.7149, 5000)
    assert (found.spread, found.implied_rate, found.excess, found.excess_value) == (None, None, None, None)
    assert round(76.93 * (1 + 0.037 * 0.25), 4) == 77.6416
    assert round(calendar_spread(76.93, None, 0.037, 91 / 365).fair_far, 4) == 77.6429


def test_a_dollar_of_spread_is_five_thousand_a_contract():
    before, after = (calendar_spread(76.93 + gain, 77.6449, 0.037, 0.25, 5000) for gain in (0, 1))
    assert (after.spread - before.spread) * before.value_per_point == pytest.approx(5000)
    assert before.excess_value == pytest.approx(5000 * (before.spread - before.fair_spread))


@given(st.floats(1, 1000), RATES, st.floats(0.01, 5), st.floats(0, 0.1))
def test_a_far_price_at_fair_value_implies_the_carry_and_no_excess(near, rate, years, storage):
    fair = calendar_spread(near, None, rate, years, storage=storage).fair_far
    found = calendar_spread(near, fair, rate, years, 5000, storage)
    assert found.implied_rate == pytest.approx(rate + storage, abs=1e-9)
    assert found.excess == 0
    assert found.spread == found.fair_spread
    assert forward(near, rate, years, storage=storage).forward == pytest.approx(fair)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [((-1, None, 0.03, 0.25), "near"), ((75, None, 0.03, 0), "apart|above zero"), ((75, -37, 0.03, 0.25), "far price")],
)
def test_a_spread_without_a_price_or_time_is_refused(arguments, word):
    with pytest.raises(QuantError, match=word):
        calendar_spread(*arguments)


def test_published_forwards_are_found():
    # Hull, examples 5.1 to 5.3 and 5.8: no income, known yield, and gold with storage as a proportion of the price.
    assert round(forward(40, 0.05, 0.25).forward, 2) == 40.50
    assert round(forward(25, 0.10, 0.5, dividend=0.0396).forward, 2) == 25.77
    assert forward(25, 0.10, 0.5, dividend=0.04, storage=0.02).carry == pytest.approx(0.08)


@pytest.mark.parametrize("arguments", [(0, 0.05, 1), (40, 0.05, -1), (math.nan, 0.05, 1)])
def test_a_forward_of_nothing_or_of_the_past_is_refused(arguments):
    with pytest.raises(QuantError, match="above zero"):
        forward(*arguments)


def test_a_basis_of_bare_numbers_is_their_difference_less_costs():
    found = basis(76.93, 78.1, {"freight": 0.5, "refining": 0.2})
    assert (found.gross, found.net) == (pytest.approx(1.17), pytest.approx(0.47))


def test_a_price_in_yuan_a_kilogram_with_tax_becomes_dollars_an_ounce():
    shanghai = Venue(20_000, "kg", "CNY", fx=1 / 7.0, tax=0.13)
    found = basis(Venue(76.93, "oz", "USD"), shanghai, {"freight": 0.4}, rate=0.037, years=0.1)
    there = 20_000 / 1.13 / 7.0 * 31.1034768 / 1000
    finance = 76.93 * (math.exp(0.0037) - 1)
    assert found.there == pytest.approx(there)
    assert found.costs == {"freight": 0.4, "finance": pytest.approx(finance)}
    assert found.net == pytest.approx(there - 76.93 - 0.4 - finance)
    assert found.units["net"] == "USD/oz"


@pytest.mark.parametrize(
    ("value", "unit", "other", "expected"),
    [
        (100, "bbl", "gal", 100 / 42),
        (5.0, "lb", "t", 5.0 * 2204.62262),
        (1000, "kg", "oz", 31.1034768),
        (30, "MWh", "MMBtu", 30 / 3.412141633),
        (1.0, "m3", "l", 0.001),
    ],
)
def test_units_are_converted_within_their_kind(value, unit, other, expected):
    assert basis(Venue(1.0, other), Venue(value, unit), {}).there == pytest.approx(expected, rel=1e-7)


@given(st.floats(1, 1e4), st.floats(1, 1e4), st.floats(0.01, 100))
def test_the_gross_basis_has_the_same_sign_from_both_sides(here, there, fx):
    one = basis(Venue(here, "oz", "USD"), Venue(there, "kg", "CNY", fx=fx), {})
    other = basis(Venue(there, "kg", "CNY"), Venue(here, "oz", "USD", fx=1 / fx), {})
    assert one.gross * other.gross <= 1e-9
    assert one.there * other.there == pytest.approx(here * there)


@pytest.mark.parametrize(
    ("here", "there", "costs", "given", "word"),
    [
        (76.93, 78.1, {"freight": None, "refining": None, "finance": 0.2}, {}, "needs freight, refining: ask the broker"),
        (Venue(76.93, "oz", "USD"), Venue(500, "oz", "CNY"), {}, {}, "needs fx, how many USD"),
        (Venue(76.93, "oz"), Venue(500, "bbl"), {}, {}, "per bbl is not one per oz"),
        (Venue(76.93, "oz"), 500.0, {}, {}, "per no unit is not one per oz"),
        (Venue(76.93, "ounce"), Venue(500, "oz"), {}, {}, "units are g, kg"),
        (Venue(76.93, "oz", "USD"), Venue(500, "oz", "CNY", fx=-1), {}, {}, "fx must be above zero"),
        (76.93, Venue(78, tax=-0.1), {}, {}, "tax is the rate"),
        (76.93, 78.1, {}, {"rate": 0.037}, "both a rate and the years"),
        (76.93, 78.1, {"finance": 0.2}, {"rate": 0.037, "years": 0.1}, "given twice"),
        (math.nan, 78.1, {}, {}, "finite"),
    ],
)
def test_a_basis_with_something_missing_asks_for_it(here, there, costs, given, word):
    with pytest.raises(QuantError, match=word):
        basis(here, there, costs, **given)
