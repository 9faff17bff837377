"""What stands before an amount: about, over, 不到, between, 每盎司, 百分之, a currency, a sign, or the name it belongs to."""

import re
from decimal import Decimal
from typing import NamedTuple

from memory.facts.model import Bound
from memory.facts.suffix import read_per
from memory.facts.units import CURRENCY_CODES, CURRENCY_SIGNS, SIGN_PREFIXES


class Hint(NamedTuple):
    """What a word says of the amount behind it."""

    bound: Bound = ""
    approximate: bool = False


_ABOUT = Hint(approximate=True)
_OVER, _UNDER = Hint("min", approximate=True), Hint("max", approximate=True)  # the number written is not the amount itself
_LEAST, _MOST = Hint("min"), Hint("max")
_OTHER_WAY = {_OVER: _MOST, _UNDER: _LEAST}  # no more than, no less than

_ENGLISH = {
    word: hint
    for hint, words in {
        _ABOUT: "about around approximately approx roughly circa ca some nearly almost approaching",
        _OVER: "over above exceeding exceeds exceeded upwards_of north_of more_than greater_than higher_than larger_than",
        _UNDER: "under below less_than fewer_than lower_than smaller_than south_of shy_of",
        _LEAST: "at_least minimum_of as_little_as as_few_as",
        _MOST: "at_most up_to maximum_of as_much_as as_many_as much_as many_as",
    }.items()
    for word in (name.replace("_", " ") for name in words.split())
}  # fmt: skip
_CHINESE = {
    word: hint
    for hint, words in {
        _ABOUT: "约 約 大约 大約 大概 近 将近 將近 接近 几乎 幾乎 差不多 ~ ∼ 〜 ≈",
        _OVER: "逾 超 超过 超過 超出 高于 高於 高过 大于 大於 多于 多於 突破",
        _UNDER: "不到 不足 低于 低於 少于 少於 小于 小於 未满 未滿",
        _LEAST: "至少 最少 起码 不少于 不少於 不低于 不低於 不小于 > ≥ >=",
        _MOST: "至多 最多 不超过 不超過 不高于 不高於 不多于 不大于 < ≤ <= 高达 高達 多达 多達",
    }.items()
    for word in words.split()
}  # fmt: skip
_CHINESE_WORDS = "|".join(sorted(map(re.escape, _CHINESE), key=len, reverse=True))
_CODES = "|".join(CURRENCY_CODES)
_LATIN = "A-Za-z_À-ÖØ-öø-ʯͰ-ԯ"

_URL = r"(?:https?://|www\.)"
_MONEY = (
    rf"(?:US|HK|NT|AU|CA|NZ|SG|CN|JP|RMB|A|C|S|R)?[{''.join(CURRENCY_SIGNS)}]"
    rf"|(?i:{_CODES})(?=\s?[-−+]?[0-9])"
)  # fmt: skip
_NAME = rf"[{_LATIN}][{_LATIN}0-9]*+(?:&[{_LATIN}]++)*+"
LEAD_TOKEN = (
    rf"(?P<url>{_URL}[!-~]++)"
    rf"|(?P<money>(?<![{_LATIN}0-9])(?:{_MONEY})|(?<=[{_LATIN}0-9])[{''.join(CURRENCY_SIGNS)}]|人民[币幣](?=\s?[0-9]))"
    rf"|(?P<word>{_NAME}(?: (?!{_URL}|{_MONEY}){_NAME})*+)"
    # 合约, 最近 and the like end in a hint's character without being one.
    rf"|(?P<other>[合条條节節纽紐契公预預违違制簽签]约|[合條節紐契公預違簽]約|[最附邻鄰新]近)"
    rf"|(?P<hint>{_CHINESE_WORDS})"
    r"|(?P<each>每)(?=[盎桶吨噸公千克磅百兆股度])"
    r"|(?P<ratio>[百千万]分之)"
    r"|(?P<between>介于|介於)|(?P<source>[从從由自])"
)
"""Alternatives of the scanner's token pattern; Latin words are taken whole, so that H100 and Q1 are never looked into."""
_RATIOS = {"百": Decimal(1), "千": Decimal("0.1"), "万": Decimal("0.01")}
_GAP = re.compile(r"[ \t\n]?[-−–+±]?[ ]?")


class Lead(NamedTuple):
    """What has been read just before ``end``; it holds for an amount that follows at once."""

    end: int = -1
    start: int = -1  # where the quantity's own prefix (currency, 每盎司, 百分之) begins
    bound: Bound = ""
    approximate: bool = False
    between: bool = False
    source: bool = False  # "from" or 从: what follows is a change, not a range
    ratio: Decimal | None = None  # 百分之, in per cent
    each: str = ""
    money: str = ""
    word: str = ""  # the last Latin word, lower case
    phrase: str = ""  # Latin words whose meaning is not read yet: most stand before no number


def follows(text: str, lead: Lead, at: int) -> bool:
    """Whether ``at`` comes right after the lead: a space and a sign may stand between."""
    return 0 <= at - lead.end <= 3 and _GAP.fullmatch(text, lead.end, at) is not None


def extend(text: str, match: re.Match[str], lead: Lead) -> Lead:
    """The lead after one more token."""
    kind, raw, end = match.lastgroup, match.group(), match.end()
    if kind == "word":
        return Lead(end=end, phrase=raw)
    lead = resolve(lead) if follows(text, lead, match.start()) else Lead()
    start = lead.start if lead.start >= 0 else match.start()
    if kind == "hint":
        hint = _CHINESE[raw]
        return lead._replace(end=end, bound=hint.bound or lead.bound, approximate=hint.approximate or lead.approximate)
    if kind == "money":
        return lead._replace(end=end, start=start, money=_currency(raw))
    if kind == "ratio":
        return lead._replace(end=end, start=start, ratio=_RATIOS[raw[0]])
    if kind == "between":
        return Lead(end=end, between=True)
    if kind == "source":
        return Lead(end=end, source=True)
    unit = read_per(text, end) if kind == "each" else None
    return lead._replace(end=unit[1], start=start, each=unit[0]) if unit else Lead(end=end)


def resolve(lead: Lead) -> Lead:
    """The lead with the meaning of its Latin words."""
    if not lead.phrase:
        return lead
    read = Lead(end=lead.end)
    words = ["", "", *lead.phrase[-40:].lower().split(" ")]
    for before, last, word in zip(words, words[1:], words[2:], strict=False):
        hint = _ENGLISH.get(f"{before} {last} {word}") or _ENGLISH.get(f"{last} {word}") or _ENGLISH.get(word)
        if hint is None:
            read = Lead(end=lead.end, word=word, between=word == "between", source=word == "from")
            continue
        if before in {"no", "not"}:
            hint = _OTHER_WAY.get(hint, hint)
        read = read._replace(bound=hint.bound or read.bound, approximate=hint.approximate or read.approximate, word=word)
    return read


def _currency(raw: str) -> str:
    code = raw.upper()
    if code in CURRENCY_CODES:
        return {"CNH": "CNY", "RMB": "CNY"}.get(code, code)
    if raw.startswith("人民"):
        return "CNY"
    prefix = raw[:-1].strip().lower()
    return SIGN_PREFIXES[prefix] if prefix else CURRENCY_SIGNS[raw[-1]]


_NUMBERED = frozenset(
    "phase page pages pp section chapter article figure fig table no nr version part tier type class appendix exhibit rule form round step "
    "stage item footnote clause annex volume issue category gpt claude llama gemini iphone windows python boeing airbus".split()
)
_EDITION = frozenset({"doctrine", "web", "industry", "version"})  # doctrine 2.0
_FAMILIES = {
    "s&p": "100 400 500 600", "nasdaq": "100", "russell": "1000 2000 3000", "ftse": "100 250 350", "nikkei": "225", "csi": "300 500 1000",
    "stoxx": "50 600", "mag": "7", "magnificent": "7", "cac": "40", "ibex": "35", "dax": "40", "kospi": "200", "fortune": "100 500",
    "标普": "500", "標普": "500", "沪深": "300", "滬深": "300", "中证": "500 1000", "日经": "225", "日經": "225", "纳斯达克": "100",
    "罗素": "2000", "富时": "100",
}  # fmt: skip
_CHINESE_FAMILY = re.compile(r"(标普|標普|沪深|滬深|中证|日经|日經|纳斯达克|罗素|富时)(?:指数)?\s?$")
_CHINESE_NUMBERED = re.compile(r"(?:第|附录|附錄|阶段|階段|版本|(?:^|[\s（(见見如])[图圖表])\s?$")
_BEFORE_NAME = re.compile(r"[#№§@^_]\s?$|[0-9A-Za-z]'$|(?:^|[^0-9A-Za-z])['’](?=$)")
_HYPHENED = re.compile(rf"([{_LATIN}0-9]+)[-‐‑]$")
_OPEN_PREFIXES = frozenset("mid pre post early late end sub non near since".split())
_NAMED = re.compile(r"([A-Za-z&]+)\.?[ \t\n]?$")
_ENUMERATOR = re.compile(r"(?:^|\n)[ \t#>*-]{0,6}$")


def is_name(text: str, start: int, number: str, *, bare: bool) -> bool:
    """Whether the digits at ``start`` belong to a name (COVID-19, phase 2, S&P 500, 第3章) or number a line, a note, a clause.

    ``number`` is what is written; ``bare`` says that it has no unit, scale or currency.
    """
    before = text[max(0, start - 16) : start]
    hyphened = _HYPHENED.search(before)
    if hyphened and hyphened[1].lower() not in _OPEN_PREFIXES:
        return True
    if before.rstrip().endswith("第") or _BEFORE_NAME.search(before):
        return True
    return bare and (_is_numbered(before, number) or _is_mark(text, start, number, before))


def _is_numbered(before: str, number: str) -> bool:
    named = _NAMED.search(before)
    word = named[1].lower() if named else ""
    if word in _NUMBERED:
        return True
    if number in _FAMILIES.get(word, "").split() or (word in _EDITION and number.endswith(".0")):
        return True
    family = _CHINESE_FAMILY.search(before)
    return _CHINESE_NUMBERED.search(before) is not None or (family is not None and number in _FAMILIES[family[1]].split())


def _is_mark(text: str, start: int, number: str, before: str) -> bool:
    """The 3 of "3. Buy" at the start of a line, of "[3]", of "3、"."""
    end = start + len(number)
    if len(number) > 2 or not number.isdigit():
        return False
    if before.endswith("[") and text.startswith("]", end):
        return True
    after = text[end : end + 2]
    return bool(_ENUMERATOR.search(before)) and (after in {". ", ") ", ".\n"} or (after[:1] in {"、", "）"} and not after[1:].isdigit()))
