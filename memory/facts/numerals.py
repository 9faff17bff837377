"""Reading one amount: digits or Chinese numerals, with its scale (81 m, 1.7万亿, 九十万)."""

import re
from decimal import Decimal
from typing import NamedTuple

from memory.facts.units import CHINESE_SCALES, ENGLISH_SCALES, chinese_word

_BLOB = re.compile(r"[0-9]++(?:[.,:][0-9]++)*+(?:[eE][+-]?[0-9]{1,3}(?![A-Za-z0-9_]))?|\.[0-9]++")
_WRITTEN = re.compile(
    r"(?:(?:0|[1-9][0-9]{0,14}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,6})(?:\.[0-9]{1,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,3})?"
)
_CHINESE = re.compile(r"[零〇一二两兩三四五六七八九十百千万萬亿億兆]++(?:[点點][零〇一二三四五六七八九]++)?")
_LATIN_WORD = re.compile(r"([ \t\n-]?)([A-Za-z]+)(?![0-9_À-ÖØ-öø-ʯ])")
_MORE = re.compile(r"\+(?![0-9$€£¥₩₹]|[A-Z]{2})|[多余餘](?![于於样樣数數少头頭])")
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_BIG = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
_UNIT_BEGINS = ("千瓦", "千克", "兆瓦", "百万英热", "百萬英熱")  # a unit whose first character is also a scale
_LONGEST_NUMERAL = 24


class Amount(NamedTuple):
    """A number as written: ``number * scale``; what it holds decides how much context it needs to be a fact."""

    number: Decimal
    scale: Decimal
    end: int
    written: str  # the digits or Chinese numerals, without the scale
    more: bool = False  # 700+, 50多亿, 300余
    chinese: bool = False  # a Chinese numeral or scale

    @property
    def value(self) -> Decimal:
        """The amount in ones."""
        return self.number * self.scale

    @property
    def digits(self) -> bool:
        """Whether it is plain digits: no point, comma, scale or Chinese numeral."""
        return self.written.isdigit() and self.written.isascii() and self.scale == 1


def skip_blob(text: str, at: int) -> int:
    """The end of whatever digits stand at ``at``: also a time (14:30), a version (1.2.3), a malformed number (3,75)."""
    match = _BLOB.match(text, at)
    return match.end() if match else at


def read_amount(text: str, at: int, *, money: bool = False) -> Amount | None:
    """The amount at ``at``, or None where digits are no number: 007, 14:30, 1.2.3, 3,75; ``money`` makes ``t`` a trillion."""
    blob = _BLOB.match(text, at)
    if not blob:
        return _chinese_amount(text, at)
    written = blob.group()
    if not _WRITTEN.fullmatch(written):
        return None
    amount = _scaled(text, Amount(Decimal(written.replace(",", "")), Decimal(1), blob.end(), written), money)
    return _compound(text, amount) if amount.chinese else amount


def _scaled(text: str, amount: Amount, money: bool) -> Amount:
    more, at = read_more(text, amount.end)
    scale = _read_scale(text, at, money)
    if scale:
        factor, end, chinese = scale
        after, end = read_more(text, end)
        return amount._replace(scale=factor, end=end, more=more or after, chinese=chinese)
    return amount._replace(end=at, more=more)


def read_more(text: str, at: int) -> tuple[bool, int]:
    """Whether a mark of "and more" stands here (+, 多, 余), and where the text goes on."""
    match = _MORE.match(text, at)
    return (True, match.end()) if match else (False, at)


def _read_scale(text: str, at: int, money: bool) -> tuple[Decimal, int, bool] | None:
    space = 1 if text[at : at + 1] in {" ", "\t", "\n"} else 0
    if not text.startswith(_UNIT_BEGINS, at + space):
        found = chinese_word(CHINESE_SCALES, text, at + space)
        if found:
            return (*found, True)
    match = _LATIN_WORD.match(text, at)
    if not match:
        return None
    separator, word = match[1], match[2]
    if (word == "T" and (money or not separator)) or (word == "t" and money):
        return Decimal("1e12"), match.end(), False
    factor = ENGLISH_SCALES.get(word.lower())
    # "5 b" and "5-k" are no scales; "$5-billion" is.
    if factor is None or (separator and word in {"b", "B"}) or (separator == "-" and len(word) < 7):
        return None
    return factor, match.end(), False


def _compound(text: str, amount: Amount) -> Amount:
    """1亿2000万 is one amount: parts with ever smaller scales, nothing between."""
    value, scale, last = amount.value, amount.scale, amount
    while scale > 1 and text[last.end : last.end + 1].isdigit():
        blob = _BLOB.match(text, last.end)
        if not blob or not _WRITTEN.fullmatch(blob.group()):
            break
        part = _scaled(text, Amount(Decimal(blob.group().replace(",", "")), Decimal(1), blob.end(), blob.group()), money=False)
        if not part.chinese or part.scale >= scale or part.value >= scale:
            break
        value, scale, last = value + part.value, part.scale, part
    return amount if last is amount else amount._replace(number=value, scale=Decimal(1), end=last.end, more=last.more)


def _chinese_amount(text: str, at: int) -> Amount | None:
    match = _CHINESE.match(text, at)
    if not match or len(match.group()) > _LONGEST_NUMERAL:
        return None
    end = match.end()
    written = match.group()
    for unit in _UNIT_BEGINS:  # 五千瓦 is five kilowatts
        if written.endswith(unit[0]) and text.startswith(unit, end - 1):
            written, end = written[:-1], end - 1
    head = written.rstrip("万萬亿億兆")
    big = written[len(head) :]
    if any(character in _BIG for character in head):
        head, big = written, ""
    scale = CHINESE_SCALES.get(big) if big else Decimal(1)
    number = chinese_number(head)
    if number is None or scale is None:
        return None
    more, end = read_more(text, end)
    amount = Amount(number, scale, end, head, more=more, chinese=True)
    if big or not (more or "点" in head or "點" in head):
        return amount
    found = chinese_word(CHINESE_SCALES, text, end)  # 二十多亿, 一点七万亿
    return amount._replace(scale=found[0], end=found[1]) if found else amount


def chinese_end(text: str, at: int) -> int:
    """The end of the run of Chinese numerals at ``at``."""
    match = _CHINESE.match(text, at)
    return match.end() if match else at + 1


def chinese_number(written: str) -> Decimal | None:
    """The value of Chinese numerals (九十, 三千五, 一亿二千万, 三点七), or None where they make no number (千万, 一一)."""
    whole, _, fraction = written.replace("點", "点").partition("点")
    if not whole or (whole[0] in _SMALL and whole[0] != "十") or whole[0] in _BIG:
        return None
    integer = _chinese_integer(whole)
    if integer is None:
        return None
    decimals = "".join(str(_DIGITS[character]) for character in fraction)
    return Decimal(f"{integer}.{decimals}") if decimals else Decimal(integer)


def _chinese_integer(whole: str) -> int | None:
    total, section, digit = 0, 0, -1
    step, largest = 1, 10**20  # the last unit (三万五 is 35 000) and the last big one
    for character in whole:
        if character in _DIGITS:
            value = _DIGITS[character]
            if digit > 0 or (digit == 0 and value == 0):
                return None
            digit, step = value, 1 if value == 0 else step
        elif character in _SMALL:
            section += (1 if digit <= 0 else digit) * _SMALL[character]
            digit, step = -1, _SMALL[character]
        else:
            section += max(digit, 0)
            big = _BIG[character]
            total = total + section * big if big < largest and section else (total + section) * big
            section, digit, step, largest = 0, -1, big, big
    if digit > 0:
        section += digit * max(step // 10, 1)
    return total + section
