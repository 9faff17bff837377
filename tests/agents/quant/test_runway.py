"""A company's cash runway."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agents.quant.errors import QuantError
from agents.quant.runway import runway

AMOUNT = st.floats(0, 1e6)


def test_two_billion_last_41_days_at_a_burn_of_eighteen_billion():
    found = runway(capex=26, revenue=12, ebitda=8, cash=2)
    assert (found.free_cash_flow, round(found.runway_days, 1), found.external_need_12m) == (-18, 40.6, 16)
    assert round(found.runway_years, 4) == 0.1111
    assert (round(found.ebitda_margin_pct, 1), found.capex_to_ebitda) == (66.7, 3.25)


def test_a_company_that_earns_its_spending_has_no_runway_and_needs_nothing():
    found = runway(capex=5, revenue=12, ebitda=8, cash=0)
    assert (found.free_cash_flow, found.runway_years, found.runway_days, found.external_need_12m) == (3, None, None, 0)
    assert "does not run out" in found.note


def test_a_company_without_revenue_burns_its_loss_and_its_spending():
    found = runway(capex=1, revenue=0, ebitda=-3, cash=8)
    assert (found.free_cash_flow, found.runway_years, found.external_need_12m, found.ebitda_margin_pct) == (-4, 2, 0, None)


@given(AMOUNT, AMOUNT, st.floats(-1e6, 1e6), AMOUNT)
def test_cash_and_what_is_raised_pay_exactly_one_year_of_burn(capex, revenue, ebitda, cash):
    assume(ebitda <= revenue)
    found = runway(capex, revenue, ebitda, cash)
    if found.runway_years is not None and found.runway_years < 1:
        assert cash + found.external_need_12m == pytest.approx(-found.free_cash_flow)
    else:
        assert found.external_need_12m == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("figures", "word"),
    [
        ((-26, 12, 8, 2), "not negative"),
        ((26, -12, -13, 2), "not negative"),
        ((26, 12, 8, -2), "not negative"),
        ((26, 12, 8, math.nan), "finite"),
        ((26, 12, 13, 2), "EBITDA cannot exceed revenue"),
    ],
)
def test_figures_that_cannot_be_are_refused(figures, word):
    with pytest.raises(QuantError, match=word):
        runway(*figures)
