"""Finding numbers, ranges and strikes; dates come from ``memory.facts.dates`` and win where both see one."""

import itertools
import re
import unicodedata

from memory.facts.dates import find_dates
from memory.facts.model import Fact, FactKind
from memory.facts.units import CURRENCIES, PER, SCALES, UNITS, alternation

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,10})?"
_CHINESE_NUMBER = r"[零〇一二两兩三四五六七八九十百]{1,6}(?:[点點][零一二三四五六七八九]{1,6})?"
_DASH = r"\s?(?:-|–|—|~|〜|至|到|\bto\b)\s?"
_STRIKES = re.compile(
    rf"(?<![A-Za-z0-9_./-])({_DIGITS})(?P<mark>[-/、])({_DIGITS})(?:(?P=mark)({_DIGITS}))(?:(?P=mark)({_DIGITS}))?(?![A-Za-z0-9_/-])"
)


def _quantity_pattern() -> re.Pattern[str]:
    scale, currency = alternation("scale"), alternation("currency")
    unit, per = alternation("unit"), alternation("per")
    number = rf"(?:{_DIGITS}|(?<=百分之){_CHINESE_NUMBER}|{_CHINESE_NUMBER}(?=\s?(?:{scale}|{unit}|成|美元|个|個)))"
    return re.compile(
        rf"(?P<hint>(?:约|約|大约|大約|近|逾|超过|超過|高于|低于|不到|不足|至少|至多|最多|about|around|roughly|some|over|above|"
        rf"more than|at least|under|below|less than|at most|up to|nearly|almost|~|≈|>|<)\s?)?"
        rf"(?P<percent>百分之)?(?P<each>每(?P<each_unit>{per})\s?)?"
        rf"(?<![A-Za-z0-9_.])(?P<sign>[-−+±](?=[$€£¥\d]))?(?P<money>us\$|[$€£¥]|(?:usd|eur|gbp|jpy|cny|chf)\s)?\s?(?P<sign2>[-−+](?=\d))?"
        rf"(?P<low>{number})\s?(?P<low_scale>(?:{scale}))?"
        rf"(?:\s?(?P<low_unit>%)?(?P<dash>{_DASH})(?P<money2>[$€£¥])?(?P<high>{_DIGITS})(?![\d-])(?:\s?(?P<high_scale>(?:{scale})))?)?"
        rf"(?P<plus>\+|以上)?"
        rf"(?:\s?(?P<tenth>成)|[\s-]?(?P<word>(?:{currency}))(?:\s?/\s?(?P<per1>{per}))?|\s?(?P<cu>[$€£])/\s?(?P<per2>{per})"
        rf"|[\s-]?(?P<unit>(?:{unit})))?"
        rf"(?:\s?(?:/|per )\s?(?P<per3>{per}))?(?P<after>左右|上下)?",
        re.IGNORECASE,
    )


_QUANTITY = _quantity_pattern()
_GLUED = re.compile(r"[A-Za-z0-9_]$|[A-Za-z]-$|(?:[Pp]hase|[Pp]age|[Ss]ection|[Cc]hapter|[Ss]&[Pp]|[Nn]o\.|#|[Vv]ersion|第)\s?$")
_AT_LEAST = ("逾", "超过", "超過", "高于", "至少", "over", "above", "more than", "at least", ">")
_AT_MOST = ("不到", "不足", "至多", "最多", "低于", "under", "below", "less than", "at most", "up to", "<")
_ABOUT = ("约", "約", "大约", "大約", "近", "about", "around", "roughly", "some", "nearly", "almost", "~", "≈")
_CHINESE_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_FULL_WIDTH = {0xFF10 + i: str(i) for i in range(10)} | {0xFF05: "%", 0xFF0C: "，", 0xFF0E: "."}


def extract_facts(text: str) -> list[Fact]:
    """Numbers with units, ranges, strike triples and dates of a text, in order and without overlap."""
    plain = text.translate(_FULL_WIDTH)  # one character for one: offsets stay
    facts = list(find_dates(plain))
    taken = [(fact.start, fact.end) for fact in facts]
    for finder in (_find_strikes, _find_quantities):
        facts += finder(plain, taken)
        taken = sorted((fact.start, fact.end) for fact in facts)
    ordered = sorted(facts, key=lambda fact: fact.start)
    return [fact.model_copy(update={"text": text[fact.start : fact.end]}) for fact in ordered]


def _find_strikes(text: str, taken: list[tuple[int, int]]) -> list[Fact]:
    found = []
    for match in _STRIKES.finditer(text):
        values = tuple(_digits(part) for index, part in enumerate(match.groups()) if part and index != 1)
        rising = all(a < b for a, b in itertools.pairwise(values))
        if rising and _free(match.start(), match.end(), taken):
            found.append(_fact("strikes", values, "", match.start(), match.end()))
    return found


def _find_quantities(text: str, taken: list[tuple[int, int]]) -> list[Fact]:
    """Scan the stretches between facts already found, so that a year is not read as a count."""
    found: list[Fact] = []
    start = 0
    for first, last in [*taken, (len(text), len(text))]:
        if first > start:
            found += _scan(text, start, first)
        start = max(start, last)
    return found


def _scan(text: str, start: int, end: int) -> list[Fact]:
    found = []
    at = start
    while match := _QUANTITY.search(text, at, end):
        at = match.end() if match.end() > match.start() else match.end() + 1
        fact = _quantity(match)
        before = text[max(0, _number_start(match) - 10) : _number_start(match)]
        if fact and not (_GLUED.search(before) or _runs_on(text, match.end())):
            found.append(fact)
    return found


def _runs_on(text: str, end: int) -> bool:
    """A number that goes on into a name (3D, 8K-form, 10th) is part of the name."""
    return text[end - 1].isdigit() and end < len(text) and text[end].isascii() and (text[end].isalpha() or text[end] == "_")


def _number_start(match: re.Match[str]) -> int:
    starts = [match.start(name) for name in ("percent", "each", "sign", "money", "sign2", "low") if match[name]]
    return min(starts)


def _quantity(match: re.Match[str]) -> Fact | None:
    low = _value(match["low"])
    if low is None:
        return None
    scale = _scale(match["low_scale"]) or _scale(match["high_scale"])
    factor, unit = _unit(match)
    values = [low * (_scale(match["low_scale"]) or _scale(match["high_scale"]) or 1.0) * factor]
    kind: FactKind = "number"
    if match["high"]:
        high = _digits(match["high"]) * (_scale(match["high_scale"]) or scale or 1.0) * factor
        if high <= values[0]:
            return None
        values.append(high)
        kind = "range"
    if "-" in (match["sign"] or match["sign2"] or "").replace("−", "-"):
        values = [-value for value in reversed(values)]
    hint = (match["hint"] or "").strip().lower()
    start = _number_start(match)
    end = match.end("after") if match["after"] else match.end()
    end = start + len(match.string[start:end].rstrip())
    fact = _fact(kind, tuple(values), unit, start, end)
    bound = "min" if hint in _AT_LEAST or match["plus"] else "max" if hint in _AT_MOST else ""
    return fact.model_copy(update={"bound": bound, "approximate": hint in _ABOUT or bool(match["after"])})


def _unit(match: re.Match[str]) -> tuple[float, str]:
    """The factor to the base unit, and its name."""
    if match["percent"] or match["low_unit"]:
        return 1.0, "%"
    if match["tenth"]:
        return 10.0, "%"
    per = match["per1"] or match["per2"] or match["per3"] or match["each_unit"]
    money = (match["money"] or match["money2"] or match["cu"] or match["word"] or "").strip().lower()
    if money:
        currency = CURRENCIES[money]
        return 1.0, f"{currency}/{PER[per.lower()]}" if per else currency
    if match["unit"]:
        unit, factor = UNITS[match["unit"].lower().replace("-", " ") if match["unit"] != "-" else "-"]
        return factor, unit
    return 1.0, ""


def _scale(word: str | None) -> float | None:
    return SCALES[word.lower()] if word else None


def _value(raw: str) -> float | None:
    return _digits(raw) if raw[0].isdigit() else _chinese(raw)


def _digits(raw: str) -> float:
    return float(raw.replace(",", ""))


def _chinese(raw: str) -> float | None:
    """Chinese numerals below a thousand: 九十 is 90, 一百二十 is 120, 三点七 is 3.7."""
    whole, _, fraction = raw.replace("點", "点").partition("点")
    total = current = 0
    for character in whole:
        if character in "十百":
            total += (current or 1) * (10 if character == "十" else 100)
            current = 0
        else:
            current = _CHINESE_DIGITS[character]
    decimals = "".join(str(_CHINESE_DIGITS[character]) for character in fraction)
    return float(f"{total + current}.{decimals or 0}") or None


def _free(start: int, end: int, taken: list[tuple[int, int]]) -> bool:
    return all(end <= first or start >= last for first, last in taken)


def _fact(kind: FactKind, values: tuple[float, ...], unit: str, start: int, end: int) -> Fact:
    clean = tuple(float(f"{value:.12g}") for value in values)
    return Fact(kind=kind, values=clean, unit=unit, start=start, end=end, text="?")


def normalised(text: str) -> str:
    """A text with compatibility forms folded, for comparing quotes; offsets are not kept."""
    return unicodedata.normalize("NFKC", text)
