"""Scales and units, in both languages, and the base unit each is counted in."""

import re
from collections.abc import Iterable
from functools import cache

SCALES = {
    "thousand": 1e3, "k": 1e3, "million": 1e6, "mn": 1e6, "mm": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "b": 1e9,
    "trillion": 1e12, "tn": 1e12, "trn": 1e12, "dozen": 12.0,
    "十": 1e1, "百": 1e2, "千": 1e3, "万": 1e4, "萬": 1e4, "十万": 1e5, "十萬": 1e5, "百万": 1e6, "百萬": 1e6,
    "千万": 1e7, "千萬": 1e7, "亿": 1e8, "億": 1e8, "十亿": 1e9, "百亿": 1e10, "千亿": 1e11, "千億": 1e11,
    "万亿": 1e12, "萬億": 1e12, "兆": 1e12,
}  # fmt: skip
"""兆 counts 10^12, as in Taiwan's and Hong Kong's financial pages."""

CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollars": "USD", "dollar": "USD", "美元": "USD", "美金": "USD",
    "€": "EUR", "eur": "EUR", "euros": "EUR", "euro": "EUR", "欧元": "EUR", "歐元": "EUR",
    "£": "GBP", "gbp": "GBP", "英镑": "GBP", "英鎊": "GBP",
    "¥": "JPY", "jpy": "JPY", "yen": "JPY", "日元": "JPY", "日圆": "JPY", "日圓": "JPY",
    "cny": "CNY", "rmb": "CNY", "yuan": "CNY", "元": "CNY", "人民币": "CNY", "人民幣": "CNY",
    "chf": "CHF", "瑞郎": "CHF",
}  # fmt: skip

UNITS = {
    "%": ("%", 1.0), "percent": ("%", 1.0), "per cent": ("%", 1.0), "pct": ("%", 1.0), "个百分点": ("%", 1.0),
    "個百分點": ("%", 1.0), "percentage points": ("%", 1.0), "bp": ("%", 0.01), "bps": ("%", 0.01),
    "basis points": ("%", 0.01), "个基点": ("%", 0.01), "個基點": ("%", 0.01), "基点": ("%", 0.01), "基點": ("%", 0.01),
    "troy ounces": ("oz", 1.0), "ounces": ("oz", 1.0), "ounce": ("oz", 1.0), "oz": ("oz", 1.0), "盎司": ("oz", 1.0),
    "tonnes": ("t", 1.0), "tonne": ("t", 1.0), "tons": ("t", 1.0), "ton": ("t", 1.0), "t": ("t", 1.0), "吨": ("t", 1.0),
    "噸": ("t", 1.0), "kg": ("t", 1e-3), "公斤": ("t", 1e-3), "公吨": ("t", 1.0),
    "barrels": ("bbl", 1.0), "barrel": ("bbl", 1.0), "bbl": ("bbl", 1.0), "桶": ("bbl", 1.0),
    "mmbtu": ("MMBtu", 1.0), "百万英热": ("MMBtu", 1.0), "gw": ("MW", 1e3), "mw": ("MW", 1.0), "吉瓦": ("MW", 1e3),
    "兆瓦": ("MW", 1.0), "twh": ("MWh", 1e6), "gwh": ("MWh", 1e3), "mwh": ("MWh", 1.0), "gb": ("GB", 1.0),
    "x": ("x", 1.0), "times": ("x", 1.0), "倍": ("x", 1.0), "years": ("y", 1.0), "year": ("y", 1.0), "年": ("y", 1.0),
    "y": ("y", 1.0), "months": ("mo", 1.0), "month": ("mo", 1.0), "个月": ("mo", 1.0), "個月": ("mo", 1.0),
    "weeks": ("wk", 1.0), "week": ("wk", 1.0), "周": ("wk", 1.0), "days": ("d", 1.0), "day": ("d", 1.0), "天": ("d", 1.0),
    "people": ("", 1.0), "人": ("", 1.0), "contracts": ("", 1.0), "lots": ("", 1.0), "手": ("", 1.0),
}  # fmt: skip

PER = {"oz": "oz", "ounce": "oz", "盎司": "oz", "bbl": "bbl", "barrel": "bbl", "桶": "bbl", "t": "t", "tonne": "t",
       "ton": "t", "吨": "t", "噸": "t", "mmbtu": "MMBtu", "lb": "lb", "磅": "lb", "kg": "kg", "公斤": "kg",
       "mwh": "MWh", "gb": "GB"}  # fmt: skip


@cache
def alternation(kind: str) -> str:
    """A regex alternation of the words of one table, the longest first; English words end at a word boundary."""
    tables: dict[str, Iterable[str]] = {"scale": SCALES, "currency": CURRENCIES, "unit": UNITS, "per": PER}
    words = tables[kind]
    parts = []
    for word in sorted(words, key=len, reverse=True):
        escaped = re.escape(word).replace(r"\ ", r"[ -]")
        parts.append(escaped + r"(?![a-z0-9])" if word[-1].isascii() and word[-1].isalpha() else escaped)
    return "|".join(parts)
