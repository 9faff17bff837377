"""The day a document says it was written."""

import re
from datetime import date
from email.utils import parsedate_to_datetime

from memory.facts.dates import find_dates

_LINES = 12
"""Lines from the top among which a date line is looked for."""
_LABEL = re.compile(
    r"(?:date|dated|published|published on|posted|posted on|updated|last updated|as of|by .{1,40}[,|·]"
    r"|日期|发布|發布|发布于|發布於|发布日期|發布日期|发布时间|發布時間|时间|時間|更新"
    r"|[A-Z][A-Za-z. ]{2,24},)?\s*[:：]?\s*",
    re.IGNORECASE,
)
_AFTER = re.compile(r"[\s,.T|·()（）]*(?:\d{1,2}:\d{2}(?::\d{2})?\s*(?:[ap]m)?\s*(?:[A-Z]{2,4}|[+-]\d{2}:?\d{2})?)?[\s|.)）]*")
_MARKS = re.compile(r"^[\s#>\-]+|[*_]+|\s+$")


def parse_day(raw: str) -> date | None:
    """A day as properties and headers write it: ISO with or without a time, a mail date, or in words; else None."""
    raw = raw.strip()
    try:
        return date.fromisoformat(raw[:10].replace("/", "-"))
    except ValueError:
        pass  # not ISO: the other spellings follow
    days = [fact.dates[0] for fact in find_dates(raw[:80]) if fact.granularity == "day" and fact.dates]
    if days:
        return days[0]
    try:
        return parsedate_to_datetime(raw).date()
    except (ValueError, TypeError, IndexError):
        return None


def date_line(text: str) -> date | None:
    """The date of the first line, near the top, that holds nothing but a date (and a label, a place or an hour).

    A date inside a sentence is not taken: it may be an expiry or an event, and a document dated too early is known
    too early.
    """
    for line in text[:4000].split("\n")[:_LINES]:
        bare = _MARKS.sub("", line)
        for fact in find_dates(bare[:120]):
            whole = _LABEL.fullmatch(bare[: fact.start]) and _AFTER.fullmatch(bare[fact.end :])
            if whole and fact.granularity == "day" and fact.dates:
                return fact.dates[0]
    return None
