from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.facts import extract_facts, same_quantity

NUMBERS = [
    # text, values, unit
    ("76.93 $/oz", (76.93,), "USD/oz"), ("$100/oz", (100,), "USD/oz"), ("每盎司100美元", (100,), "USD/oz"), ("100美元/盎司", (100,), "USD/oz"),
    ("75美元/桶", (75,), "USD/bbl"), ("$60/bbl", (60,), "USD/bbl"), ("−81 m oz", (-81e6,), "oz"), ("81 million ounces", (81e6,), "oz"),
    ("8100万盎司", (81e6,), "oz"), ("8100 万盎司", (81e6,), "oz"), ("８１００万盎司", (81e6,), "oz"), ("$16 bn", (16e9,), "USD"),
    ("160 亿美元", (16e9,), "USD"), ("160億美元", (16e9,), "USD"), ("1.7万亿美元", (1.7e12,), "USD"), ("$1.7 tn", (1.7e12,), "USD"),
    ("九十万", (9e5,), ""), ("三千万", (3e7,), ""), ("两成", (20,), "%"), ("百分之三点七", (3.7,), "%"), ("3.7 %", (3.7,), "%"),
    ("370 bp", (3.7,), "%"), ("370个基点", (3.7,), "%"), ("700 basis points", (7,), "%"), ("+50 %", (50,), "%"), ("15 percent", (15,), "%"),
    ("-0.7149", (-0.7149,), ""), ("−0.7149", (-0.7149,), ""), ("1,000,000 contracts", (1e6,), ""), ("10,226", (10226,), ""),
    ("12x", (12,), "x"), ("1000x", (1000,), "x"), ("50 倍", (50,), "x"), ("两倍", (2,), "x"), ("$50 k", (5e4,), "USD"), ("$10 m", (1e7,), "USD"),
    ("26 bn", (26e9,), ""), ("40.6 days", (40.6,), "d"), ("5 y", (5,), "y"), ("10-year", (10,), "y"), ("五年", (5,), "y"), ("13,400 tonnes", (13400,), "t"),
    ("30 吨", (30,), "t"), ("2 GW", (2000,), "MW"), ("€5 m", (5e6,), "EUR"), ("900 亿日元", (9e10,), "JPY"), ("2.3 %", (2.3,), "%"), ("32 GB", (32,), "GB"),
]  # fmt: skip
RANGES = [
    ("20–30 %", (20, 30), "%"), ("20-30%", (20, 30), "%"), ("20 to 30 percent", (20, 30), "%"), ("25%至30%", (25, 30), "%"),
    ("$5–10 tn", (5e12, 10e12), "USD"), ("5-10万亿美元", (5e12, 10e12), "USD"), ("20–40 t", (20, 40), "t"), ("1–2 months", (1, 2), "mo"),
]  # fmt: skip
DATES = [
    ("2026-06-18", [date(2026, 6, 18)], "day"), ("2026年6月18日", [date(2026, 6, 18)], "day"), ("June 18, 2026", [date(2026, 6, 18)], "day"),
    ("18 June 2026", [date(2026, 6, 18)], "day"), ("2026年6月", [date(2026, 6, 1)], "month"), ("Jun 2026", [date(2026, 6, 1)], "month"),
    ("2026Q2", [date(2026, 4, 1)], "quarter"), ("2026年第二季度", [date(2026, 4, 1)], "quarter"), ("2027–29", [date(2027, 1, 1), date(2029, 1, 1)], "year"),
    ("2025–2027", [date(2025, 1, 1), date(2027, 1, 1)], "year"), ("in 2026", [date(2026, 1, 1)], "year"), ("3 月", [], "month"), ("3月份", [], "month"),
    ("2026年三月", [date(2026, 3, 1)], "month"),
]  # fmt: skip
NAMES = ["Q1", "G7", "COVID-19", "GPT-4", "H100", "phase 2", "S&P 500", "第3章", "3D"]


@pytest.mark.parametrize(("text", "values", "unit"), NUMBERS)
def test_a_number_is_read_with_its_unit(text, values, unit):
    (fact,) = extract_facts(text)
    assert (fact.kind, fact.values, fact.unit) == ("number", pytest.approx(values), unit)


@pytest.mark.parametrize(("text", "values", "unit"), RANGES)
def test_a_range_has_two_ends_in_one_unit(text, values, unit):
    (fact,) = extract_facts(text)
    assert (fact.kind, fact.values, fact.unit) == ("range", pytest.approx(values), unit)


@pytest.mark.parametrize(("text", "dates", "granularity"), DATES)
def test_a_date_is_a_date_in_both_languages(text, dates, granularity):
    (fact,) = [fact for fact in extract_facts(text) if fact.kind == "date"]
    assert (list(fact.dates), fact.granularity) == (dates, granularity)


@pytest.mark.parametrize("text", ["SLV 70/90/110 butterfly", "蝶式70-90-110", "蝶式期权 70、90、110"])
def test_a_strike_triple_is_not_a_date_or_a_range(text):
    (fact,) = extract_facts(text)
    assert (fact.kind, fact.values) == ("strikes", (70, 90, 110))


@pytest.mark.parametrize("text", NAMES)
def test_a_number_that_is_part_of_a_name_is_no_fact(text):
    assert extract_facts(text) == []


def test_a_chinese_month_is_never_a_bare_number():
    assert all(fact.kind == "date" for fact in extract_facts("3 月的库存"))


@pytest.mark.parametrize(
    ("text", "bound", "approximate"),
    [
        ("700+ bp", "min", False),
        ("over $9 tn", "min", False),
        ("超过9万亿美元", "min", False),
        ("不到5%", "max", False),
        ("about $16 bn", "", True),
        ("约160亿美元", "", True),
        ("5%左右", "", True),
    ],
)
def test_bounds_and_approximations_are_kept(text, bound, approximate):
    (fact,) = extract_facts(text)
    assert (fact.bound, fact.approximate) == (bound, approximate)


@pytest.mark.parametrize(
    ("a", "b"),
    [("81 m oz", "8100 万盎司"), ("$16 bn", "160 亿美元"), ("3.7 %", "370 bp"), ("3.7 %", "百分之三点七"), ("$5-10 tn", "5-10万亿美元"),
     ("100 $/oz", "每盎司100美元"), ("2026-06-18", "2026年6月18日"), ("50x", "50 倍")],
)  # fmt: skip
def test_one_quantity_in_two_spellings_is_the_same(a, b):
    assert same_quantity(extract_facts(a)[0], extract_facts(b)[0])


@pytest.mark.parametrize(
    ("a", "b"), [("81 m oz", "81 bn oz"), ("5 %", "5 bp"), ("$5", "€5"), ("5-10 %", "5 %"), ("June 2026", "2026-06-18")]
)
def test_other_quantities_are_not(a, b):
    assert not same_quantity(extract_facts(a)[0], extract_facts(b)[0])


PIECES = st.sampled_from(
    [*(row[0] for row in NUMBERS + RANGES), *(row[0] for row in DATES), *NAMES, " ", "，", ". ", "🙂", "é", "-", "/", "银"]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)))
def test_spans_open_their_place_and_never_overlap(text):
    facts = extract_facts(text)
    assert all(text[fact.start : fact.end] == fact.text and fact.text for fact in facts)
    assert all(a.end <= b.start for a, b in pairwise(facts))


@given(st.integers(1, 9999), st.sampled_from([("m oz", "00万盎司", 1e6), ("bn $", "0亿美元", 1e9)]))
def test_a_quantity_written_in_english_and_in_chinese_is_the_same(value, units):
    english, chinese, scale = units
    a, b = extract_facts(f"{value} {english}")[0], extract_facts(f"{value}{chinese}")[0]
    assert a.values == (value * scale,)
    assert same_quantity(a, b)
