"""Dates in both languages; a Chinese month (3 月) is never a bare number."""

import re
from collections.abc import Iterator
from datetime import date

from memory.facts.model import Fact, Granularity

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d"
_DASH = r"\s?[-–—~至到]\s?"
_QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_CHINESE_MONTHS = {"十二": 12, "十一": 11, "十": 10, "九": 9, "八": 8, "七": 7, "六": 6, "五": 5, "四": 4, "三": 3,
                   "二": 2, "一": 1}  # fmt: skip

_DATE = re.compile(
    rf"(?<![\d.])(?:(?P<iso>{_YEAR}-\d\d-\d\d(?!\d))"
    rf"|(?P<zh>{_YEAR})\s?年\s?(?:第?(?P<zhq>[一二三四1-4])季度?|(?P<zhm>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s?月(?:\s?(?P<zhd>[12]\d|3[01]|0?[1-9])\s?[日号號])?)?"
    rf"|(?P<quarter>{_YEAR}\s?-?[Qq][1-4]|[Qq][1-4]\s{_YEAR})(?!\d)"
    rf"|(?P<years>{_YEAR}{_DASH}(?:{_YEAR}|\d\d))(?![\d-])\s?(?:年)?"
    rf"|(?P<dmy>(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?\s(?:{_MONTH})\.?,?\s{_YEAR})(?!\d)"
    rf"|(?P<mdy>(?:{_MONTH})\.?\s(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?,?\s{_YEAR})(?!\d)"
    rf"|(?P<ym>{_YEAR}-(?:0[1-9]|1[0-2]))(?![\d-])"
    rf"|(?P<month>1[0-2]|0?[1-9])\s?月(?:份|\s?(?:[12]\d|3[01]|0?[1-9])\s?[日号號])?"
    rf"|(?P<year>{_YEAR})(?![\d,.]*\d|\s?[%$€万亿億萬千百桶吨噸倍美元盎]|\s?(?:oz|t|x|bn|tn|m|k)\b))"
    rf"|(?<![A-Za-z])(?P<my>(?:{_MONTH})\.?\s{_YEAR})(?!\d)",
    re.IGNORECASE,
)


def find_dates(text: str) -> Iterator[Fact]:
    """Every date, month, quarter, year or span of years, in order."""
    for match in _DATE.finditer(text):
        found = _read(match)
        if found:
            dates, granularity = found
            yield Fact(
                kind="date",
                dates=dates,
                granularity=granularity,
                start=match.start(),
                end=match.end(),
                text=match.group(),
            )


def _read(match: re.Match[str]) -> tuple[tuple[date, ...], Granularity] | None:
    kind = match.lastgroup if match.lastgroup not in {"zhq", "zhm", "zhd"} else "zh"
    raw = match.group()
    try:
        match kind:
            case "iso":
                return (date.fromisoformat(raw),), "day"
            case "zh":
                return _chinese(match)
            case "quarter":
                quarter = int(raw[raw.lower().index("q") + 1])
                return (date(int(re.findall(_YEAR, raw)[0]), 3 * quarter - 2, 1),), "quarter"
            case "years":
                first, second = re.findall(r"\d+", raw)[:2]
                last = int(second) if len(second) == 4 else int(first[:2] + second)
                return ((date(int(first), 1, 1), date(last, 1, 1)), "year") if last > int(first) else None
            case "dmy" | "mdy" | "my" | "ym":
                return _english(raw)
            case "month":
                return (), "month"
            case _:
                return (date(int(raw), 1, 1),), "year"
    except ValueError:
        return None


def _chinese(match: re.Match[str]) -> tuple[tuple[date, ...], Granularity]:
    year = int(match["zh"])
    if match["zhq"]:
        return (date(year, 3 * _QUARTERS[match["zhq"]] - 2, 1),), "quarter"
    if not match["zhm"]:
        return (date(year, 1, 1),), "year"
    month = int(match["zhm"]) if match["zhm"].isdigit() else _CHINESE_MONTHS[match["zhm"]]
    return ((date(year, month, int(match["zhd"])),), "day") if match["zhd"] else ((date(year, month, 1),), "month")


def _english(raw: str) -> tuple[tuple[date, ...], Granularity]:
    if raw[0].isdigit() and "-" in raw:
        return (date.fromisoformat(raw + "-01"),), "month"
    year = int(re.findall(_YEAR, raw)[-1])
    word = re.search(r"[A-Za-z]{3,}", raw)
    month = _MONTHS[word.group().lower()] if word else 1
    day = re.search(r"(?<!\d)\d{1,2}(?!\d)", raw)
    return ((date(year, month, int(day.group())),), "day") if day else ((date(year, month, 1),), "month")
