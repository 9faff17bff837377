import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.quant.consistency import HeldClaim, check_claims, consistency, one_bet
from memory.thesis import Claim, Thesis

FLY = {"low": 70, "middle": 90, "high": 110, "spot": 69.75}


def thesis(slug, *claims, drivers=()):
    return Thesis(slug=slug, title=slug, claim="c", stance="long", conviction=0.5, claims=claims, drivers=drivers)


def claim(name="a", **fields):
    return Claim(**{"id": name, "subject": "x", "metric": "m", "kind": "level", **fields})


def held(holder="one", name="a", **fields):
    return HeldClaim(**{"id": name, "thesis": holder, "subject": "x", "metric": "m", "kind": "level", **fields})


def texts(*theses):
    return [(item.kind, item.text) for item in consistency(theses).contradictions]


def kinds(*claims):
    return [item.kind for item in check_claims(claims).contradictions]


MACRO = [
    held("us-shutdown", "claimed-hits", subject="desk", metric="hit rate", kind="rate", low=80, high=80, unit="%"),
    held("us-shutdown", "best-hits", subject="desk", metric="hit rate", kind="rate", low=55, high=60, unit="%"),
    held("compute-gap", "trough", subject="GPUs", metric="utilisation", kind="state", state="glut", start=2027, end=2029),
    held("compute-gap", "phase-two", subject="GPUs", metric="balance", kind="state", state="shortage", opposite_states=["glut"], start=2028),
    held("token-demand", "twelve", subject="revenue", kind="multiple", low=12, high=12, factors={"queries": 3, "tokens per query": 2},
         expected_factors=["users", "queries", "tokens per query"]),
    held("token-demand", "flat", subject="tokens", metric="fall in price", kind="multiple", low=1, high=1),
    held("ai-value", "fall", subject="tokens", metric="fall in price", kind="multiple", low=1000, high=1000),
    held("slv-butterfly", "fly", subject="silver", metric="payoff", kind="position_payoff", factors=FLY),
    held("silver-squeeze", "room", subject="silver", metric="target", kind="change_pct", low=50, high=50),
]  # fmt: skip


def test_the_five_contradictions_of_the_fact_sheet_are_found_with_their_numbers():
    found = check_claims(MACRO).contradictions
    assert [(item.kind, item.theses, item.severity) for item in found] == [
        ("disjoint values", ["ai-value", "token-demand"], "high"),
        ("disjoint values", ["us-shutdown"], "high"),
        ("exclusive states", ["compute-gap"], "high"),
        ("missing factor", ["token-demand"], "high"),
        ("payoff past its peak", ["silver-squeeze", "slv-butterfly"], "high"),
    ]
    assert [item.text for item in found] == [
        "tokens, fall in price: 1000x (ai-value) against 1x (token-demand)",
        "desk, hit rate: 55–60 % (us-shutdown) against 80 % (us-shutdown)",
        "GPUs: shortage from 2028 on and glut in 2027–2029 share 2028–2029",
        "revenue: 12x is claimed, but queries 3 × tokens per query 2 = 6x; a factor of 2 (users) is never named",
        "silver: at +50 % (104.62) the 70/90/110 butterfly pays 5.38 of a maximum 20: its peak is behind it",
    ]
    assert all(item.settle for item in found)


@given(st.permutations(MACRO))
def test_the_order_of_the_claims_does_not_change_the_findings(order):
    assert check_claims(order) == check_claims(MACRO)


def test_disjoint_values_of_one_matter_are_reported_with_both_numbers():
    found = texts(thesis("one", claim(low=80, high=80, unit="%")), thesis("two", claim("b", low=55, high=60, unit="%")))
    assert found == [("disjoint values", "x, m: 80 % (one) against 55–60 % (two)")]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"kind": "change_pct", "low": 50, "high": 50}, {"kind": "multiple", "low": 1.4, "high": 1.6}),
        ({"kind": "rate", "low": 0.8, "high": 0.8, "unit": "share"}, {"kind": "rate", "low": 80, "high": 80, "unit": "%"}),
        ({"kind": "rate", "low": 700, "high": 700, "unit": "bp"}, {"kind": "level", "low": 7, "high": 7, "unit": "%"}),
        ({"low": 1, "high": 2}, {"low": 2, "high": 3}),
        ({"low": 20}, {"low": 30, "high": 40}),
        ({"subject": "X", "metric": " M", "low": 1, "high": 1}, {"low": 1, "high": 1}),
        ({"low": 1, "high": 1, "metric": "other"}, {"low": 2, "high": 2}),
        ({"low": 1, "high": 1, "subject": "other"}, {"low": 2, "high": 2}),
    ],
)
def test_claims_that_one_value_fulfils_or_that_are_of_two_matters_do_not_contradict(a, b):
    assert kinds(held(**a), held("two", **b)) == []


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ({"kind": "change_pct", "low": 50, "high": 50}, {"kind": "multiple", "low": 12, "high": 12}, "x, m: 50 % (one) against 12x (two)"),
        ({"low": 20, "unit": "t"}, {"high": 4, "unit": "t"}, "x, m: at least 20 t (one) against at most 4 t (two)"),
        ({"low": 1, "high": 1}, {"metric": "M", "low": 2, "high": 2}, "x, m: 1 (one) against 2 (two)"),
    ],
)
def test_ranges_are_compared_across_units_and_open_ends(a, b, text):
    (found,) = check_claims([held(**a), held("two", **b)]).contradictions
    assert found.text == text


@pytest.mark.parametrize(("other", "severity"), [(103, "low"), (110, "medium"), (125, "high")])
def test_severity_grows_with_the_distance(other, severity):
    (found,) = check_claims([held(low=100, high=100), held("two", low=other, high=other)]).contradictions
    assert found.severity == severity


def test_one_matter_in_two_units_is_named_and_not_judged():
    found = check_claims([held(low=30, high=30, unit="t"), held("two", low=30, high=30, unit="lb")])
    assert (found.contradictions, found.not_compared) == ([], ["one/a and two/a: t and lb cannot be compared, use one unit"])


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        (("2024", "2025"), ("2027", "2028"), False),
        (("2024", "2027"), ("2027", "2028"), True),
        (("", "2026-06"), ("2026-07-01", ""), False),
        (("", "2026-06"), ("2026-06-30", ""), True),
        (("2026-Q1", "2026Q2"), ("2026-Q3", "2026-Q4"), False),
        (("2026.0", "2026.4"), ("2026.6", "2027.0"), False),
        ((2026.0, 2026.6), (2026.4, 2027), True),
        (("", ""), ("2031", "2031"), True),
    ],
)
def test_values_contradict_only_where_their_windows_meet(first, second, meet):
    a = held(low=1, high=1, start=first[0], end=first[1])
    b = held("two", low=9, high=9, start=second[0], end=second[1])
    assert kinds(a, b) == (["disjoint values"] if meet else [])


def test_a_glut_and_a_shortage_that_overlap_exclude_each_other():
    a = claim(kind="state", state="glut", opposite_states=("shortage",), start="2027", end="2029")
    b = claim("b", kind="state", state="shortage", start="2028", end="2030")
    assert [kind for kind, _ in texts(thesis("one", a, b))] == ["exclusive states"]
    assert texts(thesis("one", a, b.model_copy(update={"start": "2030"}))) == []


def test_states_that_nobody_declared_opposite_do_not_contradict():
    assert kinds(held(kind="state", state="glut"), held("two", kind="state", state="consolidation")) == []


def test_one_event_in_two_windows_that_do_not_meet_is_a_contradiction():
    a, b = held(kind="window", start="2027", end="2029"), held("two", kind="window", start="2031", end="2032")
    (found,) = check_claims([a, b]).contradictions
    assert (found.kind, found.text) == ("disjoint windows", "x, m: in 2027–2029 (one) against in 2031–2032 (two)")
    assert kinds(a, b.model_copy(update={"start": "2029"})) == []


def test_a_multiple_whose_factors_fall_short_names_the_missing_one():
    ((kind, text),) = texts(thesis("one", claim(kind="multiple", low=12, high=12, factors={"queries": 3, "tokens": 2})))
    assert (kind, "a factor of 2 is never named" in text) == ("missing factor", True)
    assert texts(thesis("one", claim(kind="multiple", low=6, high=6, factors={"queries": 3, "tokens": 2}))) == []


def test_factors_inside_a_claimed_range_reach_it_and_factors_beyond_it_do_not():
    factors = {"queries": 3, "tokens": 4}
    assert kinds(held(kind="multiple", low=10, high=14, factors=factors)) == []
    assert kinds(held(kind="multiple", low=10, factors=factors)) == []
    assert kinds(held(kind="multiple", high=10, factors=factors)) == ["missing factor"]


def test_a_butterfly_past_its_peak_at_the_target_is_reported():
    fly = claim(kind="position_payoff", factors=FLY)
    far, near = (
        claim("b", metric="target", kind="change_pct", low=40, high=50),
        claim("b", metric="target", kind="change_pct", low=20, high=29),
    )
    ((kind, text),) = texts(thesis("one", fly, far))
    assert (kind, "pays 5.38 of a maximum 20" in text) == ("payoff past its peak", True)
    assert texts(thesis("one", fly, near)) == []


@pytest.mark.parametrize(
    ("factors", "move", "found"),
    [
        (FLY, {"low": 50}, True),
        (FLY, {"high": 50}, False),
        (FLY, {"low": -10, "high": 50}, False),
        (FLY, {"low": 20, "high": 50}, False),
        ({"spot": 100, "call 110": 1}, {"low": 50, "high": 50}, False),
        ({"spot": 100, "call 110": 1, "call 130": -1}, {"low": 50, "high": 50}, False),
        ({"spot": 100, "call 110": 1, "call 130": -2}, {"low": 50, "high": 50}, True),
        ({"spot": 100, "call 110": 1, "call 130": -2, "call 150": 2}, {"low": 50}, False),
        ({"spot": 100, "put 90": 1, "put 70": -2, "put 50": 1}, {"low": -50, "high": -45}, True),
        ({"spot": 100, "put 90": 1}, {"low": -50, "high": -45}, False),
    ],
)
def test_a_position_is_past_its_peak_only_when_the_whole_move_lies_beyond_it(factors, move, found):
    position = held(kind="position_payoff", factors=factors)
    assert kinds(position, held("two", metric="target", kind="change_pct", **move)) == (["payoff past its peak"] if found else [])


def test_a_position_and_a_move_of_different_times_do_not_meet():
    position = held(kind="position_payoff", factors=FLY, end="2026-06-18")
    assert kinds(position, held("two", kind="change_pct", low=50, high=50, start="2027")) == []


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"start": "soon"}, "'soon' is no date"),
        ({"start": "2026-13"}, "'2026-13' is no date"),
        ({"start": "2028", "end": "2027"}, "ends before it starts"),
        ({"low": 2, "high": 1}, "low 2 is above high 1"),
        ({"low": math.nan, "high": 1}, "not finite"),
        ({"kind": "position_payoff", "factors": {"low": 70}}, "needs the factors spot"),
        ({"kind": "multiple", "low": 12, "factors": {"users": 0}}, "above zero"),
    ],
)
def test_a_claim_that_makes_no_sense_is_named_and_does_not_stop_the_others(fields, word):
    found = check_claims([held("bad", **fields), *MACRO])
    assert len(found.contradictions) == 5
    (problem,) = found.not_compared
    assert word in problem
    assert "bad/a" in problem


SILVER = ["silver-calendar", "silver-squeeze", "slv-butterfly", "venue-basis"]


def test_the_silver_theses_are_one_bet_and_compute_gap_is_short_of_what_copper_tin_and_photonics_share():
    drivers = {name: ["silver"] for name in SILVER} | {name: ["datacentre-buildout"] for name in ("tin", "copper", "photonics")}
    found = one_bet(drivers | {"compute-gap": ["-datacentre-buildout"], "alone": ["own"]})
    assert [(bet.drivers, bet.theses, bet.against) for bet in found] == [
        (["datacentre-buildout"], ["copper", "photonics", "tin"], ["compute-gap"]),
        (["silver"], SILVER, []),
    ]


def test_theses_that_share_two_drivers_are_one_bet_on_both():
    found = one_bet({"b": ["y", "x", "x"], "a": ["x", "y"]})
    assert [(bet.drivers, bet.theses) for bet in found] == [(["x", "y"], ["a", "b"])]


def test_a_thesis_on_both_sides_of_its_own_driver_is_no_pair():
    assert one_bet({"a": ["x", "-x"]}) == []


def test_shared_drivers_are_read_from_the_theses():
    found = consistency(
        [thesis("copper", drivers=("build-out",)), thesis("tin", drivers=("build-out",)), thesis("gap", drivers=("-build-out",))]
    )
    assert [(bet.drivers, bet.theses, bet.against) for bet in found.bets] == [(["build-out"], ["copper", "tin"], ["gap"])]


NAMES = st.sampled_from(["silver", "copper", "compute"])
YEARS = st.integers(2020, 2040)


@st.composite
def true_claims(draw):
    """Claims about one world: a value and a state a year for each subject, so that all of them hold together."""
    subject, metric = draw(NAMES), draw(NAMES)
    start = draw(YEARS)
    end = draw(st.integers(start, 2040))
    world = [len(subject) * 10 + len(metric) + year % 7 for year in range(start, end + 1)]
    window = {"start": str(start), "end": str(end)}
    below, above = draw(st.floats(0, 5)), draw(st.floats(0, 5))
    name = {"holder": draw(st.sampled_from(["one", "two"])), "name": draw(st.sampled_from(["a", "b", "c"])), "subject": subject}
    kind = draw(st.sampled_from(["level", "rate", "state", "multiple", "position_payoff", "change_pct"]))
    if kind == "state":
        # Until 2030 there is a glut, then a shortage.
        early = draw(st.booleans())
        window = {"start": str(min(start, 2030)), "end": str(min(end, 2030))} if early else {"start": str(max(start, 2031))}
        state, opposite = ("glut", "shortage") if early else ("shortage", "glut")
        return held(**name, kind=kind, state=state, opposite_states=(opposite,), **window)
    if kind == "multiple":
        factors = draw(st.dictionaries(NAMES, st.floats(0.1, 20), min_size=1, max_size=3))
        product = math.prod(factors.values())
        return held(**name, metric=f"multiple {product}", kind=kind, low=product, high=product, factors=factors)
    if kind == "position_payoff":
        return held(**name, metric="payoff", kind=kind, factors={"spot": 100, "low": 100, "middle": 120, "high": 140})
    if kind == "change_pct":
        # The butterfly's peak is at +20 %.
        return held(**name, metric="target", kind=kind, low=20 - below, high=20 + above)
    return held(**name, metric=metric, kind=kind, low=min(world) - below, high=max(world) + above, **window)


@given(st.lists(true_claims(), max_size=12))
def test_claims_that_all_hold_in_one_world_raise_no_alarm(claims):
    found = check_claims(claims)
    assert (found.contradictions, found.not_compared) == ([], [])


@given(st.lists(true_claims(), max_size=6), st.floats(1, 100), st.floats(101, 1000))
def test_a_contradiction_among_true_claims_is_found_and_is_the_only_one(claims, low, high):
    liars = [held("liar", "a", subject="liars", low=low, high=low), held("liar", "b", subject="liars", low=high, high=high)]
    (found,) = check_claims([*claims, *liars]).contradictions
    assert found.claims == ["liar/a", "liar/b"]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=5))
def test_claims_that_share_a_value_never_contradict(bands):
    common = 50.0
    theses = [thesis(f"t{i}", claim(low=min(a, common), high=max(b, common))) for i, (a, b) in enumerate(bands)]
    assert texts(*theses) == []
