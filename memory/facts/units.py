"""Scales, currencies and units in both languages, each with the base unit it is counted in."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple, TypeVar


class Unit(NamedTuple):
    """A unit's base unit (empty for counts) and how many of them it is."""

    base: str
    factor: Decimal = Decimal(1)


def _units(rows: Mapping[tuple[str, str], str]) -> dict[str, Unit]:
    """Tables are written by base unit, and read by word."""
    return {word.replace("_", " "): Unit(base, Decimal(factor)) for (base, factor), words in rows.items() for word in words.split()}


def _words(rows: Mapping[str, str]) -> dict[str, str]:
    return {word.replace("_", " "): name for name, words in rows.items() for word in words.split()}


ENGLISH_SCALES = {
    word: Decimal(scale)
    for scale, words in {
        "1e2": "hundred", "12": "dozen", "1e3": "thousand k", "1e6": "million millions mn mln mm m",
        "1e9": "billion billions bn bln b", "1e12": "trillion trillions tn trn trln",
    }.items()
    for word in words.split()
}  # fmt: skip

CHINESE_SCALES = {
    word: Decimal(scale)
    for scale, words in {
        "1e1": "十", "1e2": "百", "1e3": "千", "1e4": "万 萬", "1e5": "十万 十萬", "1e6": "百万 百萬", "1e7": "千万 千萬",
        "1e8": "亿 億", "1e9": "十亿 十億", "1e10": "百亿 百億", "1e11": "千亿 千億", "1e12": "万亿 萬億 兆",
    }.items()
    for word in words.split()
}  # fmt: skip
"""兆 counts 10^12, as in Taiwan's and Hong Kong's financial pages; 兆瓦 is a unit (megawatt) and found before it."""

CURRENCY_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "¥", "₩": "KRW", "₹": "INR"}
"""¥ alone is decided by the scale behind it: 亿 and 万 are written for yuan, bn and m for yen."""
SIGN_PREFIXES = {"us": "USD", "hk": "HKD", "nt": "TWD", "a": "AUD", "au": "AUD", "c": "CAD", "ca": "CAD", "nz": "NZD", "s": "SGD",
                 "sg": "SGD", "r": "BRL", "cn": "CNY", "rmb": "CNY", "jp": "JPY"}  # fmt: skip
CURRENCY_CODES = ("USD", "EUR", "GBP", "JPY", "CNY", "CNH", "RMB", "CHF", "HKD", "AUD", "CAD", "NZD", "SGD", "TWD", "KRW", "INR", "BRL")
ENGLISH_CURRENCIES = {code.lower(): code for code in CURRENCY_CODES if code not in {"CNH", "RMB"}} | _words({
    "USD": "dollar dollars us_dollar us_dollars", "EUR": "euro euros", "GBP": "sterling pounds_sterling", "JPY": "yen",
    "CNY": "yuan renminbi cnh rmb", "CHF": "francs swiss_francs", "KRW": "won", "INR": "rupees",
})  # fmt: skip
CHINESE_CURRENCIES = _words({
    "USD": "美元 美金", "EUR": "欧元 歐元", "GBP": "英镑 英鎊", "JPY": "日元 日圆 日圓", "CNY": "元人民币 元人民幣 元 人民币 人民幣 块钱",
    "HKD": "港元 港币 港幣", "CHF": "瑞郎 瑞士法郎", "AUD": "澳元", "CAD": "加元", "NZD": "纽元", "SGD": "新元 新加坡元",
    "TWD": "新台币 新台幣 台币 台幣",
    "KRW": "韩元 韓元", "INR": "卢比 盧比", "RUB": "卢布 盧布",
})  # fmt: skip

# 1 lb = 0.45359237 kg (international avoirdupois pound, 1959); an "oz" of metal is a troy ounce.
ENGLISH_UNITS = _units({
    ("%", "1"): "percent per_cent pct percentage_point percentage_points pp ppt ppts",
    ("%", "0.01"): "bp bps basis_point basis_points",
    ("oz", "1"): "oz ozt troy_oz troy_ounce troy_ounces fine_ounces ounce ounces", ("oz", "1e3"): "koz", ("oz", "1e6"): "moz",
    ("t", "1"): "t mt tonne tonnes ton tons metric_ton metric_tons metric_tonnes", ("t", "1e3"): "kt", ("t",
    "1e-3"): "kg kilogram kilograms",
    ("t", "1e-6"): "g gram grams", ("t", "0.00045359237"): "lb lbs pounds",
    ("bbl", "1"): "bbl bbls barrel barrels", ("bbl", "1e3"): "kbbl", ("bbl", "1e6"): "mmbbl", ("bbl/d", "1"): "bpd", ("bbl/d",
    "1e3"): "kbpd",
    ("bbl/d", "1e6"): "mbpd mmbpd",
    ("MW", "1e-3"): "kw kilowatt kilowatts", ("MW", "1"): "mw megawatt megawatts", ("MW", "1e3"): "gw gigawatt gigawatts",
    ("MW", "1e6"): "tw terawatt terawatts", ("MWh", "1e-3"): "kwh", ("MWh", "1"): "mwh", ("MWh", "1e3"): "gwh", ("MWh", "1e6"): "twh",
    ("MMBtu", "1"): "mmbtu", ("GB", "1e-3"): "mb", ("GB", "1"): "gb", ("GB", "1e3"): "tb",
    ("x", "1"): "x times fold",
    ("y", "1"): "y yr yrs year years", ("mo", "1"): "month months mth mths", ("wk", "1"): "week weeks wk wks", ("d", "1"): "d day days",
    ("h", "1"): "h hr hrs hour hours", ("min", "1"): "minute minutes", ("s", "1"): "second seconds",
    ("", "1"): "people persons contracts contract lots queries",
})  # fmt: skip
CHINESE_UNITS = _units({
    ("%", "1"): "个百分点 個百分點 百分点 百分點", ("%", "0.01"): "个基点 個基點 基点 基點", ("%", "10"): "成",
    ("oz", "1"): "盎司 金衡盎司", ("t", "1"): "吨 噸 公吨 公噸", ("t", "1e-3"): "公斤 千克", ("t", "1e-6"): "克", ("t",
    "0.00045359237"): "磅",
    ("bbl", "1"): "桶", ("MMBtu", "1"): "百万英热单位 百万英热 百萬英熱",
    ("MW", "1e-3"): "千瓦", ("MW", "1"): "兆瓦", ("MW", "1e3"): "吉瓦", ("MW", "1e6"): "太瓦",
    ("MWh", "1e-3"): "千瓦时 千瓦時 度电", ("MWh", "1"): "兆瓦时 兆瓦時", ("MWh", "1e3"): "吉瓦时 吉瓦時", ("MWh",
    "1e6"): "太瓦时 太瓦時",
    ("x", "1"): "倍", ("y", "1"): "年", ("mo", "1"): "个月 個月", ("wk", "1"): "周 週 个星期 星期", ("d", "1"): "天", ("h",
    "1"): "小时 小時 个小时",
    ("min", "1"): "分钟 分鐘", ("s", "1"): "秒", ("", "1"): "人 手 张合约 张",
})  # fmt: skip
CASED_UNITS = {"Mt": Unit("t", Decimal("1e6")), "Moz": Unit("oz", Decimal("1e6")), "T": None, "G": None, "D": None, "H": None, "MB": None}
"""Where capitals change the meaning; ``None`` is no unit (5G, 3D)."""

ENGLISH_PER = _words({
    "oz": "oz ounce troy_ounce troy_oz", "bbl": "bbl barrel", "t": "t tonne ton metric_ton mt", "kg": "kg kilogram", "g": "g gram",
    "lb": "lb pound", "MMBtu": "mmbtu", "MWh": "mwh", "kWh": "kwh", "GB": "gb", "share": "share",
})  # fmt: skip
CHINESE_PER = _words({
    "oz": "盎司", "bbl": "桶", "t": "吨 噸 公吨", "kg": "公斤 千克", "g": "克", "lb": "磅", "MMBtu": "百万英热单位 百万英热",
    "MWh": "兆瓦时",
    "kWh": "千瓦时 度", "share": "股",
})  # fmt: skip

_GOES_ON = {"年": "代级級龄齡", "周": "年一二三四五六日末", "天": "然", "元": "素年月旦", "手": "机機续續段", "人": "民工", "克": "服",
            "成": "本为為员員交立长長果功分都品熟", "分钟": "", "星期": "一二三四五六日", "张": "家", "百": "分", "千": "分",
            "万": "分"}  # fmt: skip
"""A character that makes another word of the unit before it: 90 年代, 5 天然气, 三成本."""

T = TypeVar("T")


def chinese_word(table: Mapping[str, T], text: str, at: int) -> tuple[T, int] | None:
    """The longest word of ``table`` that stands at ``at``, and where it ends."""
    if text[at : at + 1] < "\u2e80":
        return None
    for length in range(6, 0, -1):
        word = text[at : at + length]
        if word in table and text[at + length : at + length + 1] not in {*_GOES_ON.get(word, "")}:
            return table[word], at + len(word)
    return None
