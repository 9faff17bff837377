"""Lines of a PDF's pages: where they stand, and which of them are running heads, feet and page numbers."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_EDGE = 2
"""Lines at the top and bottom of a page that can be a running head or foot."""
_MARGIN = 0.08
"""The share of the page's height, at the top and at the bottom, in which they stand."""
_LONGEST = 80
"""Characters of the longest running head that names the page; a sentence that happens to name it is longer."""
_FEWEST = 3
"""Pages from which on repetition says something."""
_SHARE = 0.4
"""Left and right pages carry different heads, so each is on less than half of the pages."""
_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d,]|\.\d)")
_FOLIO = re.compile(r"(?:page |p\. ?|[-–—] ?|第 ?)?\d{1,4}(?: ?(?:/|of|von) ?\d{1,4})?(?: ?[-–—]| ?页| ?頁)?", re.IGNORECASE)
_LINE = re.compile("[^\r\n\ufffe\x02]+")
_HYPHENS = "\ufffe\x02"
"""What pdfium writes for a hyphen at the end of a line."""


class Line(NamedTuple):
    """A line of a page: its text, whether it stands in the margin, bottom and height of its first character in points.

    Where the place of the characters is not known, ``bottom`` and ``height`` are 0 and the outer lines are the margin.
    """

    text: str
    in_margin: bool = False
    bottom: float = 0.0
    height: float = 0.0


def lines_of(text_page: Any, page_height: float) -> list[Line]:
    """The lines of one page in the order of the file; a broken word keeps its hyphen at the end of the line."""
    text = text_page.get_text_range()
    # Offsets in the text are character numbers of the page only while no character takes two units.
    placed = len(text) == text_page.count_chars()
    found = []
    for match in _LINE.finditer(text):
        raw = match.group()
        if not raw.strip():
            continue
        hyphen = "-" if text[match.end() : match.end() + 1] in set(_HYPHENS) else ""
        bottom = height = 0.0
        if placed:
            _, bottom, _, top = text_page.get_charbox(match.start() + len(raw) - len(raw.lstrip()), loose=True)
            height = top - bottom
        found.append(Line(raw.strip().replace("\x00", "") + hyphen, bottom=bottom, height=height))
    low, high = _MARGIN * page_height, (1 - _MARGIN) * page_height
    order = sorted(range(len(found)), key=lambda index: -found[index].bottom)
    outer = {*order[:_EDGE], *order[-_EDGE:]}
    return [line._replace(in_margin=index in outer and not (placed and low < line.bottom < high)) for index, line in enumerate(found)]


def without_running(pages: Sequence[Sequence[Line]]) -> tuple[list[list[Line]], int]:
    """The pages without running heads, feet and page numbers, and how many lines that were.

    A line is one when it stands in the margin of many pages and differs from page to page by the page's number only; a
    row of figures at the top of every page is not. No page loses all its text.
    """
    offset = _numbering(pages)
    counts = Counter(
        key for number, lines in enumerate(pages, 1) for key in {_key(line.text, number, offset) for line in lines if line.in_margin}
    )
    enough = max(_FEWEST, _SHARE * len(pages))
    running = {key for key, count in counts.items() if count >= enough and ("#" not in key or len(key) <= _LONGEST)}
    kept: list[list[Line]] = []
    dropped = 0
    for number, lines in enumerate(pages, 1):
        mine = [
            line
            for line in lines
            if not line.in_margin or not (_key(line.text, number, offset) in running or _is_folio(line.text, number, offset))
        ]
        mine = mine or list(lines)
        dropped += len(lines) - len(mine)
        kept.append(mine)
    return kept, dropped


def _numbering(pages: Sequence[Sequence[Line]]) -> int:
    """The printed number of the file's first page, less one: the difference most pages agree on."""
    votes = Counter(
        int(found) - number
        for number, lines in enumerate(pages, 1)
        for found in {n for line in lines if line.in_margin for n in _NUMBER.findall(line.text)}
    )
    offset, count = max(votes.items(), key=lambda item: (item[1], -abs(item[0])), default=(0, 0))
    return offset if count >= max(_FEWEST, _SHARE * len(pages)) else 0


def _key(text: str, number: int, offset: int) -> str:
    own = str(number + offset)
    return _NUMBER.sub(lambda match: "#" if match.group() == own else match.group(), " ".join(text.lower().split()))


def _is_folio(text: str, number: int, offset: int) -> bool:
    """A line that is nothing but this page's number."""
    numbers: Iterable[str] = re.findall(r"\d+", text)
    return bool(_FOLIO.fullmatch(text.strip())) and next(iter(numbers), "") == str(number + offset)
