import itertools
import time
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memory.facts import Fact, extract_facts, same_quantity

NUMBERS = [
    # text, values, unit
    ("76.93 $/oz", (76.93,), "USD/oz"), ("$100/oz", (100,), "USD/oz"), ("每盎司100美元", (100,), "USD/oz"), ("100美元/盎司", (100,), "USD/oz"),
    ("每盎司约100美元", (100,), "USD/oz"), ("100 dollars an ounce", (100,), "USD/oz"), ("$60/bbl", (60,), "USD/bbl"), ("75美元/桶", (75,), "USD/bbl"),
    ("$60 a barrel", (60,), "USD/bbl"), ("每桶75美元", (75,), "USD/bbl"), ("$9,000 a tonne", (9000,), "USD/t"), ("每噸 13,400 美元", (13400,), "USD/t"),
    ("$4/MMBtu", (4,), "USD/MMBtu"), ("4美元/百万英热", (4,), "USD/MMBtu"), ("550元/克", (550,), "CNY/g"),
    ("−81 m oz", (-81e6,), "oz"), ("81 million ounces", (81e6,), "oz"), ("430 moz", (430e6,), "oz"), ("81 million troy ounces", (81e6,), "oz"),
    ("8100万盎司", (81e6,), "oz"), ("8100 万盎司", (81e6,), "oz"), ("８１００万盎司", (81e6,), "oz"), ("8100萬盎司", (81e6,), "oz"), ("8.1千万盎司", (81e6,), "oz"),
    ("$16 bn", (16e9,), "USD"), ("US$16 billion", (16e9,), "USD"), ("USD 16bn", (16e9,), "USD"), ("160 亿美元", (16e9,), "USD"), ("160億美元", (16e9,), "USD"),
    ("1600000万 USD", (16e9,), "USD"), ("1.7万亿美元", (1.7e12,), "USD"), ("$1.7 tn", (1.7e12,), "USD"), ("$1.7T", (1.7e12,), "USD"), ("$5-billion", (5e9,), "USD"),
    ("1亿2000万美元", (1.2e8,), "USD"), ("一亿二千万元", (1.2e8,), "CNY"), ("三万五千吨", (35000,), "t"), ("四万亿", (4e12,), ""), ("一点七万亿美元", (1.7e12,), "USD"),
    ("€5 m", (5e6,), "EUR"), ("5亿欧元", (5e8,), "EUR"), ("900 亿日元", (9e10,), "JPY"), ("¥900 bn", (9e11,), "JPY"), ("¥5亿", (5e8,), "CNY"), ("人民币5亿元", (5e8,), "CNY"),
    ("HK$5 m", (5e6,), "HKD"), ("5 bn yuan", (5e9,), "CNY"), ("RMB 5 bn", (5e9,), "CNY"), ("$5 m CAD", (5e6,), "CAD"),
    ("$50 k", (5e4,), "USD"), ("$150k", (150e3,), "USD"), ("$10 m", (1e7,), "USD"), ("26 bn $", (26e9,), "USD"), ("-$5 m", (-5e6,), "USD"), ("$-5 m", (-5e6,), "USD"),
    ("九十万", (9e5,), ""), ("三千万", (3e7,), ""), ("两百五十亿", (25e9,), ""), ("一百", (100,), ""), ("三万五", (35000,), ""), ("26 bn", (26e9,), ""), ("5M", (5e6,), ""),
    ("两成", (20,), "%"), ("2成", (20,), "%"), ("百分之三点七", (3.7,), "%"), ("百分之3.7", (3.7,), "%"), ("千分之三", (0.3,), "%"), ("3.7 %", (3.7,), "%"), ("３．７％", (3.7,), "%"),
    ("370 bp", (3.7,), "%"), ("370个基点", (3.7,), "%"), ("700 basis points", (7,), "%"), ("3个百分点", (3,), "%"), ("15 percent", (15,), "%"), ("15 per cent", (15,), "%"),
    ("+50 %", (50,), "%"), ("+15 % a year", (15,), "%"), ("每年15%", (15,), "%"), ("下降3%", (3,), "%"), ("fell by 81 %", (81,), "%"), ("4.2 % of people", (4.2,), "%"),
    ("(−5 %)", (-5,), "%"), ("–5 %", (-5,), "%"), ("±5 %", (5,), "%"), ("sub-5 %", (5,), "%"), ("库存-81万吨", (-81e4,), "t"),
    ("-0.7149", (-0.7149,), ""), ("−0.7149", (-0.7149,), ""), ("(1.2)", (1.2,), ""), ("WTI − 60", (60,), ""), ("1.5e-3", (0.0015,), ""), ("vol 80", (80,), ""),
    ("1,000,000 contracts", (1e6,), ""), ("10,226", (10226,), ""), ("说３，０００吨", (3000,), "t"), ("300人", (300,), ""), ("2000 people", (2000,), ""), ("S&P 5,500", (5500,), ""),
    ("12x", (12,), "x"), ("1000x", (1000,), "x"), ("50 倍", (50,), "x"), ("两倍", (2,), "x"), ("5-fold", (5,), "x"), ("12 times", (12,), "x"),
    ("40.6 days", (40.6,), "d"), ("5 y", (5,), "y"), ("5年", (5,), "y"), ("10-year JGB", (10,), "y"), ("JGB 10y", (10,), "y"), ("10年期国债", (10,), "y"), ("五年", (5,), "y"),
    ("三个月", (3,), "mo"), ("3个月", (3,), "mo"), ("两周", (2,), "wk"), ("24h", (24,), "h"),
    ("13,400 tonnes", (13400,), "t"), ("30 吨", (30,), "t"), ("5 Mt", (5e6,), "t"), ("500公斤", (0.5,), "t"), ("5-million-barrel", (5e6,), "bbl"),
    ("500万桶/日", (5e6,), "bbl/d"), ("5 mb/d", (5e6,), "bbl/d"), ("3 million barrels per day", (3e6,), "bbl/d"),
    ("2 GW", (2000,), "MW"), ("5兆瓦", (5,), "MW"), ("100万千瓦", (1000,), "MW"), ("2 TWh", (2e6,), "MWh"), ("3千瓦时", (0.003,), "MWh"), ("32 GB", (32,), "GB"), ("5百万英热单位", (5,), "MMBtu"),
]  # fmt: skip
RANGES = [
    ("20–30 %", (20, 30), "%"), ("20-30%", (20, 30), "%"), ("20 to 30 percent", (20, 30), "%"), ("25%至30%", (25, 30), "%"), ("25 % to 30 %", (25, 30), "%"), ("20~30%", (20, 30), "%"),
    ("between 6.2 and 7.0 %", (6.2, 7.0), "%"), ("介于6.2%和7.0%之间", (6.2, 7.0), "%"), ("+35–40 %", (35, 40), "%"), ("+116 to +170 % a year", (116, 170), "%"),
    ("百分之二十到三十", (20, 30), "%"), ("三至四成", (30, 40), "%"), ("−20–30 %", (-30, -20), "%"), ("-5% to -3%", (-5, -3), "%"), ("−5 to 3 %", (-5, 3), "%"), ("30–20 %", (20, 30), "%"),
    ("$5–10 tn", (5e12, 10e12), "USD"), ("$5-$10 tn", (5e12, 10e12), "USD"), ("$5 to $10 tn", (5e12, 10e12), "USD"), ("5-10万亿美元", (5e12, 10e12), "USD"), ("5 至 10 万亿美元", (5e12, 10e12), "USD"),
    ("$500 to $1 m", (500, 1e6), "USD"), ("$900 m–1.2 bn", (9e8, 1.2e9), "USD"), ("5亿-10亿美元", (5e8, 1e9), "USD"), ("500吨至3万吨", (500, 30000), "t"), ("$5/oz-$10/oz", (5, 10), "USD/oz"),
    ("20–40 t", (20, 40), "t"), ("1–2 months", (1, 2), "mo"), ("五至七年", (5, 7), "y"), ("8–50x", (8, 50), "x"), ("2000-2500 contracts", (2000, 2500), ""), ("0.2–1.0", (0.2, 1.0), ""), (".04–.09", (0.04, 0.09), ""),
]  # fmt: skip
DATES = [
    ("2026-06-18", [date(2026, 6, 18)], "day"), ("2026/06/18", [date(2026, 6, 18)], "day"), ("2026.06.18", [date(2026, 6, 18)], "day"), ("2026-06-18T14:30:00Z", [date(2026, 6, 18)], "day"),
    ("2026年6月18日", [date(2026, 6, 18)], "day"), ("二〇二六年六月十八日", [date(2026, 6, 18)], "day"), ("六月三十日", [], "day"), ("June 18, 2026", [date(2026, 6, 18)], "day"), ("18 June 2026", [date(2026, 6, 18)], "day"),
    ("18th of June 2026", [date(2026, 6, 18)], "day"), ("6/18/2026", [date(2026, 6, 18)], "day"), ("06/07/2026", [], "day"), ("June 18", [], "day"), ("6月18日", [], "day"), ("18日", [], "day"),
    ("2026年6月", [date(2026, 6, 1)], "month"), ("2026年三月", [date(2026, 3, 1)], "month"), ("Jun 2026", [date(2026, 6, 1)], "month"), ("Jun '26", [date(2026, 6, 1)], "month"), ("2026-06", [date(2026, 6, 1)], "month"),
    ("3 月", [], "month"), ("3月份", [], "month"), ("三月", [], "month"), ("2026Q2", [date(2026, 4, 1)], "quarter"), ("Q2 2026", [date(2026, 4, 1)], "quarter"), ("2Q26", [date(2026, 4, 1)], "quarter"),
    ("2026年第二季度", [date(2026, 4, 1)], "quarter"), ("the second quarter of 2026", [date(2026, 4, 1)], "quarter"), ("2026H1", [date(2026, 1, 1), date(2026, 4, 1)], "quarter"), ("2026年上半年", [date(2026, 1, 1), date(2026, 4, 1)], "quarter"),
    ("Dec 2027–Aug 2028", [date(2027, 12, 1), date(2028, 8, 1)], "month"), ("March–June 2026", [date(2026, 3, 1), date(2026, 6, 1)], "month"), ("2026年3月至6月", [date(2026, 3, 1), date(2026, 6, 1)], "month"),
    ("2026年6月18日至25日", [date(2026, 6, 18), date(2026, 6, 25)], "day"),
    ("2027–29", [date(2027, 1, 1), date(2029, 1, 1)], "year"), ("2028-30+", [date(2028, 1, 1), date(2030, 1, 1)], "year"), ("2025–27", [date(2025, 1, 1), date(2027, 1, 1)], "year"), ("2026/27", [date(2026, 1, 1), date(2027, 1, 1)], "year"),
    ("2025–2027年", [date(2025, 1, 1), date(2027, 1, 1)], "year"), ("2025年至2027年", [date(2025, 1, 1), date(2027, 1, 1)], "year"), ("in 2026", [date(2026, 1, 1)], "year"), ("mid-2026", [date(2026, 1, 1)], "year"),
    ("In 2026 people will", [date(2026, 1, 1)], "year"), ("in 2026 dollars", [date(2026, 1, 1)], "year"), ("2026年", [date(2026, 1, 1)], "year"),
]  # fmt: skip
NO_FACTS = [
    "Q1", "G7", "COVID-19", "COVID-2019", "GPT-4", "H100", "phase 2", "S&P 500", "S&P500", "Mag 7", "标普500", "沪深300指数", "第3章", "第 3 章", "第二年", "第三季度", "3D", "5G", "10-K", "Monroe doctrine 2.0",
    "Article 5", "Fig. 3", "No. 5", "#3", "[3]", "1. Buy", " 3、卖出", "x^2", "10²", "5️⃣", "1990s", "90年代", "5号", "14:30", "1.2.3", "007", "3,7 %", "1,234,5678", "24/7", "1/3", "10-5", "50-50", "10/12/26",
    "555-1234", "138-0013-8000", "1-800-555-1234", "2026-02-31", "https://example.org/2026/06/18/70-90-110?x=5%", "千万不要", "万一", "十分", "几十亿", "数百万", "成千上万", "三分之一", "三成本", "三桶油", "一年", "三人",
    "long March, short June", "it may be", "9" * 40,
]  # fmt: skip
BOUNDS = [
    # text, bound, approximate
    ("700+ bp", "min", False), ("4+ years", "min", False), ("at least 5 %", "min", False), ("至少5%", "min", False), ("no less than 5 %", "min", False), ("不少于5%", "min", False), ("5%以上", "min", False), ("> 5 %", "min", False),
    ("over $9 tn", "min", True), ("more than 5 %", "min", True), ("above $100", "min", True), ("超过9万亿美元", "min", True), ("逾9万亿美元", "min", True), ("50多亿美元", "min", True), ("300余人", "min", True),
    ("up to 5 %", "max", False), ("at most 2x", "max", False), ("no more than 5 %", "max", False), ("不超过5%", "max", False), ("至多5%", "max", False), ("5年以内", "max", False), ("≤ 3 %", "max", False),
    ("under 5 %", "max", True), ("less than 5 %", "max", True), ("不到5%", "max", True), ("about $16 bn", "", True), ("~5 %", "", True), ("roughly 5 %", "", True), ("约160亿美元", "", True), ("近5%", "", True), ("5%左右", "", True),
    ("at least about 5 %", "min", True), ("over 5 years", "", False), ("合约5手", "", False), ("最近5天", "", False), ("5 %", "", False), ("2030+", "min", False), ("2028-30+", "min", False), ("about 2030", "", True),
]  # fmt: skip
SAME = [
    ("81 m oz", "8100 万盎司"), ("81 m oz", "81 million ounces"), ("$16 bn", "160 亿美元"), ("$16 bn", "1600000万 USD"), ("3.7 %", "370 bp"), ("3.7 %", "百分之三点七"), ("3.7 %", "370个基点"),
    ("$5-10 tn", "5-10万亿美元"), ("100 $/oz", "每盎司100美元"), ("2026-06-18", "2026年6月18日"), ("2026Q2", "second quarter of 2026"), ("50x", "50 倍"), ("12x", "12倍"), ("1 GW", "100万千瓦"), ("over $9 tn", "9 万亿美元"),
    ("3月", "3 月"),
]  # fmt: skip
OTHER = [
    ("81 m oz", "81 bn oz"), ("81 m oz", "−81 m oz"), ("5 %", "5 bp"), ("5 %", "5"), ("$5", "€5"), ("$5", "$5/oz"), ("5-10 %", "5 %"), ("June 2026", "2026-06-18"), ("3月", "6月"), ("12 months", "12 days"),
    ("2026", "2,026"),
]  # fmt: skip


def only(text: str) -> Fact:
    (fact,) = extract_facts(text)
    return fact


@pytest.mark.parametrize(("text", "values", "unit"), NUMBERS)
def test_a_number_is_read_with_its_unit(text, values, unit):
    fact = only(text)
    assert (fact.kind, fact.values, fact.unit, fact.dates) == ("number", pytest.approx(values), unit, ())


@pytest.mark.parametrize(("text", "values", "unit"), RANGES)
def test_a_range_has_two_ends_in_one_unit(text, values, unit):
    fact = only(text)
    assert (fact.kind, fact.values, fact.unit) == ("range", pytest.approx(values), unit)


@pytest.mark.parametrize(("text", "dates", "granularity"), DATES)
def test_a_date_is_a_date_in_both_languages(text, dates, granularity):
    fact = only(text)
    assert (list(fact.dates), fact.granularity, fact.values) == (dates, granularity, ())


@pytest.mark.parametrize(
    ("text", "values", "unit"),
    [
        ("SLV 70/90/110 butterfly", (70, 90, 110), ""), ("70-90-110", (70, 90, 110), ""), ("蝶式70-90-110", (70, 90, 110), ""), ("蝶式期权 70、90、110", (70, 90, 110), ""),
        ("70、90、110", (70, 90, 110), ""), ("$70/$90/$110", (70, 90, 110), "USD"), ("70–90–110", (70, 90, 110), ""), ("70/80/100/110 condor", (70, 80, 100, 110), ""), ("the 10-20-40 call ladder", (10, 20, 40), ""),
        ("2.50/2.75/3.00", (2.5, 2.75, 3), ""), ("行权价10、20、30美元", (10, 20, 30), "USD"),
    ],
)  # fmt: skip
def test_rising_strikes_are_one_fact(text, values, unit):
    fact = only(text)
    assert (fact.kind, fact.values, fact.unit) == ("strikes", values, unit)


@pytest.mark.parametrize("text", ["1、2、3", "3、5、7年", "25/50/75 bp", "10→30", "2 x 3", "from 10 % to 20 %", "从25%到30%", "70/90"])
def test_a_list_or_a_change_is_neither_strikes_nor_a_range(text):
    assert {fact.kind for fact in extract_facts(text)} == {"number"}


@pytest.mark.parametrize("text", NO_FACTS)
def test_what_belongs_to_a_name_a_mark_or_a_word_is_no_fact(text):
    assert extract_facts(text) == []


@pytest.mark.parametrize("text", ["3 月的库存", "3月", "纽约3月", "三月与六月合约", "3-6月", "12月到期"])
def test_a_chinese_month_is_never_a_bare_number(text):
    assert {fact.kind for fact in extract_facts(text)} == {"date"}


@pytest.mark.parametrize(("text", "bound", "approximate"), BOUNDS)
def test_bounds_and_approximations_are_kept(text, bound, approximate):
    fact = only(text)
    assert (fact.bound, fact.approximate) == (bound, approximate)


@pytest.mark.parametrize(("a", "b"), SAME)
def test_one_quantity_in_two_spellings_is_the_same(a, b):
    assert same_quantity(only(a), only(b))
    assert same_quantity(only(b), only(a))


@pytest.mark.parametrize(("a", "b"), OTHER)
def test_other_quantities_are_not(a, b):
    assert not same_quantity(only(a), only(b))


def test_a_tolerance_makes_rounded_figures_the_same():
    assert same_quantity(only("81 m oz"), only("81.3 m oz"), rel_tol=0.01)
    assert not same_quantity(only("81 m oz"), only("81.3 m oz"))


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("🙂 库存 🙂🙂 −81 m oz e\u0301 5 %", ["−81 m oz", "5 %"]),
        ("ＣＯＭＥＸ　８１００万盎司，５％", ["８１００万盎司", "５％"]),
        ("İstanbul 5 %, ǅ 7 t", ["5 %", "7 t"]),
        ("每盎司约100美元，蝶式70-90-110于2026年6月18日到期", ["每盎司约100美元", "70-90-110", "2026年6月18日"]),
        ("roll 1–2 months before expiry (Thu 2026-06-18), at +50 %", ["1–2 months", "2026-06-18", "+50 %"]),
        ("RMB 5 bn US$5 m HK$5 m EUR 5", ["RMB 5 bn", "US$5 m", "HK$5 m", "EUR 5"]),
        ("utilisation from 25–30 % to 10–15 % in 2027–29; phase 2 shortage 2028–30+; 8–50x short", ["25–30 %", "10–15 %", "2027–29", "2028–30+", "8–50x"]),
    ],
)  # fmt: skip
def test_spans_hold_what_is_written(text, facts):
    assert [text[fact.start : fact.end] for fact in extract_facts(text)] == facts


PIECES = st.sampled_from([
    *(row[0] for row in NUMBERS + RANGES + BOUNDS), *(row[0] for row in DATES), *NO_FACTS, *" ，.-–/、年月日%$+至多每约", " to ", " and ", "between ", "from ", "🙂", "e\u0301", "银", "\n", "百分之", "万亿", "９", "₩", "²",
])  # fmt: skip
DENSE = st.text(st.sampled_from("0123456789０９.,-–−/、: $¥€%+一二十百千万亿两点零年月日个至到多约每成分之吨mkbxtQH元 "), max_size=40)


@given(st.one_of(st.text(), DENSE, st.lists(PIECES, max_size=12).map("".join)))
@example("0元+$0")
@example("5%+USD 3")
@example("0元+两成")
def test_spans_open_their_place_and_never_overlap(text):
    facts = extract_facts(text)
    assert all(text[fact.start : fact.end] == fact.text and fact.text for fact in facts)
    assert all(a.end <= b.start for a, b in itertools.pairwise(facts))


@given(st.one_of(DENSE, st.lists(PIECES, max_size=12).map("".join)))
def test_each_kind_has_its_shape(text):
    shapes = {"number": lambda n: n == 1, "range": lambda n: n == 2, "strikes": lambda n: n >= 3, "date": lambda n: n == 0}
    for fact in extract_facts(text):
        assert shapes[fact.kind](len(fact.values))
        assert list(fact.values) == sorted(fact.values)
        assert list(fact.dates) == sorted(fact.dates)
        assert bool(fact.granularity) == (fact.kind == "date")
        assert same_quantity(fact, fact)


ENGLISH_CHINESE = [("m oz", "万盎司", 100), ("bn $", "亿美元", 10), ("%", "个基点", 100), ("tonnes", "吨", 1), ("x", "倍", 1), ("GW", "万千瓦", 100), ("bn yen", "亿日元", 10), ("months", "个月", 1)]  # fmt: skip


@given(st.integers(1, 999_999), st.sampled_from(ENGLISH_CHINESE), st.booleans())
def test_a_quantity_written_in_english_and_in_chinese_is_the_same(hundredths, units, grouped):
    english, chinese, factor = units
    value = hundredths / 100
    a = only(f"{value:,.2f} {english}" if grouped else f"{value:.2f} {english}")
    b = only(f"{hundredths * factor / 100:.2f}{chinese}")
    assert same_quantity(a, b)


def numeral(value: int) -> str:
    """A number below 10^12 in Chinese."""
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if value >= size:
            rest = value % size
            gap = "零" if rest and rest < size // 10 else ""
            return numeral(value // size) + name + gap + (numeral(rest) if rest else "")
    written, empty = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // size % 10
        if digit:
            written += ("零" if empty and written else "") + "零一二三四五六七八九"[digit] + name
        empty = digit == 0
    return written


@given(st.integers(2, 10**12 - 1))
def test_chinese_numerals_are_the_digits(value):
    fact = only(f"{numeral(value)}吨")
    assert (fact.values, fact.unit) == ((value,), "t")


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_a_day_is_the_same_in_every_spelling(day):
    spellings = [
        f"{day:%Y-%m-%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%b} {day.year}",
    ]
    assert [only(text).dates for text in spellings] == [(day,)] * 4


HARD = ["1", "1,234,", "1.", "5-", "70/", "70、", "6/18/", "-", "$-", " ", "一", "三至", "百分之", "十万", "约", "about ", "5 to ", "between 5 and ", "2026-", "June-", "3月至", "http://", "a&", "\n5", "1亿", "'", "e\u0301", "USD "]  # fmt: skip


@pytest.mark.parametrize("piece", HARD)
def test_the_time_grows_with_the_length_of_the_text_only(piece):
    text = (piece * 50_000)[:20_000]
    began = time.process_time()
    extract_facts(text)
    # A linear scan needs half a second here at most; one that looks again at what it has read needs half a minute and more.
    assert time.process_time() - began < 5
