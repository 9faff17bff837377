"""What a question asks for: its parts, its other wordings, who and when it names, and whether it wants the newest."""

import re
from collections.abc import Sequence
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


class Question(NamedTuple):
    """One question, taken apart."""

    wordings: tuple[str, ...]
    parts: tuple[str, ...]
    words: frozenset[str]
    year: str
    years: tuple[str, ...]
    span: Span | None
    newest: bool


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
