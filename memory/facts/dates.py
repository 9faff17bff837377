"""Dates in both languages; a Chinese month (3 月) is never a bare number."""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from memory.facts.model import Fact, Granularity
from memory.facts.suffix import read_measure

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip
_CHINESE = {
    tens + ones: 10 * n + m for n, tens in enumerate(("", "十", "二十", "三十")) for m, ones in enumerate(("", *"一二三四五六七八九"))
}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_MONTH = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")(?![A-Za-z])\.?"
_DIGITS_OF_YEAR = r"(?:19|20)[0-9]{2}"
_YEAR = rf"{_DIGITS_OF_YEAR}(?![0-9])"
_CHINESE_YEAR = r"[一二][九〇零○][〇零○一二三四五六七八九]{2}"
_DAY = r"(?:[12][0-9]|3[01]|0?[1-9])(?![0-9])"
_UNIT_OF_DAY = r"(?:日(?![元圆圓本均线線内內])|[号號])"  # 5 日元 and 5 日均线 are no days
_NUMBER = r"(?:1[0-2]|0?[1-9])(?![0-9])"
_CHINESE_MONTH = rf"(?:{_NUMBER}|十[一二]?|[一二三四五六七八九])"
_CHINESE_DAY = rf"(?:{_DAY}|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])\s?{_UNIT_OF_DAY}"

_DASH = re.compile(r"\s?(?:[-‐‑–—~〜∼至到]|\bto\b)\s?")
_YEARS = re.compile(
    rf"(?P<first>{_YEAR})\s?(?P<mark>[-‐‑–—~〜/至到]|\bto\b)\s?(?P<last>{_YEAR}|[0-9]{{1,2}}(?![0-9]))(?:\s?年(?![代级級]))?\+?"
)
_ISO = re.compile(rf"(?P<y>{_YEAR})(?P<mark>[-/.])(?P<m>[0-9]{{1,2}})(?P=mark)(?P<d>[0-9]{{1,2}})(?![0-9]|(?P=mark)[0-9])")
_ZH = re.compile(
    rf"(?P<y>{_YEAR}|{_CHINESE_YEAR})\s?年(?!代)(?:\s?(?P<m>{_CHINESE_MONTH})\s?月(?:份|\s?(?P<d>{_CHINESE_DAY}))?"
    rf"|\s?第?(?P<q>[一二三四1-4])\s?季度?|(?P<h>[上下])半年)?"
)
_YEAR_QUARTER = re.compile(rf"(?P<y>{_DIGITS_OF_YEAR})\s?-?(?P<k>[QqHh])(?P<n>[1-4])(?![A-Za-z0-9])")
_SHORT_QUARTER = re.compile(r"(?P<n>[1-4])(?P<k>[QqH])(?P<y>(?:20)?[0-9]{2})(?![A-Za-z0-9])")
_QUARTER_YEAR = re.compile(rf"(?P<k>[QqHh])(?P<n>[1-4])(?:\sof)?[\s-](?P<y>{_YEAR})")
_ORDINAL = re.compile(rf"(?P<n>first|second|third|fourth)[\s-](?P<k>quarter|half)(?:\sof)?\s(?P<y>{_YEAR})", re.IGNORECASE)
_YEAR_MONTH = re.compile(rf"(?P<y>{_YEAR})[-/](?P<m>0[1-9]|1[0-2])(?![0-9]|[-/][0-9])")
_DAY_MONTH = re.compile(rf"(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<m>{_MONTH})(?:,?\s(?P<y>{_YEAR}))?", re.IGNORECASE)
_MONTH_YEAR = re.compile(rf"(?P<m>{_MONTH})(?:,?[\s-](?:of\s)?(?P<y>{_YEAR})|\s?['’](?P<s>[0-9]{{2}})(?![0-9]))", re.IGNORECASE)
_MONTH_DAY = re.compile(
    rf"(?P<m>{_MONTH})\s(?P<d>{_DAY})(?:st|nd|rd|th)?(?:,?\s(?P<y>{_YEAR}))?(?![0-9A-Za-z%$€£]|[,.:/-][0-9])", re.IGNORECASE
)
_MONTHS_YEAR = re.compile(rf"(?P<m>{_MONTH})\s?[-–—]\s?(?P<n>{_MONTH}),?\s(?P<y>{_YEAR})", re.IGNORECASE)
_SLASHES = re.compile(rf"(?P<a>[0-9]{{1,2}})/(?P<b>[0-9]{{1,2}})/(?P<y>{_YEAR})(?!/)")
_ZH_MONTH = re.compile(rf"(?:{_NUMBER}\s?[-–~至到]\s?)?{_CHINESE_MONTH}\s?月(?:份|\s?(?P<d>{_CHINESE_DAY}))?")
_ZH_DAY = re.compile(rf"{_DAY}\s?日(?![元圆圓本均线線内內])")
_NEXT_MONTH = re.compile(rf"(?P<m>{_CHINESE_MONTH})\s?月(?:份|\s?(?P<d>{_CHINESE_DAY}))?")
_NEXT_DAY = re.compile(_CHINESE_DAY)
_BARE = re.compile(_YEAR)
_FULL = re.compile(rf"{_DIGITS_OF_YEAR}(?:(?![0-9])|\s?-?[QqHh])")
_GOES_ON = re.compile(r"[.,:/–—-][0-9]|[A-Za-z_]")
_SCALE = re.compile(r"\s?(?:[千万萬亿億]|(?:k|m|mn|bn|tn|million|billion|trillion|thousand)(?![A-Za-z0-9]))")
_STARTS = re.compile(rf"[0-9]++|{_CHINESE_YEAR}(?=\s?年)|[一二三四五六七八九十]++(?=\s?月)|[A-Za-z]++[0-9]*")
_DATE_WORD = re.compile(rf"(?<![A-Za-z])(?:{'|'.join([*_MONTHS, *_ORDINALS, '[qh][1-4]'])})(?![A-Za-z0-9])", re.IGNORECASE)
_SHORT = re.compile(r"[0-9]{1,2}(?![0-9.,:%])")


class Dated(NamedTuple):
    """Dates read at a place: days, or the first days of months, quarters or years; none when no year is said."""

    dates: tuple[date, ...]
    granularity: Granularity
    end: int
    open_end: bool = False  # 2028-30+


def find_dates(text: str) -> Iterator[Fact]:
    """Every date, month, quarter, year or span of years of a text, in order, bare years included."""
    at = 0
    while match := _STARTS.search(text, at):
        start, at = match.span()
        before = text[start - 1 : start]
        if (
            before == "."
            or (before.isascii() and before.isalnum())
            or (match.group()[0].isalpha() and not _DATE_WORD.fullmatch(match.group()))
        ):
            continue
        found = read_date(text, start) or read_year(text, start)
        if found:
            at = max(found.end, at)
            yield Fact(
                kind="date", dates=found.dates, granularity=found.granularity, start=start, end=found.end, text=text[start : found.end]
            )


def date_in_words(text: str, start: int, end: int) -> tuple[int, Dated] | None:
    """The date that begins with the last words of a phrase (a month, Q2, H1, the first half of), and where."""
    for match in _DATE_WORD.finditer(text, max(start, end - 24), end):
        dated = read_date(text, match.start())
        if dated and dated.end > end:
            return match.start(), dated
    return None


def read_year(text: str, at: int) -> Dated | None:
    """A bare year (1900 to 2099) with no unit behind it."""
    match = _BARE.match(text, at)
    if not match or _GOES_ON.match(text, match.end()) or _has_unit(text, match.end()):
        return None
    return Dated((date(int(match.group()), 1, 1),), "year", match.end())


def read_date(text: str, at: int) -> Dated | None:
    """The date at ``at``, or the two dates of a span (Dec 2027–Aug 2028); a bare year is left to ``read_year``."""
    try:
        found = _one(text, at)
        return _span(text, found) if found else None
    except ValueError:  # 2026-02-31 and 31 June are no days
        return None


def _span(text: str, first: Dated) -> Dated:
    dash = _DASH.match(text, first.end)
    if not dash or len(first.dates) != 1:
        return first
    last = _one(text, dash.end())
    last = last if last and last.dates else _rest(text, dash.end(), first)
    if not last or len(last.dates) != 1 or last.granularity != first.granularity or last.dates <= first.dates:
        return first
    return Dated(first.dates + last.dates, first.granularity, last.end)


def _rest(text: str, at: int, first: Dated) -> Dated | None:
    """The second half of 2026年3月至6月 and 2026年6月18日至25日."""
    year, month = first.dates[0].year, first.dates[0].month
    if match := _NEXT_MONTH.match(text, at):
        later = _chinese_number(match["m"])
        day = _leading(match["d"]) if match["d"] else 1
        return Dated((date(year, later, day),), "day" if match["d"] else "month", match.end())
    if first.granularity == "day" and (match := _NEXT_DAY.match(text, at)):
        return Dated((date(year, month, _leading(match.group())),), "day", match.end())
    return None


def _one(text: str, at: int) -> Dated | None:
    first = text[at : at + 1]
    if first.isascii() and first.isalpha():
        return _worded(text, at)
    if first.isascii() and first.isdigit():
        return _full_year(text, at) if _FULL.match(text, at) else _short(text, at)
    return _chinese(text, at) or _chinese_month(text, at)


def _full_year(text: str, at: int) -> Dated | None:
    if match := _ISO.match(text, at):
        return Dated((date(int(match["y"]), int(match["m"]), int(match["d"])),), "day", match.end())
    if match := _YEAR_QUARTER.match(text, at):
        return _part(int(match["y"]), match["k"], int(match["n"]), match.end())
    return _year_month(text, at) or _years(text, at) or _chinese(text, at)


def _year_month(text: str, at: int) -> Dated | None:
    match = _YEAR_MONTH.match(text, at)
    if not match or (text[at + 4] == "/" and int(match["m"]) == int(match["y"][2:]) + 1):  # 2011/12 is a season or a fiscal year
        return None
    return Dated((date(int(match["y"]), int(match["m"]), 1),), "month", match.end())


def _years(text: str, at: int) -> Dated | None:
    match = _YEARS.match(text, at)
    if not match:
        return None
    first, short = int(match["first"]), match["last"]
    last = int(short) if len(short) == 4 else first - first % 10 ** len(short) + int(short)
    counted = match["mark"] in {"to", "至", "到"} and len(short) < 4
    fiscal = match["mark"] != "/" or last == first + 1
    if last <= first or counted or not fiscal or (not match.group().endswith(("年", "+")) and _has_unit(text, match.end())):
        return None
    if _GOES_ON.match(text, match.end()):
        return None
    return Dated((date(first, 1, 1), date(last, 1, 1)), "year", match.end(), open_end=match.group().endswith("+"))


def _has_unit(text: str, at: int) -> bool:
    """A year is a count when a scale or a unit follows (2000 t, 2000 万); people and contracts are too weak a sign after a span."""
    measure = read_measure(text, at)
    return _SCALE.match(text, at) is not None or (measure is not None and measure.unit not in {"", "y"})


def _chinese(text: str, at: int) -> Dated | None:
    match = _ZH.match(text, at)
    if not match:
        return None
    raw = match["y"]
    year = int(raw) if raw.isdigit() else int("".join(str("零一二三四五六七八九".index(c)) if c not in "〇○" else "0" for c in raw))
    if match["q"]:
        return _part(year, "q", _chinese_number(match["q"]), match.end())
    if match["h"]:
        return _part(year, "h", 1 if match["h"] == "上" else 2, match.end())
    if not match["m"]:
        return Dated((date(year, 1, 1),), "year", match.end())
    month = _chinese_number(match["m"])
    day = _leading(match["d"]) if match["d"] else 1
    return Dated((date(year, month, day),), "day" if match["d"] else "month", match.end())


def _short(text: str, at: int) -> Dated | None:
    if not _SHORT.match(text, at):
        return None
    if match := _SHORT_QUARTER.match(text, at):
        return _part(int(match["y"]) if len(match["y"]) == 4 else 2000 + int(match["y"]), match["k"], int(match["n"]), match.end())
    if match := _SLASHES.match(text, at):
        return _slashes(match)
    if match := _DAY_MONTH.match(text, at):
        return _day(match)
    return _chinese_month(text, at)


def _chinese_month(text: str, at: int) -> Dated | None:
    if match := _ZH_MONTH.match(text, at):
        return Dated((), "day" if match["d"] else "month", match.end())
    match = _ZH_DAY.match(text, at)
    return Dated((), "day", match.end()) if match else None


def _slashes(match: re.Match[str]) -> Dated | None:
    """6/18/2026 and 18/6/2026 name a day; 6/7/2026 names one of two, so no date is given."""
    a, b, year = int(match["a"]), int(match["b"]), int(match["y"])
    if a > 12 >= b > 0:
        return Dated((date(year, b, a),), "day", match.end())
    if b > 12 >= a > 0:
        return Dated((date(year, a, b),), "day", match.end())
    return Dated((), "day", match.end()) if 0 < a <= 12 and 0 < b <= 12 else None


def _day(match: re.Match[str]) -> Dated | None:
    month, day = _MONTHS[match["m"].rstrip(".").lower()], int(match["d"])
    if match["y"]:
        return Dated((date(int(match["y"]), month, day),), "day", match.end())
    date(2000, month, day)  # a leap year: refuses what is a day in no year
    end = match.end() - 1 if match.group().endswith(".") else match.end()
    # "5 may rise": without a year only a capital says that the word is a month.
    return Dated((), "day", end) if match["m"][0].isupper() else None


def _worded(text: str, at: int) -> Dated | None:
    if match := _QUARTER_YEAR.match(text, at):
        return _part(int(match["y"]), match["k"], int(match["n"]), match.end())
    if match := _ORDINAL.match(text, at):
        return _part(int(match["y"]), match["k"][0], _ORDINALS[match["n"].lower()], match.end())
    if match := _MONTHS_YEAR.match(text, at):
        days = tuple(date(int(match["y"]), _MONTHS[match[key].rstrip(".").lower()], 1) for key in "mn")
        return Dated(days, "month", match.end()) if days[0] < days[1] else None
    if match := _MONTH_YEAR.match(text, at):
        year = int(match["y"]) if match["y"] else 2000 + int(match["s"])
        return Dated((date(year, _MONTHS[match["m"].rstrip(".").lower()], 1),), "month", match.end())
    match = _MONTH_DAY.match(text, at)
    return _day(match) if match and (match["y"] or not read_measure(text, match.end())) else None


def _part(year: int, kind: str, n: int, end: int) -> Dated | None:
    """A quarter by its first day; a half-year as the span of its two quarters."""
    if kind in "qQ":
        return Dated((date(year, 3 * n - 2, 1),), "quarter", end)
    return Dated((date(year, 6 * n - 5, 1), date(year, 6 * n - 2, 1)), "quarter", end) if n < 3 else None


def _chinese_number(written: str) -> int:
    return int(written) if written.isdigit() else _CHINESE[written]


def _leading(written: str) -> int:
    return _chinese_number(written.rstrip("日号號 \t\n"))
