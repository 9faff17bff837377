"""Where a text may be cut: sentences in English and Chinese, lines of code, rows of a table."""

import re
from collections.abc import Iterator, Sequence

Span = tuple[int, int]

_CLOSING = r"[”’」』）】\"')\]]*"
_SENTENCE = re.compile(
    rf"[。！？；]+{_CLOSING}\s*"
    rf"|[.!?]{_CLOSING}\s+(?=[\"“‘'(\[]?[A-Z0-9\u3400-\u9fff])"
    r"|\n(?=\s*(?:[-*•+–]|\d{1,3}[.)、])\s)"
    r"|\n\s*\n"
)
_LINE = re.compile(r"\n")
_CLAUSE = re.compile(r"[,;:]\s|[，、：]|\s[–—]\s")
_SPACE = re.compile(r"\s")
_CELL = re.compile(r"\| ?")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(\[“\"'])(?:Mr|Mrs|Ms|Dr|Prof|Gov|Sen|Rep|Gen|St|Sr|Jr|Inc|Ltd|Corp|Co|vs|cf|approx|est|ca|al|No|Nos|Fig|Figs|Eq|Sec|"
    r"Ch|Vol|pp?|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|[A-Z]|(?:[A-Za-z]\.)+[A-Za-z])$"
)
_FIGURE_LAST = re.compile(r"\d[\d.,]*[)%]*\s*$")
HEADER_LINES = 8
"""Lines at the top of a page's table among which its header is looked for."""
_RULE = re.compile(r"\|?[\s:|-]*-[\s:|-]*")


def split_text(text: str, span: Span, target: int, maximum: int, *, is_code: bool) -> Iterator[Span]:
    """Parts of about ``target`` and at most ``maximum`` characters that together are the span.

    A sentence that fits is never cut; one that does not is cut at a line, a clause, a space, and at last anywhere.
    """
    levels = [_LINE, _SPACE] if is_code else [_SENTENCE, _LINE, _CLAUSE, _SPACE]
    yield from _packed(_units(text, span, levels, maximum), target, maximum)


def split_rows(text: str, span: Span, maximum: int) -> Iterator[Span]:
    """Parts of whole rows; a row longer than ``maximum`` is cut between its cells."""
    yield from _packed(_units(text, span, [_LINE, _CELL, _SPACE], maximum), maximum, maximum)


def header_of(lines: Sequence[str]) -> int:
    """How many lines at the top of a table are caption, header row and the rule below it."""
    if not lines:
        return 0
    count = 1 if len(lines) == 1 or "|" in lines[0] or "|" not in lines[1] else 2
    if not any("|" in line for line in lines[:3]):
        # Lines of a page: what has no figure at its end is caption, the first that has some is the header.
        count = next((n for n, line in enumerate(lines[:HEADER_LINES], 1) if _FIGURE_LAST.search(line)), 1)
    return count + 1 if count < len(lines) and _RULE.fullmatch(lines[count]) else count


def _units(text: str, span: Span, levels: Sequence[re.Pattern[str]], maximum: int) -> Iterator[Span]:
    """The smallest parts that need not be cut: each at most ``maximum`` long."""
    start, end = span
    if not levels:
        yield from ((at, min(at + maximum, end)) for at in range(start, end, maximum))
        return
    for low, high in _between(text, span, levels[0]):
        if high - low <= maximum:
            yield low, high
        else:
            yield from _units(text, (low, high), levels[1:], maximum)


def _between(text: str, span: Span, boundary: re.Pattern[str]) -> Iterator[Span]:
    start, end = span
    low = start
    for match in boundary.finditer(text, start, end):
        if boundary is _SENTENCE and text[match.start()] == "." and _ABBREVIATED.search(
            text, max(low, match.start() - 20), match.start()
        ):  # fmt: skip
            continue
        if low < match.end() < end:
            yield low, match.end()
            low = match.end()
    yield low, end


def _packed(units: Iterator[Span], target: int, maximum: int) -> Iterator[Span]:
    """Neighbours joined up to ``target``; a short rest joins what is before it where the two fit ``maximum``."""
    before: Span | None = None
    current: Span | None = None
    for low, high in units:
        if current is not None and high - current[0] > target:
            if before is not None:
                yield before
            before, current = current, None
        current = (low if current is None else current[0], high)
    if before is not None and current is not None:
        if current[1] - current[0] < target // 4 and current[1] - before[0] <= maximum:
            before, current = (before[0], current[1]), None
        yield before
    if current is not None:
        yield current
