from hypothesis import given
from hypothesis import strategies as st

from agents.quant.consistency import consistency
from memory.thesis import Claim, Thesis


def thesis(slug, *claims, drivers=()):
    return Thesis(slug=slug, title=slug, claim="c", stance="long", conviction=0.5, claims=claims, drivers=drivers)


def claim(name="a", **fields):
    return Claim(**{"id": name, "subject": "x", "metric": "m", "kind": "level", **fields})


def texts(*theses):
    return [(item.kind, item.text) for item in consistency(theses).contradictions]


def test_disjoint_values_of_one_matter_are_reported_with_both_numbers():
    found = texts(thesis("one", claim(low=80, high=80, unit="%")), thesis("two", claim("b", low=55, high=60, unit="%")))
    assert found == [("disjoint values", "x, m: 80 % (one) against 55–60 % (two)")]


def test_values_of_times_that_do_not_meet_do_not_contradict():
    assert (
        texts(
            thesis("one", claim(low=1, high=1, start="2024", end="2025")),
            thesis("two", claim("b", low=9, high=9, start="2027", end="2028")),
        )
        == []
    )


def test_a_glut_and_a_shortage_that_overlap_exclude_each_other():
    a = claim(kind="state", state="glut", opposite_states=("shortage",), start="2027", end="2029")
    b = claim("b", kind="state", state="shortage", start="2028", end="2030")
    assert [kind for kind, _ in texts(thesis("one", a, b))] == ["exclusive states"]
    assert texts(thesis("one", a, b.model_copy(update={"start": "2030"}))) == []


def test_a_multiple_whose_factors_fall_short_names_the_missing_one():
    ((kind, text),) = texts(thesis("one", claim(kind="multiple", low=12, high=12, factors={"queries": 3, "tokens": 2})))
    assert (kind, "a factor of 2 is never named" in text) == ("missing factor", True)
    assert texts(thesis("one", claim(kind="multiple", low=6, high=6, factors={"queries": 3, "tokens": 2}))) == []


def test_a_butterfly_past_its_peak_at_the_target_is_reported():
    fly = claim(kind="position_payoff", factors={"low": 70, "middle": 90, "high": 110, "spot": 69.75})
    far, near = (
        claim("b", metric="target", kind="change_pct", low=40, high=50),
        claim("b", metric="target", kind="change_pct", low=20, high=29),
    )
    ((kind, text),) = texts(thesis("one", fly, far))
    assert (kind, "pays 5.38 of a maximum 20" in text) == ("payoff past its peak", True)
    assert texts(thesis("one", fly, near)) == []


def test_shared_drivers_are_one_bet_and_a_minus_is_the_other_side():
    found = consistency(
        [
            thesis("copper", drivers=("build-out",)),
            thesis("tin", drivers=("build-out",)),
            thesis("gap", drivers=("-build-out",)),
            thesis("alone", drivers=("own",)),
        ]
    )
    assert [(bet.drivers, bet.theses, bet.against) for bet in found.bets] == [(["build-out"], ["copper", "tin"], ["gap"])]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=5))
def test_claims_that_share_a_value_never_contradict(bands):
    common = 50.0
    theses = [thesis(f"t{i}", claim(low=min(a, common), high=max(b, common))) for i, (a, b) in enumerate(bands)]
    assert texts(*theses) == []


@given(
    st.permutations(
        [thesis("one", claim(low=1, high=1)), thesis("two", claim("b", low=2, high=2)), thesis("three", claim("c", low=3, high=3))]
    )
)
def test_the_order_of_the_book_does_not_change_the_findings(order):
    assert texts(*order) == texts(*sorted(order, key=lambda item: item.slug))
