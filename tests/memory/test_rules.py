from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.errors import RuleError
from memory.observation import Point, SeriesInfo
from memory.rules import DerivedReader, FactValue, check, evaluate, format_rule, parse
from memory.rules.syntax import Binary, Call, Number, Series, Unary, Window

AS_OF = datetime(2026, 3, 31, 23, tzinfo=UTC)


def points(*rows):
    return [Point(date.fromisoformat(day), value, datetime.fromisoformat(known or day).replace(tzinfo=UTC)) for day, value, known in
            [(*row, None)[:3] for row in rows]]  # fmt: skip


class Reader:
    def __init__(self, series, infos=None):
        self.series = series
        self.infos = infos or {}

    def info(self, series):
        return self.infos.get(series)

    def points(self, series, as_of, since=None):
        newest = {}
        for point in sorted(self.series.get(series, []), key=lambda p: p.known_at):
            if point.known_at <= as_of and (since is None or point.valid_time >= since):
                newest[point.valid_time] = point
        return [newest[day] for day in sorted(newest)]


SILVER = points(("2025-03-31", 30.0), ("2025-12-31", 70.0), ("2026-01-31", 76.0), ("2026-02-28", 84.0), ("2026-03-31", 88.0))
READER = Reader(
    {
        "s": SILVER,
        "neg": points(("2026-03-01", -36.98), ("2026-03-31", 10.0)),
        "flat": points(("2026-03-01", 5.0), ("2026-03-02", 5.0), ("2026-03-03", 5.0)),
    }
)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("last(s)", 88.0), ("s", 88.0), ("prior(s, 1)", 84.0), ("change(s, 1m)", 4.0), ("pct_change(s, 12m)", 100 * (88 / 30 - 1)),
        ("mean(s, 2m)", 86.0), ("max(s, 90d)", 88.0), ("min(s, 3obs)", 76.0), ("count(s, 90d)", 3.0), ("days_since(s)", 0.0),
        ("std(s, 2obs)", 8**0.5), ("abs(3 - 5)", 2.0), ("2 + 3 * 4", 14.0), ("(2 + 3) * 4", 20.0), ("-s / 4", -22.0), ("10 - 4 - 3", 3.0),
        ("change(s, 1y)", 58.0), ("1e3", 1000.0),
    ],
)  # fmt: skip
def test_each_function_gives_its_number(rule, value):
    found = evaluate(parse(rule), READER, AS_OF)
    assert (found.state, found.value) == ("number", pytest.approx(value))


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("s > 80", "true"), ("s <= 80", "false"), ("s == 88 and s != 87", "true"), ("not s > 80", "false"), ("s > 90 or s > 80", "true"),
        ("nothing > 1", "unknown"), ("nothing > 1 and s < 1", "false"), ("nothing > 1 or s > 1", "true"), ("nothing > 1 and s > 1", "unknown"),
        ("not nothing > 1", "unknown"), ("s / 0 > 1", "unknown"), ("zscore(flat, 3obs) > 1", "unknown"), ("pct_change(neg, 1m) > 0", "unknown"),
        ("mean(s, 1d) > 0", "true"), ("std(s, 1d) > 0", "unknown"), ("prior(s, 99) > 0", "unknown"), ("s and s > 1", "unknown"),
    ],
)  # fmt: skip
def test_truth_has_three_values_and_missing_data_is_never_false(rule, state):
    found = evaluate(parse(rule), READER, AS_OF)
    assert found.state == state
    assert (state == "unknown") == bool(found.reason)


def test_a_year_ago_is_counted_by_the_calendar_not_by_rows():
    missing = points(("2025-01-01", 100.0), ("2025-02-01", 101.0), ("2025-04-01", 103.0), ("2026-01-01", 110.0), ("2026-02-01", 112.0))
    found = evaluate(parse("pct_change(cpi, 12m)"), Reader({"cpi": missing}), datetime(2026, 3, 1, tzinfo=UTC))
    assert found.value == pytest.approx(100 * (112 / 101 - 1))


def test_every_value_read_is_evidence_with_its_dates():
    found = evaluate(parse("last(s) - prior(s, 1) > 0"), READER, AS_OF)
    assert [(item.call, item.value, item.valid_time) for item in found.evidence] == [
        ("last(s)", 88.0, date(2026, 3, 31)),
        ("prior(s, 1obs)", 84.0, date(2026, 2, 28)),
    ]


def test_a_fact_from_a_document_carries_its_quote():
    class Facts:
        def latest(self, name, as_of):
            return FactValue(81e6, "oz", "01REC", "down by 81 m oz", AS_OF) if name == "draw" else None

    found = evaluate(parse('fact("draw") > 50000000'), READER, AS_OF, Facts())
    assert (found.state, found.evidence[0].source, found.evidence[0].quote) == ("true", "01REC", "down by 81 m oz")
    assert evaluate(parse('fact("other") > 1'), READER, AS_OF, Facts()).state == "unknown"


MISTAKES = [
    ("__import__('os')", "column 1"), ("last(s", "missing"), ("pct_chnge(s, 3m)", "pct_change"), ("mean(s, 90)", "30d"), ("a < b < c", "two comparisons"),
    ("mean(s)", "missing"), ("s >", "missing"), ("", "missing"), ("s s", "follows"), ("fact(x)", "double quotes"), ("prior(s, 1d)", "whole number"),
    ("last(3)", "series"), ("mean(s, 0d)", "window"), ("s & 1", "not part"), ("(" * 50 + "s" + ")" * 50, "deep"), ("s" * 2001, "characters"),
    ("- " * 500 + "1", "deep"), ("not " * 400 + "s", "deep"), ("exec(s)", "no function"), ("s.__class__ > 1", "not part"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "word"), MISTAKES)
def test_a_mistake_is_one_sentence_that_says_where_and_how(text, word):
    with pytest.raises(RuleError, match=word) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@given(st.text(alphabet="abs.()<>=!+-*/ ,0123456789dmyandornotlastmean\"'_", max_size=60))
def test_whatever_is_typed_only_a_rule_error_comes_out(text):
    try:
        rule = parse(text)
    except RuleError:
        return
    assert evaluate(rule, READER, AS_OF).state in {"true", "false", "number", "unknown"}


NAMES = st.sampled_from(["s", "neg", "flat", "nothing", "a.b_c.d1"])
WINDOWS = st.builds(Window, st.integers(1, 400), st.sampled_from(["d", "w", "m", "y", "obs"]))
LEAVES = st.one_of(
    st.builds(Number, st.floats(0, 1e6, allow_nan=False).map(lambda x: round(x, 4))),
    st.builds(Series, NAMES),
    st.builds(Call, st.sampled_from(["last", "days_since"]), st.builds(Series, NAMES), st.none()),
    st.builds(Call, st.sampled_from(["mean", "change", "zscore", "pct_change", "max"]), st.builds(Series, NAMES), WINDOWS),
)
SUMS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.builds(Binary, st.sampled_from("+-*/"), inner, inner), st.builds(Unary, st.just("-"), inner)),
    max_leaves=8,
)
COMPARISONS = st.builds(Binary, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), SUMS, SUMS)
TRUTHS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(st.builds(Binary, st.sampled_from(["and", "or"]), inner, inner), st.builds(Unary, st.just("not"), inner)),
    max_leaves=5,
)


@given(st.one_of(SUMS, TRUTHS))
def test_the_canonical_text_of_a_rule_reads_back_as_the_same_rule(root):
    again = parse(format_rule(root)).root
    assert format_rule(again) == format_rule(root)


@given(TRUTHS, st.lists(st.tuples(st.integers(0, 400), st.floats(-1e6, 1e6)), max_size=8))
def test_what_becomes_known_later_never_changes_what_was_true_then(root, later):
    rule = parse(format_rule(root))
    before = evaluate(rule, READER, AS_OF)
    more = [Point(AS_OF.date() - timedelta(days=days), value, AS_OF + timedelta(seconds=1)) for days, value in later]
    after = evaluate(rule, Reader({name: [*rows, *more] for name, rows in READER.series.items()}), AS_OF)
    assert after == before


INFOS = {
    "near": SeriesInfo(series="near", unit="$/oz"), "far": SeriesInfo(series="far", unit="$/oz"), "rate": SeriesInfo(series="rate", unit="%"),
    "spread": SeriesInfo(series="spread", unit="$/oz", formula="near - far"),
    "a": SeriesInfo(series="a", formula="b * 2"), "b": SeriesInfo(series="b", formula="a / 2"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("naer > 1", "did you mean near"),
        ("a > 1", "a -> b -> a"),
        ("near - rate > 0", "convert"),
        ("last(near) > last(rate)", "convert"),
        ("zzz > 1", "no series"),
    ],
)
def test_a_rule_is_held_against_the_series_there_are(rule, word):
    with pytest.raises(RuleError, match=word):
        check(parse(rule), INFOS)


def test_quotients_and_equal_units_are_fine():
    check(parse("near / rate > 1 and spread > 0 and pct_change(near, 3m) > change(rate, 3m)"), INFOS)


def test_a_derived_series_is_computed_on_common_days_and_known_with_its_last_part():
    reader = DerivedReader(Reader({
        "near": points(("2026-03-01", 10.0), ("2026-03-02", 11.0), ("2026-03-03", 12.0)),
        "far": points(("2026-03-01", 9.0), ("2026-03-03", 12.5, "2026-03-05")),
    }, INFOS))  # fmt: skip
    found = reader.points("spread", datetime(2026, 3, 31, tzinfo=UTC))
    assert [(p.valid_time.day, p.value, p.known_at.day) for p in found] == [(1, 1.0, 1), (3, -0.5, 5)]
    assert [p.valid_time.day for p in reader.points("spread", datetime(2026, 3, 4, tzinfo=UTC))] == [1]


def test_reading_a_circular_series_names_the_circle():
    with pytest.raises(RuleError, match="a -> b -> a"):
        DerivedReader(Reader({}, INFOS)).points("a", AS_OF)
