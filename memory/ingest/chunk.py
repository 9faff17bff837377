"""Cutting a document where it cuts itself: headings, paragraphs, tables, sentences."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from memory.errors import InputError
from memory.ingest.document import Document, Segment, SegmentKind
from memory.ingest.passages import header_of, split_rows, split_text

TARGET = 900
MAXIMUM = 1600

_CAPTION = re.compile(r"(?:table|exhibit|figure|chart|panel|表|图|圖)\s?[\d一二三四五六七八九十A-Z]|.*[:：]\s*$", re.IGNORECASE)
_CAPTION_LONGEST = 200


class Chunk(NamedTuple):
    """A passage: ``text == document.text[start:end]``, under ``heading``, at ``locator``."""

    start: int
    end: int
    text: str
    heading: str
    locator: str
    ordinal: int
    kind: SegmentKind
    context: str = ""
    """The caption and header row that a later part of a cut table stands under; not part of the text."""


class _Span(NamedTuple):
    start: int
    end: int
    main: Segment
    locator: str
    context: str = ""


def chunk(document: Document, target: int = TARGET, maximum: int = MAXIMUM) -> list[Chunk]:
    """Passages of about ``target`` and at most ``maximum`` characters that cover every segment once, in order.

    A heading starts a passage. Paragraphs under one heading and on one page are joined up to ``target``; a paragraph,
    a table with its caption or a sentence that fits ``maximum`` is never cut. A longer paragraph is cut between
    sentences, a longer table between rows (its header is then the ``context``).

    Raises:
        InputError: ``target`` is below one or above ``maximum``.
    """
    if not 0 < target <= maximum:
        raise InputError(f"a target of {target} characters and a maximum of {maximum} do not fit: 0 < target <= maximum")
    found: list[Chunk] = []
    for group in _groups(document, target):
        for span in _spans(document.text, group, target, maximum):
            text = document.text[span.start : span.end]
            start = span.start + len(text) - len(text.lstrip())
            text = text.strip()
            if text:
                main, end = span.main, start + len(text)
                found.append(Chunk(start, end, text, main.heading, span.locator, len(found), main.kind, span.context))
    return found


def _groups(document: Document, target: int) -> Iterator[list[Segment]]:
    """Segments that stand together; a table is the last of its group."""
    pending: list[Segment] = []
    for segment in document.segments:
        kept = _kept_with(document, pending, segment, target)
        if len(kept) < len(pending):
            yield pending[: len(pending) - len(kept)]
        pending = [*kept, segment]
        if segment.kind == "table":
            yield pending
            pending = []
    if pending:
        yield pending


def _kept_with(document: Document, pending: list[Segment], segment: Segment, target: int) -> list[Segment]:
    """The tail of what is pending that the next segment belongs to."""
    if not pending or all(item.kind == "heading" for item in pending):
        return pending
    last = pending[-1]
    if segment.kind == "heading" or _page(segment) != _page(last) or segment.heading != last.heading:
        return []
    if segment.kind == "table":
        caption = document.text[last.start : last.end]
        if len(caption) > _CAPTION_LONGEST or "\n" in caption or not _CAPTION.match(caption):
            return []
        above = pending[:-1]
        return pending if all(item.kind == "heading" for item in above) else [last]
    return pending if segment.end - pending[0].start <= target else []


def _page(segment: Segment) -> str:
    return segment.locator if segment.locator.startswith("p. ") or segment.locator == "front matter" else ""


def _spans(text: str, group: list[Segment], target: int, maximum: int) -> Iterator[_Span]:
    main = next((item for item in group if item.kind != "heading"), group[-1])
    start, last = group[0].start, group[-1]
    if last.kind == "table":
        main = last
    if last.end - start <= maximum:
        yield _Span(start, last.end, main, main.locator, last.context)
        return
    if last.kind == "table":
        yield from _table_spans(text, start, last, maximum)
    elif last.end - last.start <= maximum < last.end - start:
        # What stands above pushes a paragraph over the limit that fits alone: the paragraph stays whole.
        yield from _text_spans(text, group[:-1], target, maximum)
        yield _Span(last.start, last.end, last, last.locator, last.context)
    else:
        yield from _text_spans(text, group, target, maximum)


def _text_spans(text: str, group: list[Segment], target: int, maximum: int) -> Iterator[_Span]:
    main = next((item for item in group if item.kind != "heading"), group[-1])
    for start, end in split_text(text, (group[0].start, group[-1].end), target, maximum, is_code=main.kind == "code"):
        yield _Span(start, end, main, main.locator)


def _table_spans(text: str, start: int, table: Segment, maximum: int) -> Iterator[_Span]:
    """Parts of a table between rows; each but the first carries caption and header as its context."""
    lines = text[table.start : table.end].split("\n")
    header = header_of(lines)
    above = text[start : table.start].strip()
    context = table.context or "\n".join([above, *lines[:header]] if above else lines[:header])
    for low, high in split_rows(text, (start, table.end), maximum):
        begins, ends = max(low, table.start), text[low:high].rstrip()
        # Rows of data are counted from 1; a part that begins inside a long row still stands in that row.
        first = max(text.count("\n", table.start, begins) - header + 1, 1)
        final = max(text.count("\n", table.start, low + len(ends)) - header + 1, first)
        place = f"{table.locator}, row {first}–{final}" if final > first else f"{table.locator}, row {first}"
        locator = table.locator if table.locator.startswith("row ") else place
        yield _Span(low, high, table, locator, table.context if low == start else context[:maximum])
