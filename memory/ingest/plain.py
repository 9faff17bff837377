"""Plain text: paragraphs, with their lines as locators."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from memory.ingest.boilerplate import Sieve
from memory.ingest.decoding import decode
from memory.ingest.document import Document, Segment

_PARAGRAPH = re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
_TITLE = 80
"""Characters of the longest first line that is a title and not yet a sentence."""


class Sieved(NamedTuple):
    """A text without foreign lines, and the file's line number of each of its lines."""

    text: str
    line_at: Callable[[int], int]


def read(name: str, content: bytes) -> Document:
    """A text file; its first line, when short, is the title."""
    text, warnings = decode(content)
    sieve = Sieve(text)
    kept = sieved(text, sieve, lambda _: False)
    segments = tuple(
        Segment(start=start, end=end, locator=f"line {kept.line_at(start)}") for start, end in paragraphs(kept.text, 0, len(kept.text))
    )
    first = kept.text.strip().split("\n", 1)[0].strip()
    return Document(
        name=name,
        title=first if 0 < len(first) <= _TITLE else name.rsplit(".", 1)[0],
        text=kept.text,
        segments=segments,
        media_type="text/plain",
        warnings=(*warnings, *sieve.warnings()),
    )


def sieved(text: str, sieve: Sieve, spared: Callable[[str], bool]) -> Sieved:
    """The text without the lines the sieve refuses; what is ``spared`` (asked line by line, in order) stays."""
    lines = text.split("\n")
    numbers = [number for number, line in enumerate(lines, 1) if spared(line) or sieve.keeps(line)]
    if len(numbers) < len(lines):
        lines = [lines[number - 1] for number in numbers]
        text = "\n".join(lines)
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    return Sieved(text, lambda offset: numbers[bisect_right(starts, offset) - 1])


def paragraphs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans between blank lines, without the space around them."""
    for match in _PARAGRAPH.finditer(text, start, end):
        found = match.group()
        yield match.start() + len(found) - len(found.lstrip()), match.start() + len(found.rstrip())
