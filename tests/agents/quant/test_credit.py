"""Merton's model, all of its roots, and hazard rates behind spreads."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.quant.credit import credit_curve, equity_vol_band, merton, par_spread
from agents.quant.errors import QuantError
from agents.quant.options import Terms, price


def shown_by(root, years):
    """Spread and equity volatility of the firm as the option formulas give them, with assets of 1."""
    call = price(Terms("call", 1.0, root.leverage, years, 0.0, 0.0, root.asset_vol))
    d1 = -math.log(root.leverage) / (root.asset_vol * math.sqrt(years)) + 0.5 * root.asset_vol * math.sqrt(years)
    equity_vol = root.asset_vol * 0.5 * math.erfc(-d1 / math.sqrt(2)) / call
    return -math.log((1 - call) / root.leverage) / years, equity_vol


def test_700_basis_points_and_an_equity_volatility_of_80_fit_two_firms():
    # Leverage is D exp(-rT) / V, the spread -ln(market value of debt / D exp(-rT)) / T.
    found = merton(spread=0.07, equity_vol=0.8, T=5)
    assert [round(root.leverage, 4) for root in found.roots] == [0.3657, 1.2540]
    assert "two firms fit" in found.note
    for root in found.roots:
        assert shown_by(root, 5) == (pytest.approx(0.07, abs=1e-10), pytest.approx(0.8, abs=1e-9))
        assert root.spread_bp == pytest.approx(700)


def test_over_leverage_from_a_fifth_to_one_700_basis_points_mean_an_equity_volatility_of_74_to_87():
    band = equity_vol_band(0.07, 5, 0.2, 1.0, 81)
    assert (round(100 * min(band.equity_vol)), round(100 * max(band.equity_vol))) == (74, 87)
    assert max(band.equity_vol) == band.equity_vol[0]
    assert (band.leverage[0], band.leverage[-1]) == (0.2, 1.0)


@given(st.floats(0.05, 1.1), st.floats(0.1, 0.8), st.floats(0.5, 10))
@settings(max_examples=15)
def test_the_firm_that_made_the_numbers_is_among_the_roots(leverage, asset_vol, years):
    root = type("Firm", (), {"leverage": leverage, "asset_vol": asset_vol})
    spread, equity_vol = shown_by(root, years)
    if spread < 1e-4:  # under a basis point rounding of the spread decides the leverage
        return
    roots = merton(spread=spread, equity_vol=equity_vol, T=years).roots
    assert 1 <= len(roots) <= 2
    assert min(abs(found.leverage / leverage - 1) for found in roots) < 1e-5
    for found in roots:
        assert shown_by(found, years) == (pytest.approx(spread, rel=1e-6), pytest.approx(equity_vol, rel=1e-6))


def test_a_high_equity_volatility_still_has_both_its_firms():
    roots = merton(spread=0.07, equity_vol=1.5, T=5).roots
    assert [round(root.leverage, 4) for root in roots] == [0.0015, 1.4189]


def test_two_roots_that_nearly_meet_are_both_found():
    roots = merton(spread=0.07, equity_vol=0.7383, T=5).roots
    assert len(roots) == 2
    assert roots[1].leverage - roots[0].leverage < 0.05


def test_an_equity_volatility_too_low_for_the_spread_is_refused_with_the_lowest():
    with pytest.raises(QuantError, match=r"50% at 5 years: the spread alone needs 73\.8% or more"):
        merton(spread=0.07, equity_vol=0.5, T=5)


def test_assets_behind_a_share_are_found_as_published():
    # Hull, chapter 24: E 3, sigma_E 80 %, debt 10 in a year, r 5 %: V 12.40, sigma_V 21.23 %, default 12.7 %; debt 9.40.
    (root,) = merton(equity=3, equity_vol=0.8, debt=10, r=0.05, T=1).roots
    assert (round(root.asset_value, 2), round(root.asset_vol, 4), round(root.default_probability, 3)) == (12.40, 0.2123, 0.127)
    assert round(10 * math.exp(-0.05 - root.spread_bp / 1e4), 2) == 9.40


@pytest.mark.parametrize(("equity", "equity_vol", "debt"), [(1, 0.3, 99), (100, 0.2, 1), (1, 1.5, 1), (5, 0.05, 50)])
def test_assets_behind_a_share_give_its_value_and_volatility_back(equity, equity_vol, debt):
    (root,) = merton(equity=equity, equity_vol=equity_vol, debt=debt, r=0.03, T=2).roots
    assert price(Terms("call", root.asset_value, debt, 2, 0.03, 0, root.asset_vol)) == pytest.approx(equity, rel=1e-8)
    assert root.leverage == pytest.approx(debt * math.exp(-0.06) / root.asset_value)
    again = merton(spread=root.spread_bp / 1e4, equity_vol=equity_vol, T=2).roots if root.spread_bp > 1 else [root]
    assert any(found.leverage == pytest.approx(root.leverage, rel=1e-6) for found in again)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"equity_vol": 0.8}, "give either spread"),
        ({"equity_vol": 0.8, "spread": 0.07, "debt": 3}, "give either spread"),
        ({"equity_vol": 0.8, "spread": 0}, "above zero"),
        ({"equity_vol": math.nan, "spread": 0.07}, "above zero"),
        ({"equity_vol": 0.8, "equity": 3, "debt": -1}, "above zero"),
    ],
)
def test_inputs_that_determine_no_firm_are_refused(arguments, word):
    with pytest.raises(QuantError, match=word):
        merton(T=5, **arguments)


@pytest.mark.parametrize(("low", "high", "word"), [(0.2, 1.5, "no equity is left"), (0.5, 0.2, "high above low"), (0, 1, "above zero")])
def test_a_band_beyond_its_model_is_refused(low, high, word):
    with pytest.raises(QuantError, match=word):
        equity_vol_band(0.07, 5, low, high)


def test_one_spread_is_the_credit_triangle():
    found = credit_curve(700, 0.4, 5)
    assert found.hazard == pytest.approx(0.07 / 0.6)
    assert [year for year, _ in found.survival] == [1, 2, 3, 4, 5]
    assert found.survival[-1][1] == pytest.approx(math.exp(-5 * 0.07 / 0.6))
    assert found.par_spread_bp == 700


def test_the_published_swap_costs_124_basis_points():
    # Hull, chapter 25: 2 % of the survivors default each year, recovery 40 %, 5 % continuous, yearly premiums, 5 years.
    assert round(par_spread([(5, -math.log(0.98))], 0.4, 5, 0.05, 1) * 1e4) == 124


@given(st.floats(0.001, 0.5), st.floats(0, 0.9), st.floats(0, 0.1))
def test_a_par_spread_is_the_credit_triangle_but_for_premiums_paid_half_a_period_late(hazard, recovery, rate):
    late = math.exp(rate * 0.5 / 50)
    assert par_spread([(2, hazard)], recovery, 2, rate, 50) == pytest.approx(hazard * (1 - recovery) * late, rel=1e-4)


@given(st.lists(st.floats(0.005, 0.2), min_size=1, max_size=4), st.floats(0, 0.6))
@settings(max_examples=10)
def test_hazards_found_from_par_spreads_are_those_that_made_them(hazards, recovery):
    made = [(float(i + 1), hazard) for i, hazard in enumerate(hazards)]
    quoted = [(tenor, par_spread(made[: i + 1], recovery, tenor, 0.03) * 1e4) for i, (tenor, _) in enumerate(made)]
    found = credit_curve(quoted, recovery, len(hazards), rate=0.03)
    assert [hazard for _, hazard in found.forward_hazards] == pytest.approx(hazards, rel=1e-8)
    assert found.hazard == pytest.approx(sum(hazards) / len(hazards), rel=1e-8)
    assert [s for _, s in found.survival] == sorted((s for _, s in found.survival), reverse=True)


@pytest.mark.parametrize(
    ("spread", "recovery", "years", "word"),
    [
        (700, 1.0, 5, "recovery must be"),
        (700, 0.4, 0, "above zero"),
        (-5, 0.4, 5, "not negative"),
        ([(1, 500), (1, 400)], 0.4, 5, "each tenor once"),
        ([(1.1, 500)], 0.4, 5, "whole number of premium periods"),
        ([], 0.4, 5, "each tenor once"),
        ([(1, 2000), (2, 300)], 0.4, 5, "300 bp at 2 years needs a negative hazard"),
    ],
)
def test_spreads_that_determine_no_hazard_are_refused(spread, recovery, years, word):
    with pytest.raises(QuantError, match=word):
        credit_curve(spread, recovery, years)
