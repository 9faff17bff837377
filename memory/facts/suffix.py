"""What follows an amount: a unit, a currency, a price per unit (81 m oz, 100美元/盎司, $60 a barrel)."""

import re
from decimal import Decimal
from typing import NamedTuple

from memory.facts.units import (
    CASED_UNITS,
    CHINESE_CURRENCIES,
    CHINESE_PER,
    CHINESE_UNITS,
    CURRENCY_SIGNS,
    ENGLISH_CURRENCIES,
    ENGLISH_PER,
    ENGLISH_UNITS,
    Unit,
    chinese_word,
)  # fmt: skip

_WORDS = re.compile(r"([A-Za-z]+)(?:[ -]([A-Za-z]+))?(?![0-9_À-ÖØ-öø-ʯ])")
_WORD = re.compile(r"([A-Za-z]+)(?![0-9_À-ÖØ-öø-ʯ])")
_PER = re.compile(r"每|\s?(?:/|(?:per|an?)\s)\s?")
_NUMBER_FOLLOWS = re.compile(r"\s?[-−+]?[0-9]")
_DIGIT_FOLLOWS = re.compile(r"[-−+]?[0-9]")
_A_DAY = re.compile(r"\s?(?:/\s?(?:day|d(?![A-Za-z0-9])|日|天)|(?:per|a) day\b|每[日天])")
_SPACE = " \t\n"
_RATES = {"y": "y", "q": "q", "m": "m", "d": "d"}  # 3.0 y/y names a comparison, not years


class Measure(NamedTuple):
    """A unit, the base units in one of it, and where it ends; ``money`` when a currency was written."""

    unit: str
    factor: Decimal
    end: int
    money: bool = False


def read_measure(text: str, at: int, currency: str = "") -> Measure | None:
    """The unit at ``at`` (one space or a hyphen may stand between), or None; ``currency`` is the one before the amount.

    After a currency only another name for it, or the unit it is the price of, counts.
    """
    spaced = at + 1 if text[at : at + 1] and text[at] in _SPACE else at
    if not currency and text.startswith(("%", "‰"), spaced):
        return Measure("%", Decimal(1) if text[spaced] == "%" else Decimal("0.1"), spaced + 1)
    money = _currency(text, spaced)
    # "HK$5 m EUR 3": a named currency is not changed; "¥900 亿日元" and "$5 m CAD" say which yen or dollar is meant.
    if money and (currency in {"", "¥", "USD"} or money[0] == currency):
        return _price(text, money[1], currency if money[0] == "¥" and currency else money[0])
    if currency:
        priced = _price(text, at, currency)
        return priced if priced.end > at else None
    if spaced == at and text.startswith("-", at):
        return _english_unit(text, at + 1, spaced=False, hyphen=True)
    found = chinese_word(CHINESE_UNITS, text, spaced)
    if found:
        return _rate(text, Measure(found[0].base, found[0].factor, found[1]))
    return _english_unit(text, spaced, spaced=spaced > at, hyphen=False)


def _currency(text: str, at: int) -> tuple[str, int] | None:
    sign = text[at : at + 1]
    if sign in CURRENCY_SIGNS:
        # "5 $10 notes": the sign belongs to the number behind it.
        return None if _DIGIT_FOLLOWS.match(text, at + 1) else (CURRENCY_SIGNS[sign], at + 1)
    found = chinese_word(CHINESE_CURRENCIES, text, at)
    if found:
        return None if text[at] == "人" and _NUMBER_FOLLOWS.match(text, found[1]) else found
    words = _WORDS.match(text, at)
    if words and words[2] and f"{words[1]} {words[2]}".lower() in ENGLISH_CURRENCIES:
        return ENGLISH_CURRENCIES[f"{words[1]} {words[2]}".lower()], words.end()
    if words and words[1].lower() == "us" and text[words.end(1) : words.end(1) + 1] == "$":
        return None if _DIGIT_FOLLOWS.match(text, words.end(1) + 1) else ("USD", words.end(1) + 1)
    word = _WORD.match(text, at)
    if word and word[1].lower() in ENGLISH_CURRENCIES and not (len(word[1]) == 3 and _NUMBER_FOLLOWS.match(text, word.end())):
        return ENGLISH_CURRENCIES[word[1].lower()], word.end()
    return None


def read_per(text: str, at: int) -> tuple[str, int] | None:
    """The unit a price is for, at ``at`` (oz, 桶), and where it ends."""
    found = chinese_word(CHINESE_PER, text, at)
    if found:
        return found
    words = _WORDS.match(text, at)
    if words and words[2] and f"{words[1]} {words[2]}".lower() in ENGLISH_PER:
        return ENGLISH_PER[f"{words[1]} {words[2]}".lower()], words.end()
    word = _WORD.match(text, at)
    return (ENGLISH_PER[word[1].lower()], word.end()) if word and word[1].lower() in ENGLISH_PER else None


def _price(text: str, at: int, currency: str) -> Measure:
    per = _PER.match(text, at)
    unit = read_per(text, per.end()) if per else None
    if unit is None:
        return Measure(currency, Decimal(1), at, money=True)
    return Measure(f"{currency}/{unit[0]}", Decimal(1), unit[1], money=True)


def _english_unit(text: str, at: int, *, spaced: bool, hyphen: bool) -> Measure | None:
    words = _WORDS.match(text, at)
    if words and words[2]:
        pair = ENGLISH_UNITS.get(f"{words[1]} {words[2]}".lower())
        if pair:
            return Measure(pair.base, pair.factor, words.end())
    word = _WORD.match(text, at)
    if not word:
        return None
    unit = CASED_UNITS[word[1]] if word[1] in CASED_UNITS else ENGLISH_UNITS.get(word[1].lower())
    if unit is None or not _is_unit(text, word, unit, spaced=spaced, hyphen=hyphen):
        return None
    return _rate(text, Measure(unit.base, unit.factor, word.end()))


def _is_unit(text: str, word: re.Match[str], unit: Unit, *, spaced: bool, hyphen: bool) -> bool:
    """Whether the word is the number's unit, and not a name or another operator: 10-K, 3 y/y, 2 x 3, 5-t."""
    name, end = word[1], word.end()
    if hyphen:
        return len(name) > 2
    if text[end : end + 1] in {"-", "‑"} and text[end + 1 : end + 2].isalpha() and len(name) < 3:
        return False
    if unit.base == "x" and name in {"x", "X"} and spaced:
        return not text[end : end + 2].strip()[:1].isdigit()
    return not text.startswith("/" + _RATES.get(name, "\0"), end)


def _rate(text: str, measure: Measure) -> Measure:
    """Barrels a day are another unit than barrels; a rate per year is left to the sentence (15 % a year)."""
    if measure.unit == "bbl":
        daily = _A_DAY.match(text, measure.end)
        return measure._replace(unit="bbl/d", end=daily.end()) if daily else measure
    if measure.unit == "GB" and measure.factor < 1:  # "mb/d" is a million barrels a day
        daily = _A_DAY.match(text, measure.end)
        return Measure("bbl/d", Decimal("1e6"), daily.end()) if daily else measure
    return measure
