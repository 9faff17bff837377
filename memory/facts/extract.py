"""Reading a text once, from left to right: what leads to an amount, the amount, and what follows it."""

import re
from datetime import date
from typing import NamedTuple

from memory.facts.dates import Dated, date_in_words, read_date
from memory.facts.lead import LEAD_TOKEN, Lead, extend, follows, is_name, resolve
from memory.facts.model import Bound, Fact
from memory.facts.numerals import chinese_end, skip_blob
from memory.facts.quantity import Ladder, Quantity, read_ladder, read_quantity

_TOKEN = re.compile(rf"{LEAD_TOKEN}|(?P<digits>(?<![\w.])\.[0-9]|[0-9])|(?P<chinese>[零〇一二两兩三四五六七八九十百千万萬亿億兆])")
_AFTER = re.compile(
    r"\s?(?:(?P<about>左右|上下|前后|前後|or so\b)|(?P<min>[及或]?以上|or (?:more|higher|above)\b)"
    r"|(?P<max>[及或]?以[下内內]|之[内內]|or (?:less|lower)\b))"
)
_GLUE = re.compile(r"[A-Za-z_À-ÖØ-öø-ʯ\u0300-\u036f\u20e3\ufe0f²³¹⁰-₉号號]|[-‐‑][A-Za-z]|年代")
_FRACTION = re.compile(r"(?:24/7|9/11|[1-9]/[1-9])(?![0-9/.%])")
_OPENS = frozenset(" \t\n([{（【《「『：:=≈~<>≤≥|*\"“‘'/，。、；,;→·")
_TEMPORAL = frozenset({"in", "since", "until", "during"})
_ARTICLE_UNITS = frozenset({"y", "mo", "wk", "d", "h", "min", "s"})
_FOLDED = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) not in "，（）：；！？"} | {
    0x3000: " ", 0x00A0: " ", 0x2009: " ", 0x202F: " ", 0xFFE5: "¥", 0xFFE1: "£", 0x301C: "~",
}  # fmt: skip
_WIDE_COMMA = re.compile(r"(?<=[0-9])，(?=[0-9]{3}(?![0-9]))")


class _Read(NamedTuple):
    fact: Fact | None
    end: int


def extract_facts(text: str) -> list[Fact]:
    """Numbers with units, ranges, strikes and dates of an English or Chinese text, in order and without overlap.

    Each fact's span opens its place: ``text[fact.start:fact.end] == fact.text``. Numbers that belong to a name (Q1, COVID-19,
    S&P 500, phase 2, 第3章), to a time of day, a version, a link or a list's mark are none. The time taken grows with the length of
    the text and with nothing else.
    """
    plain = _fold(text)
    facts: list[Fact] = []
    lead, at = Lead(), 0
    while match := _TOKEN.search(plain, at):
        start = match.start()
        read = _read(plain, match, lead)
        if read is None:
            lead, at = extend(plain, match, lead), match.end()
            continue
        if read.fact:
            # A plus that said "or more" of the fact before is no sign of this one.
            begin = max(read.fact.start, facts[-1].end if facts else 0)
            facts.append(read.fact.model_copy(update={"start": begin, "text": text[begin : read.fact.end]}))
        lead, at = Lead(), max(read.end, start + 1)
    return facts


def _fold(text: str) -> str:
    """Full-width forms as ASCII, one character for one, so that offsets stay."""
    plain = text.translate(_FOLDED)
    # Only between full-width digits is a full-width comma a thousands separator.
    return _WIDE_COMMA.sub(lambda match: "," if "０" <= text[match.start() - 1] <= "９" else "，", plain)


def _read(text: str, match: re.Match[str], lead: Lead) -> _Read | None:
    """What begins at a token, or None where the token only leads to something."""
    start, kind = match.start(), match.lastgroup
    if kind == "word":
        found = date_in_words(text, start, match.end())
        return (
            _Read(_date(text, found[0], found[1], resolve(Lead(phrase=text[start : found[0]].rstrip()))), found[1].end) if found else None
        )
    if kind not in {"digits", "chinese"}:
        return None
    near = resolve(lead) if follows(text, lead, start) else Lead()
    if near.start < 0:
        dated = read_date(text, start)
        if dated:
            named = kind == "digits" and is_name(text, start, "", bare=False)
            return _Read(None if named else _date(text, start, dated, near), dated.end)
    chained = _chained(text, start, near) if kind == "digits" else None
    return chained or _number(text, start, near)


def _chained(text: str, start: int, lead: Lead) -> _Read | None:
    """Strikes, or numbers joined to what is no quantity: a telephone number, a day, 24/7."""
    ladder = read_ladder(text, start, lead)
    if ladder and ladder.values:
        return _Read(_strikes(text, start, lead, ladder), ladder.end)
    if ladder and ladder.code:
        return _Read(None, ladder.end)
    fraction = _FRACTION.match(text, start)
    return _Read(None, fraction.end()) if fraction else None


def _date(text: str, start: int, dated: Dated, lead: Lead) -> Fact:
    bound: Bound = "min" if dated.open_end else lead.bound
    return Fact(
        kind="date", dates=dated.dates, granularity=dated.granularity, bound=bound, approximate=lead.approximate,
        start=start, end=dated.end, text=text[start : dated.end],
    )  # fmt: skip


def _strikes(text: str, start: int, lead: Lead, ladder: Ladder) -> Fact | None:
    if is_name(text, start, "", bare=False):
        return None
    begin = lead.start if lead.start >= 0 else start
    return Fact(
        kind="strikes", values=ladder.values, unit=ladder.unit, approximate=lead.approximate, start=begin, end=ladder.end,
        text=text[begin : ladder.end],
    )  # fmt: skip


def _number(text: str, start: int, lead: Lead) -> _Read:
    begin, negative = _begin(text, start, lead)
    quantity = read_quantity(text, start, lead, negative=negative)
    if quantity is None:
        return _Read(None, skip_blob(text, start) if text[start].isascii() else chinese_end(text, start))
    year = _year(text, quantity, lead, signed=begin < start)
    if year:
        named = _GLUE.match(text, year.end) or is_name(text, start, quantity.first.written, bare=True)
        return _Read(None if named else _date(text, start, year, lead), year.end)
    counts = quantity.values and _counts(text, start, quantity, lead)
    return _Read(_fact(text, begin, quantity, lead) if counts else None, quantity.end)


def _begin(text: str, start: int, lead: Lead) -> tuple[int, bool]:
    """Where the quantity begins, its currency and sign included, and whether the sign is a minus."""
    begin = lead.start if lead.start >= 0 else start
    inner = text[start - 1 : start]
    if begin < start and inner in set("-−–+±"):  # $-5
        return begin, inner in set("-−–")
    sign, before = text[begin - 1 : begin] if begin else "", text[begin - 2] if begin > 1 else ""
    if not sign or sign not in "-−–+±":
        return begin, False
    # A dash after a letter, a digit or a bracket joins or subtracts; an en dash is a minus only where nothing stands before it.
    opens = not before or before in _OPENS or (before >= "\u2e80" and sign != "–")
    return (begin - 1, sign in set("-−–")) if opens else (begin, False)


def _year(text: str, quantity: Quantity, lead: Lead, *, signed: bool) -> Dated | None:
    """A bare 1900 to 2099 is a year; after "in" or "since" also before a word that could be its unit (in 2026 people …)."""
    first = quantity.first
    if not first.digits or len(quantity.values) != 1 or signed or not 1900 <= first.number <= 2099:
        return None
    worded = lead.word in _TEMPORAL and text[first.end : first.end + 1] == " " and first.scale == 1
    if not (quantity.bare or worded):
        return None
    return Dated((date(int(first.number), 1, 1),), "year", first.end, open_end=first.more)


def _counts(text: str, start: int, quantity: Quantity, lead: Lead) -> bool:
    """Whether what was read is a quantity, and not part of a word or a name."""
    plain = quantity.first.written
    if text[start].isascii():
        if _GLUE.match(text, quantity.end) and text[quantity.end - 1] != "%" and (quantity.bare or text[quantity.end] not in "-‐‑"):
            return False
        return bool(lead.money) or not is_name(text, start, plain, bare=quantity.bare)
    if lead.ratio is not None:
        return True
    if text[start - 1 : start] in {"几", "幾", "数", "數", "第", "〇"}:
        return False
    if quantity.bare:
        return len(plain) > 1 and any(character in "百千万萬亿億" for character in plain)
    # 一年, 一人 and 三人 are more often words than counts; 三桶油 are three companies.
    word = quantity.unit == "" or (plain == "一" and quantity.unit in _ARTICLE_UNITS) or text.startswith("油", quantity.end)
    return not (word and len(plain) == 1 and quantity.first.scale == 1)


def _fact(text: str, begin: int, quantity: Quantity, lead: Lead) -> Fact:
    after = _AFTER.match(text, quantity.end)
    end = after.end() if after else quantity.end
    if lead.word == "over" and quantity.unit in _ARTICLE_UNITS:  # "over 5 years" says how long, not how much
        lead = lead._replace(bound="", approximate=False)
    bound: Bound = lead.bound
    if quantity.more or (after and after["min"]):
        bound = "min"
    elif after and after["max"]:
        bound = "max"
    more_than = quantity.more and any(character in "多余餘" for character in text[begin:end])
    return Fact(
        kind="number" if len(quantity.values) == 1 else "range", values=quantity.values, unit=quantity.unit, bound=bound,
        approximate=lead.approximate or more_than or bool(after and after["about"]), start=begin, end=end, text=text[begin:end],
    )  # fmt: skip
