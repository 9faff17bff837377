import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.quant.errors import QuantError
from agents.quant.forecast_scores import (
    EPSILON,
    Scored,
    binned_murphy,
    brier,
    log_score,
    murphy,
    quantile_score,
    ranked_probability_score,
    score,
    score_by,
    wilson,
)

PAIRS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)
SHARES = ("skill_vs_base_rate", "skill_vs_market", "hit_rate", "hit_rate_interval", "brier_interval", "murphy")


def record(n, probability=0.2, outcome="no", **fields):
    return [Scored(id=f"f{i}", thesis=f"t{i}", probability=probability, outcome=outcome, **fields) for i in range(n)]


def test_a_shutdown_at_20_to_30_per_cent_scores_4_to_9_hundredths_if_it_does_not_come_and_49_to_64_if_it_does():
    found = [score([Scored(probability=p, outcome=outcome, thesis="us-shutdown")]).brier for outcome in ("no", "yes") for p in (0.2, 0.3)]
    assert [round(value, 2) for value in found] == [0.04, 0.09, 0.64, 0.49]


@given(st.integers(0, 9))
def test_under_ten_resolved_forecasts_there_is_no_percentage_and_the_note_says_why(n):
    found = score(record(n, base_rate=0.3, market=0.3) + [Scored(probability=0.5) for _ in range(5)])
    assert [getattr(found, name) for name in SHARES] == [None] * len(SHARES)
    assert (found.calibration, found.note, found.n) == ([], "too few to say (n < 10)", n)


def test_a_skill_over_fewer_than_ten_forecasts_with_a_market_price_is_not_given_though_the_record_is_longer():
    found = score([*record(9, market=0.3), *(item.model_copy(update={"id": f"g{i}", "market": None}) for i, item in enumerate(record(9)))])
    assert (found.n, found.n_market, found.skill_vs_market, found.hit_rate) == (18, 9, None, 1.0)


def test_a_bin_of_fewer_than_ten_counts_but_gives_no_frequency():
    low, high = score([*record(10), Scored(probability=0.8, outcome="yes")]).calibration
    assert (low.n, low.yes, low.frequency, low.interval) == (10, 0, 0.0, wilson(0, 10))
    assert (high.n, high.yes, high.frequency, high.interval) == (1, 1, None, None)


def test_forecasts_at_one_half_are_neither_hits_nor_misses():
    found = score(record(12, probability=0.5))
    assert (found.n, found.hit_rate, found.brier) == (12, None, 0.25)


def test_skill_is_the_part_of_the_references_brier_that_is_gone():
    found = score(record(10, base_rate=0.5, market=0.1))
    assert found.skill_vs_base_rate == pytest.approx(1 - 0.04 / 0.25)
    assert found.skill_vs_market == pytest.approx(1 - 0.04 / 0.01)
    assert found.skill_vs_base_rate_interval == (pytest.approx(0.84), pytest.approx(0.84))


def test_against_a_reference_that_was_never_wrong_there_is_no_skill():
    assert score(record(10, market=0.0)).skill_vs_market is None


def test_open_overdue_ambiguous_and_annulled_forecasts_are_in_sight_and_not_scored():
    rest = [
        Scored(probability=0.9, due=date(2026, 1, 30)),
        Scored(probability=0.9, due=date(2026, 3, 1)),
        Scored(probability=0.9),
        Scored(probability=0.9, outcome="ambiguous"),
        Scored(probability=0.9, outcome="annulled"),
    ]
    found = score(record(10) + rest, as_of=date(2026, 2, 6))
    assert (found.n, found.open, found.overdue, found.ambiguous, found.annulled) == (10, 3, 1, 1, 1)
    assert found.brier == pytest.approx(0.04)


def test_one_forecast_given_twice_is_refused_by_its_id():
    with pytest.raises(QuantError, match="forecast f0 is given more than once"):
        score([*record(3), *record(1)])


def test_forecasts_of_one_thesis_give_no_interval_and_of_few_a_rough_one():
    one = score([item.model_copy(update={"thesis": "silver"}) for item in record(10)])
    assert (one.clusters, one.brier_interval) == (1, None)
    assert one.note == "intervals are rough: the forecasts belong to 1 thesis"
    assert score(record(10)).note == ""


def test_an_interval_that_draws_whole_theses_is_wider_than_one_that_draws_forecasts():
    outcomes = ["yes"] * 10 + ["no"] * 30
    apart = [Scored(thesis=f"t{i}", probability=0.3, outcome=outcome) for i, outcome in enumerate(outcomes)]
    together = [item.model_copy(update={"thesis": f"t{i // 10}"}) for i, item in enumerate(apart)]
    wide, narrow = score(together).brier_interval, score(apart).brier_interval
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 1), st.booleans()), min_size=10, max_size=30), st.integers(0, 99))
def test_the_bootstrap_is_the_same_for_one_seed_and_for_any_order_and_holds_the_extremes(rows, seed):
    items = [Scored(thesis=t, probability=p, outcome="yes" if o else "no") for t, p, o in rows]
    found = score(items, seed)
    assert found == score(items, seed)
    again = score(items[::-1], seed)
    assert again.brier == pytest.approx(found.brier)
    if found.brier_interval:
        assert again.brier_interval == pytest.approx(found.brier_interval)
        assert 0 <= found.brier_interval[0] <= found.brier_interval[1] <= 1


def test_results_by_thesis_and_agent_split_the_record():
    items = [Scored(thesis=t, agent=a, probability=0.2, outcome="no") for t in ("b", "a") for a in ("quant", "analyst", "quant")]
    assert {name: found.n for name, found in score_by(items, "agent").items()} == {"analyst": 2, "quant": 4}
    assert list(score_by(items, "thesis")) == ["a", "b"]


@given(PAIRS)
def test_murphys_parts_of_binned_forecasts_add_up_to_their_brier_and_the_rest_is_within_the_bins(pairs):
    parts = binned_murphy(pairs)
    split = parts["reliability"] - parts["resolution"] + parts["uncertainty"]
    assert split == pytest.approx(parts["binned_brier"], abs=1e-12)
    whole = sum(brier(p, o) for p, o in pairs) / len(pairs)
    assert split + parts["within_bins"] == pytest.approx(whole, abs=1e-12)
    assert min(parts["reliability"], parts["resolution"], parts["uncertainty"]) >= 0


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.25, 0.5, 0.7, 0.9]), st.booleans()), min_size=1, max_size=60))
def test_bins_that_hold_one_probability_each_split_as_the_probabilities_do(pairs):
    exact, binned = murphy(pairs), binned_murphy(pairs)
    assert {name: binned[name] for name in exact} == pytest.approx(exact)
    assert binned["within_bins"] == pytest.approx(0, abs=1e-12)


def test_nothing_resolved_has_nothing_to_split():
    with pytest.raises(QuantError, match="nothing to split"):
        murphy([])


def test_the_log_score_of_a_sure_error_is_finite_and_a_sure_hit_costs_nothing():
    assert log_score(0.0, happened=True) == pytest.approx(-math.log(EPSILON))
    assert log_score(1.0, happened=True) == pytest.approx(0, abs=2 * EPSILON)
    assert log_score(0.5, happened=False) == pytest.approx(math.log(2))
    assert f"{EPSILON:g}" in score(record(1)).units["log_score"]


@pytest.mark.parametrize("rule", [brier, log_score])
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_no_forecast_does_better_in_expectation_than_what_one_believes(rule, believed, told):
    def expected(probability):
        return believed * rule(probability, happened=True) + (1 - believed) * rule(probability, happened=False)

    assert expected(believed) <= expected(told) + 1e-12


def test_the_ranked_score_of_two_categories_is_the_brier_score():
    assert ranked_probability_score([0.3, 1], 0) == pytest.approx(brier(0.3, happened=True))
    assert ranked_probability_score([0.3, 1], 1) == pytest.approx(brier(0.3, happened=False))


def test_the_ranked_score_forgives_a_near_miss_more_than_a_far_one():
    assert ranked_probability_score([0, 1, 1], 1) == 0
    assert ranked_probability_score([1, 1, 1], 1) == 0.5
    assert ranked_probability_score([1, 1, 1], 2) == 1


@pytest.mark.parametrize(("cumulative", "outcome"), [([1.0], 0), ([0.5, 0.4, 1], 0), ([0.2, 0.9], 0), ([0.2, 1], 2), ([-0.1, 1], 0)])
def test_what_is_no_distribution_over_the_categories_is_refused(cumulative, outcome):
    with pytest.raises(QuantError, match="rise to 1"):
        ranked_probability_score(cumulative, outcome)


def test_a_median_scores_its_distance_and_a_low_quantile_pays_more_for_being_above():
    assert quantile_score({"p50": 90}, 100) == 10
    assert quantile_score({"0.05": 90}, 80) == pytest.approx(19)
    assert quantile_score({"p5": 90}, 100) == pytest.approx(1)
    assert quantile_score({"p05": 80, "p50": 80, "p95": 80}, 80) == 0


def test_many_quantiles_score_as_the_continuous_ranked_probability_score():
    # Of a uniform forecast on [0, 1] and the value x it is x^2 - x + 1/3... at x = 0.3: (0.3^3 + 0.7^3) / 3.
    levels = [(i + 0.5) / 500 for i in range(500)]
    assert quantile_score({f"{level:.4f}": level for level in levels}, 0.3) == pytest.approx((0.3**3 + 0.7**3) / 3, abs=1e-5)


@pytest.mark.parametrize(
    ("quantiles", "word"),
    [
        ({}, "each level once"),
        ({"p50": 1, "0.5": 2}, "each level once"),
        ({"p05": 2, "p95": 1}, "do not fall"),
        ({"median": 1}, "no quantile level"),
        ({"p100": 1}, "no quantile level"),
    ],
)
def test_quantiles_that_cannot_be_read_are_refused(quantiles, word):
    with pytest.raises(QuantError, match=word):
        quantile_score(quantiles, 1.0)


def test_wilsons_published_interval():
    # Agresti and Coull (1998): 0 of 20 gives 0 to 0.161.
    assert wilson(0, 20) == (0.0, pytest.approx(0.161, abs=5e-4))
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_mirrors_hits_and_misses(case):
    hits, n = case
    low, high = wilson(hits, n)
    assert wilson(n - hits, n) == (pytest.approx(1 - high, abs=1e-12), pytest.approx(1 - low, abs=1e-12))


def test_a_probability_over_one_and_an_unknown_field_are_refused():
    with pytest.raises(ValidationError):
        Scored(probability=20)
    with pytest.raises(ValidationError):
        Scored(probability=0.2, colour="red")
