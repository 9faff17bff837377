"""What a question asks for: its parts, its other wordings, who and when it names, and whether it wants the newest."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from memory.text import fold
from memory.wording import searched

_PARTS = (
    r"[;；?？]\s*|,\s*and\s+|\s+and\s+(?=(?:what|who|whom|which|how|when|where|why|at|from|by|in)\b)"
    r"|[，、,]\s*(?=又|而|并|以及|理由|什|谁|誰|哪|多|怎|為|为|异|还|還)"
)
_NEWEST = r"\b(?:now|latest|newest|current(?:ly)?|today|at present|so far|most recent)\b|最新|目前|现在|現在|如今|眼下|今天|当前|當前"
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_SEASONS = {
    "spring": (3, 5),
    "summer": (6, 8),
    "autumn": (9, 11),
    "fall": (9, 11),
    "winter": (12, 12),
    "春": (3, 5),
    "夏": (6, 8),
    "秋": (9, 11),
}
_WHEN = (
    r"^(?:on |in |since |until )?(?:when|what (?:day|date|month|year)|which (?:day|date|month|year)|how long)\b"
    r"|什么时候|何时|哪[天年月]|几[月号]|多久"
)
_TIMES = (
    r"\b(?:yesterday|today|tomorrow|tonight|ago|since|recently|lately|just|(?:last|next|this|past|few|couple of) "
    r"(?:night|morning|days?|weeks?|months?|years?|weekend|summer|winter|spring|autumn|fall|quarter|mon|tue|wed|thu|fri|sat|sun)\w*|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december|"
    r"(?:19|20)\d\d)\b|[昨今明前后]天|[上下本这]\s*[周个月]|去年|今年|明年|[年月日号]|星期|周[一二三四五六日]"
)
_HOW_MANY = r"\bhow (?:many|much|far|high|large|big|old)\b|多少|几[个次位家吨]|多[高大远]"
_NUMBERS = (
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundred|thousand|million|billion|"
    r"once|twice|half|third|quarter|double|couple|dozen|several)\b|[一二三四五六七八九十百千万亿两半]"
)
_ANSWERS = ((_WHEN, _TIMES), (_HOW_MANY, _NUMBERS))
YEAR = r"(?<!\d)((?:19|20)\d\d)(?!\d)"
_PRONOUN = r"\b(?:it|its|they|them|their|he|she|his|her|this|that|these|those|there)\b|[它其他她]"
_PROPER = r"(?<![.?!]\s)(?<!^)\b[A-Z][\w-]+(?:\s+[A-Z][\w-]+)*|\b\d[\d,.]*\b"
MOST_PARTS = 4
SHORTEST = 8
"""Characters of a part that can stand as a question of its own."""


class Span(NamedTuple):
    """A stretch of time, both ends in it."""

    start: datetime
    end: datetime


class Day(NamedTuple):
    """A day, or a month without one, that a question names, of one year or of any."""

    year: int | None
    month: int
    day: int | None

    def nearness(self, known: datetime) -> float:
        """One for what was said then, something for what was said soon after: people tell what happened."""
        if self.year not in (None, known.year) and not (self.month == 12 and known.year == (self.year or 0) + 1):
            return 0.0
        start = datetime(self.year or known.year, self.month, 1, tzinfo=UTC)
        if self.day is None:
            days = (known - start).total_seconds() / 86400
            return 1.0 if known.month == self.month else 0.5 if 0 <= days < 45 else 0.0
        days = (known - start).total_seconds() / 86400 - (self.day - 1)
        return 1.0 if -1 <= days <= 2 else 0.6 if 0 <= days <= 10 else 0.0


class Question(NamedTuple):
    """One question, taken apart."""

    wordings: tuple[str, ...]
    parts: tuple[str, ...]
    words: frozenset[str]
    year: str
    years: tuple[str, ...]
    span: Span | None
    day: Day | None
    newest: bool
    answer: Callable[[str], bool] | None
    """Whether a text holds what the question asks for: a time for when, a number for how many; None when it asks for neither."""


def understand(query: str, variants: Sequence[str] = ()) -> Question:
    """Take a question apart.

    Args:
        query: as it was asked.
        variants: the same question in other words or another language; a model may write them.
    """
    wordings = tuple(dict.fromkeys(text for text in (query, *variants) if text.strip()))
    folded = fold(query)
    span = _span(folded)
    return Question(
        wordings=wordings,
        parts=tuple(_parts(query)),
        words=frozenset(re.findall(r"[^\W\d_]+", folded)),
        year=span[0] if span else "",
        years=tuple(dict.fromkeys(re.findall(YEAR, folded))),
        span=span[1] if span else None,
        day=_day(query, folded),
        answer=_answer(folded),
        newest=span is None and re.search(_NEWEST, folded) is not None,
    )


def names(text: str) -> list[str]:
    """Proper names and numbers of an English text, in order: what a pronoun in the next clause may stand for."""
    return list(dict.fromkeys(re.findall(_PROPER, text)))


def leans(part: str) -> bool:
    """Whether a part speaks of something that another part names."""
    return re.search(_PRONOUN, part, re.IGNORECASE) is not None


def _parts(query: str) -> list[str]:
    found = [part.strip() for part in re.split(_PARTS, query) if part and len(part.strip()) >= (4 if not part.isascii() else SHORTEST)]
    found = [part for part in found if searched(part, only=True)][:MOST_PARTS]
    return found if len(found) > 1 else []


def _span(text: str) -> tuple[str, Span] | None:
    """The year and the stretch of time that a folded text names."""
    found = re.search(YEAR, text)
    if found is None:
        return None
    year = int(found[1])
    first, last = _months(text, found[1])
    return found[1], Span(datetime(year, first, 1, tzinfo=UTC), _month_end(year, last))


def _months(text: str, year: str) -> tuple[int, int]:
    if quarter := re.search(r"\bq([1-4])\b|([1-4一二三四])季", text):
        number = "1234".find(quarter[1] or quarter[2]) if (quarter[1] or quarter[2]).isdigit() else "一二三四".find(quarter[2])
        return 3 * number + 1, 3 * number + 3
    if month := re.search(rf"{year}\s*年?\s*[-/]?\s*(1[0-2]|0?[1-9])\s*月", text):
        return int(month[1]), int(month[1])
    for number, name in enumerate(_MONTHS, 1):
        if re.search(rf"\b{name}\s+(?:of\s+)?{year}\b", text):
            return number, number
    for name, months in _SEASONS.items():
        if re.search(rf"{name}\w*\s+(?:of\s+)?{year}|{year}\s*年?{name}", text):
            return months
    if re.search(rf"(?:end|close) of {year}|{year}\s*年?[底末]", text):
        return 12, 12
    return 1, 12


def _month_end(year: int, month: int) -> datetime:
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return following - timedelta(seconds=1)


def _day(query: str, text: str) -> Day | None:
    """The day or month that a question names in words or in Chinese; May with its capital only, and may never."""
    if found := re.search(r"(?:((?:19|20)\d\d)\s*年\s*)?(?<!\d)(1[0-2]|0?[1-9])\s*月(?:\s*(\d{1,2})\s*[日号號])?", text):
        return _valid(found[1], int(found[2]), found[3])
    for number, name in enumerate(_MONTHS, 1):
        if not re.search(rf"\b{name}\b", text) or (name == "may" and not re.search(r"(?<!^)\bMay\b", query)):
            continue
        on = re.search(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{name}\b|\b{name}\s+(\d{{1,2}})(?:st|nd|rd|th)?\b", text)
        year = re.search(YEAR, text)
        return _valid(year[1] if year else None, number, (on[1] or on[2]) if on else None)
    return None


def _valid(year: str | None, month: int, day: str | None) -> Day:
    return Day(int(year) if year else None, month, int(day) if day and 1 <= int(day) <= 31 else None)


def _answer(text: str) -> Callable[[str], bool] | None:
    """What tells an answer to the folded question from other texts."""
    for asks, holds in _ANSWERS:
        if re.search(asks, text):
            return lambda body: re.search(holds, fold(body)) is not None
    return None
