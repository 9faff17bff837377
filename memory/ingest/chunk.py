"""Cutting a document where it cuts itself: headings, paragraphs, tables, sentences."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from memory.ingest.document import Document, Segment

TARGET = 900
MAXIMUM = 1600

_SENTENCE_END = re.compile(r"(?<=[。！？；])|(?<=[.!?])\s+(?=[A-Z0-9“\"(])|\n")


class Chunk(NamedTuple):
    """A passage: ``document.text[start:end]``, under ``heading``, at ``locator``."""

    start: int
    end: int
    text: str
    heading: str
    locator: str
    kind: str


def chunk(document: Document, target: int = TARGET, maximum: int = MAXIMUM) -> list[Chunk]:
    """Passages of about ``target`` characters that cover every segment once, in order.

    Paragraphs under one heading are joined while they fit, one longer than ``maximum`` is cut between sentences, and
    a table stays whole while it fits, else it is cut between rows.
    """
    found: list[Chunk] = []
    pending: list[Segment] = []
    for segment in document.segments:
        if segment.kind == "heading" or segment.kind == "table":
            found += _joined(document, pending)
            pending = []
            if segment.kind == "table":
                found += _pieces(document, segment, maximum)
            continue
        if pending and (segment.heading != pending[0].heading or segment.end - pending[0].start > target
                        or _page(segment) != _page(pending[0])):  # fmt: skip
            found += _joined(document, pending)
            pending = []
        if segment.end - segment.start > maximum:
            found += _pieces(document, segment, maximum)
        else:
            pending.append(segment)
    found += _joined(document, pending)
    return found or _only_headings(document)


def _page(segment: Segment) -> str:
    return segment.locator if segment.locator.startswith("p. ") else ""


def _joined(document: Document, pending: list[Segment]) -> list[Chunk]:
    if not pending:
        return []
    first = pending[0]
    return [_make(document, first, first.start, pending[-1].end)]


def _pieces(document: Document, segment: Segment, maximum: int) -> list[Chunk]:
    return [_make(document, segment, start, end) for start, end in _cuts(document.text, segment, maximum)]


def _cuts(text: str, segment: Segment, maximum: int) -> Iterator[tuple[int, int]]:
    start = segment.start
    while segment.end - start > maximum:
        window = text[start : start + maximum]
        ends = [match.end() for match in _SENTENCE_END.finditer(window) if match.end() > maximum // 3]
        space = window.rfind(" ", maximum // 2)
        cut = start + (ends[-1] if ends else space + 1 if space > 0 else maximum)
        yield start, cut
        start = cut
    yield start, segment.end


def _make(document: Document, segment: Segment, start: int, end: int) -> Chunk:
    while start < end and document.text[start].isspace():
        start += 1
    while end > start and document.text[end - 1].isspace():
        end -= 1
    return Chunk(start, end, document.text[start:end], segment.heading, segment.locator, segment.kind)


def _only_headings(document: Document) -> list[Chunk]:
    return [_make(document, segment, segment.start, segment.end) for segment in document.segments]
