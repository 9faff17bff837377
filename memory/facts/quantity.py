"""One quantity: an amount and its unit, two of them as a range, or a ladder of strikes."""

import itertools
import re
from decimal import Decimal
from typing import NamedTuple

from memory.facts.lead import Lead
from memory.facts.numerals import Amount, read_amount, read_more
from memory.facts.suffix import Measure, read_measure
from memory.facts.units import CURRENCY_SIGNS

_LINK = re.compile(
    r"(?P<tight>[-‐‑−]|[ ]?[–—~〜∼][ ]?)|(?P<wide> [-‐] )|[ \t\n]?(?P<word>至|到|to(?=[ \n])|(?P<both>and(?=[ \n])|和|与|與|及))[ \t\n]?"
)
_HIGH_LEAD = re.compile(
    rf"(?P<ratio>[百千万]分之)?(?P<sign>[-−+])?(?P<money>(?:US)?[{''.join(CURRENCY_SIGNS)}])?(?P<sign2>[-−+](?=[0-9]))?"
)
_CHAINED = re.compile(r"[-–/][0-9]")
_NUM = r"[$€£]?[0-9]++(?:[.,][0-9]++)*+"
# A chain is looked at from its first number only.
_LADDER = re.compile(
    rf"(?<![0-9][-–/、])(?<![0-9] [-–/、] ){_NUM}(?P<mark>[ ]?[-–/、][ ]?)[$€£]?[0-9]++(?:[.,][0-9]++)*+(?:(?P=mark){_NUM}){{1,8}}+"
)
_OPTION_WORDS = re.compile(
    r"strike|butterfl|\bfly\b|condor|\bcalls?\b|\bputs?\b|spread|ladder|蝶|行权|行權|执行价|期权|期權|价差|鹰式", re.IGNORECASE
)
_MINUS = "-−–"


class Quantity(NamedTuple):
    """Values in the base unit; none for digits joined to what is no range: a score, a telephone number."""

    values: tuple[float, ...]
    unit: str
    end: int
    first: Amount
    more: bool = False
    bare: bool = False  # nothing but digits: no unit, scale or currency


class _Side(NamedTuple):
    amount: Amount
    measure: Measure | None
    end: int
    more: bool

    @property
    def factor(self) -> Decimal:
        return self.measure.factor if self.measure else Decimal(1)


def read_quantity(text: str, at: int, lead: Lead, *, negative: bool) -> Quantity | None:
    """The number or range whose digits begin at ``at``; None when there is no number."""
    low = _side(text, at, lead.money)
    if low is None:
        return None
    joined = _range(text, low, lead, negative=negative)
    if joined:
        return joined
    value = _signed(low.amount.value * low.factor * (lead.ratio or 1), negative=negative)
    bare = low.measure is None and not lead.money and lead.ratio is None and low.amount.scale == 1
    return Quantity((float(value),), _unit(low, lead), low.end, low.amount, more=low.more, bare=bare)


def _side(text: str, at: int, money: str) -> _Side | None:
    amount = read_amount(text, at, money=bool(money))
    if amount is None:
        return None
    measure = read_measure(text, amount.end, money)
    if measure is None:
        return _Side(amount, None, amount.end, amount.more)
    more, end = read_more(text, measure.end)
    return _Side(amount, measure, end, amount.more or more)


def _unit(side: _Side, lead: Lead) -> str:
    if lead.ratio is not None:
        return "%"
    unit = side.measure.unit if side.measure else lead.money
    if lead.each and unit and (side.measure is None or side.measure.money) and "/" not in unit:
        unit = f"{unit}/{lead.each}"
    if unit.startswith("¥"):
        unit = ("CNY" if side.amount.chinese else "JPY") + unit[1:]
    return unit


def _range(text: str, low: _Side, lead: Lead, *, negative: bool) -> Quantity | None:
    link = _LINK.match(text, low.end)
    if not link or low.more or (link["both"] and not lead.between):
        return None
    head = _HIGH_LEAD.match(text, link.end())
    changes = link["word"] and lead.source and low.measure  # from 10 % to 20 %
    if head is None or changes or (head["ratio"] and lead.ratio is None):
        return None
    money = lead.money if not head["money"] or lead.money else CURRENCY_SIGNS[head["money"][-1]]
    high = _side(text, head.end(), money)
    if high is None or _CHAINED.match(text, high.end) or not _one_unit(low, high, tight=link["tight"] is not None):
        return None
    sign = head["sign"] or head["sign2"] or ""
    spread = negative and not sign and link["word"] is None  # −20–30 % is minus twenty to minus thirty
    first = _signed(_low_value(low, high, repeated=head["money"] is not None), negative=negative)
    last = _signed(high.amount.value * high.factor, negative=spread or sign in {"-", "−"})
    unit = _unit(high if high.measure else low, lead._replace(money=money))
    bare = low.measure is None and high.measure is None and not money and lead.ratio is None
    falling = first >= last and not spread
    if bare and link["tight"] and (falling or _is_telephone(low.amount, high.amount, link["tight"])):
        return Quantity((), "", high.end, low.amount)
    if first == last or (falling and link["tight"] is None):
        return None
    values = tuple(float(value * (lead.ratio or 1)) for value in sorted((first, last)))
    return Quantity(values, unit, high.end, low.amount, more=high.more, bare=bare and high.amount.scale == 1)


def _one_unit(low: _Side, high: _Side, *, tight: bool) -> bool:
    if low.measure and high.measure:
        return low.measure.unit == high.measure.unit
    return high.measure is not None or low.measure is None or (tight and low.amount.scale == 1)


def _low_value(low: _Side, high: _Side, *, repeated: bool) -> Decimal:
    """$5–10 tn is five to ten trillion; $500 to $1 m and 500吨至3万吨 keep what is written."""
    amount = low.amount.value * (low.factor if low.measure else high.factor)
    scaled = amount * high.amount.scale
    inherits = low.amount.scale == 1 and low.measure is None and high.amount.scale > 1
    kept = repeated and scaled >= high.amount.value * high.factor
    return scaled if inherits and not kept else amount


def _is_telephone(low: Amount, high: Amount, mark: str) -> bool:
    """555-1234 is a telephone number."""
    return mark.strip() in set("-‐‑") and low.digits and high.digits and (len(low.written), len(high.written)) == (3, 4)


def _signed(value: Decimal, *, negative: bool) -> Decimal:
    return -value if negative and value else value


class Ladder(NamedTuple):
    """Three or more numbers joined by one mark; ``values`` is empty when they are no strikes."""

    values: tuple[float, ...]
    unit: str
    end: int
    code: bool = False  # a part number, a telephone number, a day: not even a list of numbers


def read_ladder(text: str, at: int, lead: Lead) -> Ladder | None:
    """Strikes such as 70-90-110, 70/90/110 or 70、90、110, or another chain of numbers; None when there is no chain.

    Strikes rise, and without a word of options near them they stand close together (the highest under three times the
    lowest, not 1, 2, 3, not what could be a day): dates, telephone and part numbers are chains too.
    """
    match = _LADDER.match(text, at)
    if not match:
        return None
    mark, end = match["mark"].strip(), match.end()
    parts = [part.lstrip("$€£") for part in match.group().split(match["mark"])]
    amounts = [_plain(part) for part in parts]
    values = [value for value in amounts if value is not None]
    glued = text[end : end + 1].isalnum() and text[end : end + 1].isascii()
    measure = read_measure(text, end, lead.money)
    listed = glued or text[end : end + 2].strip() == mark or (measure is not None and not measure.money)
    options = _OPTION_WORDS.search(text, max(0, at - 40), end + 40) is not None
    if len(values) < len(parts) or len(values) > 8 or listed or not _are_strikes(values, mark, options=options):
        code = mark in {"-", "–"} or (mark == "/" and not listed and _is_day(values))
        return Ladder((), "", end, code=code)
    if measure:
        return Ladder(tuple(map(float, values)), measure.unit, measure.end)
    currency = lead.money or (CURRENCY_SIGNS["$"] if "$" in match.group() else "")
    return Ladder(tuple(map(float, values)), currency, end)


def _plain(written: str) -> Decimal | None:
    amount = read_amount(written, 0)
    return amount.value if amount and amount.end == len(written) else None


def _are_strikes(values: list[Decimal], mark: str, *, options: bool) -> bool:
    rising = values[0] > 0 and all(a < b for a, b in itertools.pairwise(values))
    years = sum(1900 <= value <= 2099 for value in values) > 1 or (1900 <= values[-1] <= 2099 and values[0] <= 31)
    if not rising or years:
        return False
    consecutive = all(b - a == 1 for a, b in itertools.pairwise(values))
    day = mark == "/" and _is_day(values)
    return options or (values[-1] < 3 * values[0] and not consecutive and not day)


def _is_day(values: list[Decimal]) -> bool:
    """10/12/26 may be a day."""
    return len(values) == 3 and all(value <= 31 and value == value.to_integral_value() for value in values)
