"""PDF: the text layer page by page, without running heads and page numbers."""

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from memory.errors import UnreadableError
from memory.ingest.boilerplate import Sieve
from memory.ingest.dating import parse_day
from memory.ingest.document import Builder, Document, SegmentKind
from memory.ingest.pages import Line, lines_of, without_running

_NO_TITLE = re.compile(r"untitled.*|\(?(?:anonymous|unspecified)\)?|.*\.(?:docx?|pdf|indd|qxd|tex|xlsx?|pptx?)|\W*", re.IGNORECASE)
_HEADING = 1.15
"""A line this much taller than the body is a heading."""
_GAP = 1.45
"""Lines further apart than this many usual distances stand in different paragraphs."""
_SHORT = 0.7
_TITLE_LONGEST = 120
_LABEL_LONGEST = 90
"""Characters of the longest line over a table or between its rows."""
_LABELS = 6
"""Lines in a row that can be a table's caption, unit and header."""
_SIGNS = frozenset("$ € £ ¥ % ) % )%".split())
_ENDS = re.compile(r"[.!?:。！？：；][”’」』）\"')\]]*$")
_ROW_NUMBER = re.compile(r"\(?[-+−$€£¥]?\d[\d.,]*[%x]?\)?|[-–—]|n/?a", re.IGNORECASE)
_KEPT_AFTER = frozenset(
    "term based year end date off up out down backed weighted led driven adjusted on to of the free linked quarter "
    "month week day oz tonne price rate side scale market income value".split()
)
"""A word before which a hyphen at the end of a line belongs to a compound: long-term, price-weighted."""


class _Paragraph(NamedTuple):
    lines: list[str]
    height: float
    first: int
    last: int
    kind: SegmentKind


def read(name: str, content: bytes) -> Document:
    """Paragraphs located by page; a sentence that runs over the page break is one paragraph.

    Raises:
        UnreadableError: it is damaged, locked, or only pictures of pages.
    """
    pages, meta, damaged = _pages(name, content)
    if not any(pages):
        raise UnreadableError(f"{name} has no text layer, only pictures of pages: run it through OCR first")
    empty = [number for number, lines in enumerate(pages, 1) if not lines and number not in damaged]
    title = _title(meta, pages)
    pages, running = without_running(pages)
    sieve = Sieve("\n".join(line.text for lines in pages for line in lines))
    pages = [[line for line in lines if sieve.keeps(line.text)] for lines in pages]
    builder = Builder()
    _add(pages, builder)
    gaps = ((damaged, "are damaged and were passed over"), (empty, "hold no text, only pictures"))
    warnings = [f"{len(which)} pages {what}: p. {', '.join(map(str, which[:10]))}" for which, what in gaps if which]
    if running:
        warnings.append(f"left out: running heads, feet and page numbers ({running})")
    author = meta.get("Author", "").strip()
    return Document(
        name=name,
        title=title or name.rsplit(".", 1)[0],
        text=builder.text,
        segments=tuple(builder.segments),
        media_type="application/pdf",
        authored=_made(meta.get("CreationDate", "")),
        meta={"author": author} if not _NO_TITLE.fullmatch(author) else {},
        warnings=(*warnings, *sieve.warnings()),
    )


def _pages(name: str, content: bytes) -> tuple[list[list[Line]], dict[str, str], list[int]]:
    """The lines of each page, the properties, and the pages that cannot be opened."""
    import pypdfium2

    pages: list[list[Line]] = []
    damaged: list[int] = []
    try:
        with pypdfium2.PdfDocument(content) as pdf:
            meta: dict[str, str] = pdf.get_metadata_dict()
            for index in range(len(pdf)):
                try:
                    page = pdf[index]
                except pypdfium2.PdfiumError:
                    damaged.append(index + 1)
                    pages.append([])
                    continue
                text_page = page.get_textpage()
                pages.append(lines_of(text_page, page.get_height()))
                text_page.close()
                page.close()
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error):
            raise UnreadableError(f"{name} is locked with a password: save a copy without one") from error
        raise UnreadableError(f"{name} is no PDF that can be read: save or download it again") from error
    return pages, meta, damaged


def _title(meta: dict[str, str], pages: Sequence[Sequence[Line]]) -> str:
    """The title property, or the tallest lines of the first page that has text."""
    named = meta.get("Title", "").removeprefix("Microsoft Word - ").strip()
    if not _NO_TITLE.fullmatch(named):
        return named
    first = [line for line in next((lines for lines in pages if lines), []) if re.search(r"[^\W\d_]", line.text)]
    tallest = max((line.height for line in first), default=0.0)
    found: list[str] = []
    for line in first:
        if line.height > 0.98 * tallest:
            found.append(line.text)
        elif found:
            break
    return " ".join(found)[:_TITLE_LONGEST]


def _add(pages: Sequence[Sequence[Line]], builder: Builder) -> None:
    body = median([line.height for lines in pages for line in lines] or [0.0])
    sizes = sorted({round(line.height) for lines in pages for line in lines if line.height > _HEADING * body}, reverse=True)
    compounds = set(re.findall(r"\w+-\w+", " ".join(line.text for lines in pages for line in lines).lower()))
    for paragraph in _over_pages([p for number, lines in enumerate(pages, 1) for p in _paragraphs(lines, number)]):
        place = f"p. {paragraph.first}" + (f"–{paragraph.last}" if paragraph.last > paragraph.first else "")
        if paragraph.kind == "table":
            builder.add("\n".join(paragraph.lines), "table", place)
            continue
        text = ""
        for line in paragraph.lines:
            text = _join(text, line, compounds)
        is_heading = 0 < body * _HEADING < paragraph.height and len(text) <= _TITLE_LONGEST and not text.endswith(".")
        if is_heading and re.search(r"[^\W\d_]", text):
            builder.add_heading(text, 1 + sizes.index(round(paragraph.height)), place)
        else:
            builder.add(text, "text", place)


def _paragraphs(lines: Sequence[Line], page: int) -> list[_Paragraph]:
    """A gap, another size of type or a short line with a full stop ends a paragraph; rows of figures are a table."""
    width = max((len(line.text) for line in lines), default=0)
    gaps = [a.bottom - b.bottom for a, b in pairwise(lines) if a.bottom > b.bottom]
    usual = median(gaps) if gaps else 0.0
    found: list[_Paragraph] = []
    before: Line | None = None
    for line in lines:
        kind: SegmentKind = "table" if _is_row(line.text) else "text"
        goes_on = before is not None and found[-1].kind == kind and _goes_on(before, line, usual, width if kind == "text" else 0)
        if goes_on:
            found[-1].lines.append(line.text)
        else:
            found.append(_Paragraph([line.text], line.height, page, page, kind))
        before = line
    # One row alone is a sentence full of figures.
    return [p._replace(kind="text") if p.kind == "table" and len(p.lines) == 1 else p for p in _whole_tables(found)]


def _whole_tables(found: Sequence[_Paragraph]) -> list[_Paragraph]:
    """Rows of one table together: labels between the rows belong to it, and so do its caption, unit and header above the first."""
    whole: list[_Paragraph] = []
    for item in found:
        if item.kind == "table":
            above: list[_Paragraph] = []
            while whole and whole[-1].kind == "text" and _is_label(whole[-1]) and sum(len(p.lines) for p in above) < _LABELS:
                above.insert(0, whole.pop())
            lines = [line for paragraph in above for line in paragraph.lines]
            if whole and whole[-1].kind == "table":
                whole[-1] = whole[-1]._replace(lines=[*whole[-1].lines, *lines, *item.lines])
            else:
                whole.append(item._replace(lines=[*lines, *item.lines]))
        else:
            whole.append(item)
    return whole


def _is_label(paragraph: _Paragraph) -> bool:
    """Short lines that end no sentence: what stands over the rows of a table and between them."""
    return all(len(line) <= _LABEL_LONGEST for line in paragraph.lines) and not _ENDS.search(paragraph.lines[-1])


def _goes_on(before: Line, line: Line, usual: float, width: int) -> bool:
    if before.height and line.height:
        if abs(before.height - line.height) > (_HEADING - 1) * before.height:
            return False
        if before.bottom - line.bottom > _GAP * usual:
            return False
    return not (len(before.text) < _SHORT * width and _ENDS.search(before.text))


def _is_row(text: str) -> bool:
    """Two figures or more at the end of a line, or among few words."""
    words = [word for word in text.split() if word not in _SIGNS]
    figures = [bool(_ROW_NUMBER.fullmatch(word)) for word in words]
    return sum(figures) >= 2 and (all(figures[-2:]) or sum(figures) >= 0.4 * len(words)) and not (_ENDS.search(text) and not figures[-1])


def _over_pages(paragraphs: Sequence[_Paragraph]) -> list[_Paragraph]:
    """A paragraph that stops in mid-sentence at the foot of a page goes on at the top of the next."""
    found: list[_Paragraph] = []
    for item in paragraphs:
        last = found[-1] if found else None
        goes_on = (
            last is not None
            and last.last + 1 == item.first
            and last.kind == item.kind == "text"
            and abs(last.height - item.height) <= (_HEADING - 1) * max(last.height, item.height)
            and not _ENDS.search(last.lines[-1])
            and (item.lines[0][0].islower() or "\u3400" <= item.lines[0][0] <= "\u9fff")
        )
        if last is not None and goes_on:
            found[-1] = last._replace(lines=[*last.lines, *item.lines], last=item.last)
        else:
            found.append(item)
    return found


def _join(before: str, line: str, compounds: set[str]) -> str:
    """The next line of a paragraph; a word broken by a hyphen becomes whole, a compound and a span keep theirs."""
    if not before:
        return line
    broken = re.search(r"(\w+)-$", before)
    if broken and (rest := re.match(r"\w+", line)):
        kept = f"{broken[1]}-{rest[0]}".lower() in compounds or rest[0].lower() in _KEPT_AFTER
        if kept or not (broken[1][-1].islower() and rest[0][0].islower()):
            return before + line
        return before[:-1] + line
    unspaced = r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
    if re.search(f"{unspaced}$", before) and re.match(unspaced, line):
        return before + line
    return f"{before} {line}"


def _made(raw: str) -> date | None:
    match = re.match(r"D:(\d{4})(\d\d)(\d\d)", raw)
    return parse_day("-".join(match.groups())) if match else None
