import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.quant.errors import QuantError
from agents.quant.growth import cagr, deficit, growth_gap

FACTORS = {"queries per user": 3, "tokens per query": 2}
MULTIPLES = st.floats(0.01, 1000)


def test_copper_demand_of_35_to_40_per_cent_by_2030_leaves_a_sixth_to_a_fifth_of_supply_short():
    low, high = deficit(0.35, 0.03, 5), deficit(0.40, 0.03, 5)
    assert [round(item.demand_cagr, 1) for item in (low, high)] == [6.2, 7.0]
    assert [round(item.deficit_pct_of_supply, 1) for item in (low, high)] == [16.5, 20.8]


def test_demand_that_grows_less_than_supply_is_a_negative_deficit():
    assert deficit(0.10, 0.03, 5).deficit_pct_of_supply < 0


@given(st.floats(-0.9, 10), st.floats(0.1, 50))
def test_the_yearly_growth_compounds_to_the_whole(total, years):
    assert (1 + cagr(total, years)) ** years == pytest.approx(1 + total)


@given(st.floats(-0.2, 0.5), st.floats(0.5, 20))
def test_demand_that_grows_as_supply_leaves_no_deficit(yearly, years):
    assert deficit((1 + yearly) ** years - 1, yearly, years).deficit_pct_of_supply == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: cagr(0.35, 0), "years"),
        (lambda: cagr(-1, 5), "-100 %"),
        (lambda: cagr(float("nan"), 5), "years"),
        (lambda: deficit(0.35, -1, 5), "supply growth"),
        (lambda: growth_gap(12, {"queries": 0}), "above zero"),
        (lambda: growth_gap(-12, FACTORS), "above zero"),
        (lambda: growth_gap(12, {"queries": float("inf")}), "above zero"),
    ],
)
def test_growth_that_has_no_answer_is_refused_in_a_sentence(call, word):
    with pytest.raises(QuantError, match=word):
        call()


def test_twelve_times_needs_users_to_double():
    found = growth_gap(12, FACTORS, expected=["users", "queries per user", "tokens per query"])
    assert (found.product, found.missing_factor, found.missing_name, found.consistent) == (6, 2.0, "users", False)


def test_several_missing_factors_are_all_named():
    found = growth_gap(12, {"tokens per query": 2}, expected=["users", "queries per user", "tokens per query"])
    assert (found.missing_factor, found.missing_names) == (6, ["users", "queries per user"])
    assert found.missing_name == "users × queries per user"


def test_a_missing_factor_without_a_name_says_that_nobody_named_it():
    assert growth_gap(12, FACTORS).missing_name == "a factor nobody named"


def test_rounded_factors_that_nearly_reach_the_target_reach_it():
    assert growth_gap(12, {"users": 2, "queries": 3, "tokens": 1.95}).consistent


@given(st.dictionaries(st.text(min_size=1, max_size=3), MULTIPLES, min_size=1, max_size=5), MULTIPLES)
def test_the_missing_factor_completes_the_product(factors, target):
    found = growth_gap(target, factors)
    assert found.product * found.missing_factor == pytest.approx(target)
    assert growth_gap(target, {**factors, "the missing one": found.missing_factor}).consistent


def test_a_result_cannot_be_changed_and_states_its_units():
    found = deficit(0.35, 0.03, 5)
    assert found.units["deficit_pct_of_supply"] == "% of supply in the last year"
    with pytest.raises(ValidationError):
        found.demand_cagr = 1.0
