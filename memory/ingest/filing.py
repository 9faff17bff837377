"""What a filing says of itself on its cover: the company, its symbol, the form, and the period it is about."""

import re
from datetime import timedelta
from typing import NamedTuple

from memory.facts.dates import find_dates

_COVER = 12_000
"""Characters from the top in which a cover ends."""
_HEAD = 2_500
"""Characters from the top in which a cover names its form and the law that asks for it."""
_RELEASE = 6_000
"""Characters from the top in which a press release names its company and quarter."""
_FORM = re.compile(r"\bform\s+(10-?[KQ]|8-?K|20-?F|40-?F|6-?K)\b", re.IGNORECASE)
_ASKED_BY = re.compile(r"securities\s+and\s+exchange\s+commission|securities\s+exchange\s+act", re.IGNORECASE)
_NAME = re.compile(
    r"(?:\d[\d-]{3,}|[_-]{4,}|\d{4}\)?|reported\)?:?)\W*\s((?=\S*[A-Z])[^()_]{2,70}?)[\s_]*\(\s*exact\s+name\s+of\s+registrant",
    re.IGNORECASE,
)
_UNLABELLED = re.compile(r"commission\s+file\s+(?:number|no\.?):?\s*[\d-]+\.?\s+([^()_]{2,60}?)\s+(?:\(|state\s+of\s)", re.IGNORECASE)
_SYMBOL_COLUMN = re.compile(r"trading\s+symbol", re.IGNORECASE)
_SYMBOL = re.compile(r"\b([A-Z]{1,5}(?:\.[A-Z])?)\s+(?:the\s+)?(?:new\s+york\s+stock|nasdaq|nyse|chicago)", re.IGNORECASE)
_LISTED = re.compile(
    r"([A-Z0-9][\w&.,'’-]*(?:\s(?:[A-Z&][\w&.,'’-]*|of|and|the))*)\s*"
    r"\((?:NYSE|NASDAQ|Nasdaq|AMEX|ASX|LSE|HKEX|SSE|SZSE|TSX)[\w ,;/]*:\s*([A-Z0-9.]{1,6})"
)
_LABELS = {
    "year": re.compile(r"fiscal\s+year\s+ended", re.IGNORECASE),
    "quarter": re.compile(r"quarterly\s+period\s+ended", re.IGNORECASE),
    "day": re.compile(r"date\s+of\s+(?:earliest\s+event\s+reported|report)", re.IGNORECASE),
}
_BEFORE = re.compile(r".*(?:\d[\d-]{4,}|\b(?:19|20)\d\d|[_-]{3,})\W*\s|.*\b(?:number|no\.)\s", re.IGNORECASE)
_BEHIND = re.compile(r"\s+(?:[A-Z][A-Za-z]+\s+){1,2}\d\d-\d{7}$")
_NEWS = re.compile(
    r"\b(?:(first|second|third|fourth)[\s-]+quarter(?:\s+(?:of\s+)?(?:fiscal\s+)?(?:year\s+)?(20\d\d))?|(?:q([1-4])|([1-4])q)\s*(20\d\d))",
    re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth")


class Filing(NamedTuple):
    """A company's report: ``period`` is a year, a quarter (2023Q2, by the calendar) or a month (2023-05)."""

    company: str
    symbol: str
    form: str
    period: str

    @property
    def title(self) -> str:
        """The filing in a line: who, what, when."""
        name = f"{self.company} ({self.symbol})" if self.symbol else self.company
        return " ".join(part for part in (name, self.form, self.period) if part)

    def meta(self) -> dict[str, str]:
        """As properties of a document."""
        return {name: value for name, value in self._asdict().items() if value}


def filing_of(text: str) -> Filing | None:
    """What the top of a text says, where it is the cover of a filing or a company's release of results; else None."""
    cover = " ".join(text[:_COVER].split())
    form = _FORM.search(cover, 0, _HEAD)
    name = _NAME.search(cover) or _UNLABELLED.search(cover)
    if form is None or name is None or not _ASKED_BY.search(cover, 0, _HEAD):
        return _release(" ".join(text[:_RELEASE].split()))
    company = _tidy(name[1])
    if not re.search(r"[^\W\d_]{2}", company):
        return None
    column = _SYMBOL_COLUMN.search(cover)
    symbol = _SYMBOL.search(cover, column.end()) if column else None
    code = symbol[1] if symbol and symbol[1].isupper() else ""
    kind = re.sub(r"^(\d+)-?", r"\1-", form[1].upper())
    return Filing(company, code, kind, _period(cover))


def _release(top: str) -> Filing | None:
    listed = _LISTED.search(top)
    news = _NEWS.search(top)
    if listed is None or news is None:
        return None
    year = news[2] or news[5] or next(iter(re.findall(r"\b(20\d\d)\b", top)), "")
    quarter = _ORDINALS.index(news[1].lower()) + 1 if news[1] else int(news[3] or news[4])
    return Filing(_tidy(listed[1]), listed[2], "results", f"{year}Q{quarter}" if year else "")


def _tidy(name: str) -> str:
    """A name without the file number, the date or the label before it, and without the tax number behind it."""
    bare = _BEFORE.sub("", _BEHIND.sub("", name)).strip(" ,:;-–—*")
    return bare if re.search(r"\b(?:Inc|Co|Corp|Ltd)\.$", bare, re.IGNORECASE) else bare.rstrip(".")


def _period(cover: str) -> str:
    """By the label that comes first; a year or quarter of whole weeks may end some days into the next."""
    labels = sorted((*found.span(), kind) for kind, label in _LABELS.items() if (found := label.search(cover)))
    for _, end, kind in labels:
        days = [fact.dates[0] for fact in find_dates(cover[end : end + 90]) if fact.granularity == "day" and fact.dates]
        if days:
            day = days[0] if kind == "day" else days[0] - timedelta(days=10)
            return {"year": f"{day.year}", "quarter": f"{day.year}Q{(day.month + 2) // 3}"}.get(kind, f"{day:%Y-%m}")
    return ""
