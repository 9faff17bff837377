import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.rules import Impulse, Limits, move
from memory.rules.conviction import log_odds, probability_of

LIMITS = Limits()
IMPULSES = st.lists(
    st.builds(
        Impulse, name=st.sampled_from("abcdef"), llr=st.floats(-3, 3).map(lambda x: round(x, 3)), source=st.sampled_from(["X", "Y", "Z"])
    ),
    max_size=6,
)
PRIORS = st.floats(0.03, 0.97).map(lambda x: round(x, 3))


def impulse(llr, name="a", source="X"):
    return Impulse(name=name, llr=llr, source=source)


def test_one_impulse_moves_by_its_declared_ratio():
    step = move(0.5, [impulse(0.4)])
    assert step.after == pytest.approx(probability_of(0.4), abs=1e-4)
    assert (step.steps[0].declared, step.steps[0].applied, step.steps[0].reason) == (0.4, 0.4, "")


def test_a_cap_is_named_in_its_step():
    steps = move(0.5, [impulse(2.0), impulse(0.6, "b", "Y"), impulse(0.6, "c", "Z")]).steps
    assert [round(s.applied, 3) for s in steps] == [0.7, 0.5, 0.0]
    assert [s.reason for s in steps] == ["capped: 0.7 a source and day", "capped: 1.2 a day", "capped: 1.2 a day"]


@given(PRIORS, IMPULSES, st.randoms(use_true_random=False))
def test_the_order_of_the_news_does_not_matter(prior, impulses, random):
    shuffled = list(impulses)
    random.shuffle(shuffled)
    assert move(prior, shuffled).after == move(prior, impulses).after


@given(PRIORS, IMPULSES)
def test_conviction_stays_within_its_bounds_and_a_day_within_its_cap(prior, impulses):
    result = move(prior, impulses)
    assert LIMITS.floor - 1e-4 <= result.after <= LIMITS.ceiling + 1e-4
    assert abs(sum(step.applied for step in result.steps)) <= LIMITS.per_day + 1e-5
    for source in "XYZ":
        assert abs(sum(step.applied for step in result.steps if step.source == source)) <= LIMITS.per_source + 1e-5


@given(PRIORS)
def test_no_news_moves_nothing(prior):
    assert move(prior, []).after == pytest.approx(prior, abs=1e-4)
    assert move(prior, [impulse(0.0)]).after == pytest.approx(prior, abs=1e-4)


@given(st.floats(0.2, 0.8), st.floats(0.01, 0.6))
def test_opposite_news_cancels(prior, llr):
    result = move(prior, [impulse(llr, "a", "X"), impulse(-llr, "b", "Y")])
    assert result.after == pytest.approx(prior, abs=2e-4)


@given(st.floats(0.1, 0.9), st.floats(-1, 1), st.floats(-1, 1))
def test_stronger_news_never_gives_less_conviction(prior, a, b):
    low, high = sorted((a, b))
    assert move(prior, [impulse(low)]).after <= move(prior, [impulse(high)]).after + 1e-9


@given(IMPULSES, IMPULSES)
def test_the_caps_of_a_day_hold_over_several_runs(first, second):
    one = move(0.5, first)
    spent = {}
    for step in one.steps:
        spent[step.source] = spent.get(step.source, 0.0) + step.applied
    two = move(one.after, second, spent=spent)
    for source in "XYZ":
        both = spent.get(source, 0.0) + sum(step.applied for step in two.steps if step.source == source)
        assert abs(both) <= LIMITS.per_source + 1e-4
    assert abs(sum(spent.values()) + sum(step.applied for step in two.steps)) <= LIMITS.per_day + 1e-4


@given(st.floats(0.001, 0.999))
def test_log_odds_and_probability_are_inverse(p):
    assert probability_of(log_odds(p)) == pytest.approx(p)
