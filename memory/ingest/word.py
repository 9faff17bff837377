"""DOCX: headings, paragraphs, tables and footnotes in the order of the body."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from memory.errors import UnreadableError
from memory.ingest.boilerplate import Sieve
from memory.ingest.document import Builder, Document, SegmentKind

UNPACKED = 200 * 1024 * 1024
"""Bytes of XML a document may unpack to: a few kilobytes can unpack to many gigabytes."""
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEMPLATE_MADE = datetime(2013, 12, 23, 23, 15)  # noqa: DTZ001 - compared with a naive value
"""When python-docx's template was made: every document written with it says so, and it is never true."""


def read(name: str, content: bytes) -> Document:
    """The document's body.

    Raises:
        UnreadableError: it is no Word document, a damaged one, or one that unpacks beyond measure.
    """
    word = _open(name, content)
    body = word.element.body
    sieve = Sieve("\n".join(_text(element) for element in body.iter(f"{_W}p")))
    builder = Builder()
    for element in body.iter(f"{_W}p", f"{_W}tbl"):
        if _is_nested(element, body):
            continue
        if element.tag == f"{_W}tbl":
            builder.add(_rows(element), "table")
        else:
            _add_paragraph(word, element, builder, sieve)
    for number, note in enumerate(_footnotes(word), 1):
        builder.add(note, "text", f"footnote {number}")
    properties = word.core_properties
    author = properties.author if properties.author not in {None, "python-docx"} else ""
    return Document(
        name=name,
        title=properties.title or builder.first_line or name.rsplit(".", 1)[0],
        text=builder.text,
        segments=tuple(builder.segments),
        media_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        authored=_made(properties.created),
        meta={"author": author} if author else {},
        warnings=sieve.warnings(),
    )


def _open(name: str, content: bytes) -> Any:
    import docx
    from docx.opc.exceptions import OpcError

    broken = f"{name} is no Word document that can be read: open it in Word and save it again as .docx"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist() if item.filename.endswith((".xml", ".rels"))) > UNPACKED:
                raise UnreadableError(f"{name} unpacks to more than {UNPACKED >> 20} MB of text: split it")
        return docx.Document(io.BytesIO(content))
    # lxml reports broken XML as a SyntaxError.
    except (zipfile.BadZipFile, OpcError, SyntaxError, KeyError, ValueError, NotImplementedError) as error:
        raise UnreadableError(broken) from error


def _is_nested(element: Any, body: Any) -> bool:
    """Whether it stands in a table or a text box, whose text comes with what is around it."""
    parent = element.getparent()
    while parent is not None and parent is not body:
        if parent.tag in {f"{_W}tbl", f"{_W}p"}:
            return True
        parent = parent.getparent()
    return False


def _add_paragraph(word: Any, element: Any, builder: Builder, sieve: Sieve) -> None:
    text = _text(element).strip()
    if not text or not sieve.keeps(text):
        return
    style = _style(word, element)
    level = re.fullmatch(r"Heading (\d)", style, re.IGNORECASE)
    if level or style == "Title":
        builder.add_heading(text, int(level[1]) if level else 0)
    else:
        kind: SegmentKind = "quote" if "Quote" in style else "text"
        builder.add(text, kind)


def _style(word: Any, element: Any) -> str:
    from docx.text.paragraph import Paragraph

    style = Paragraph(element, word).style
    return str(style.name or "") if style is not None else ""


def _text(element: Any) -> str:
    """All the text that is shown: also in links, content controls and accepted insertions; never what was deleted."""
    pieces: list[str] = []
    skipped: set[Any] = set()
    for node in element.iter():
        if node.tag == _FALLBACK or node.getparent() in skipped:
            skipped.add(node)  # an older drawing of the same text box
        elif node.tag == f"{_W}t":
            pieces.append(node.text or "")
        elif node.tag == f"{_W}tab" and node.getparent().tag == f"{_W}r":
            pieces.append("\t")
        elif node.tag in {f"{_W}br", f"{_W}cr"} or (node.tag == f"{_W}p" and pieces):
            pieces.append("\n")
    return "".join(pieces)


def _rows(table: Any) -> str:
    """Rows of cells; a cell that spans columns is followed by empty ones, so that the columns stay in line."""
    lines = []
    for row in table.iter(f"{_W}tr"):
        if _nearest(row, "tbl") is not table:
            continue
        cells: list[str] = []
        for cell in row.iter(f"{_W}tc"):
            if _nearest(cell, "tr") is row:
                span = cell.find(f"{_W}tcPr/{_W}gridSpan")
                wide = int(span.get(f"{_W}val", "1")) if span is not None else 1
                cells += [" ".join(_text(cell).split()), *[""] * (min(wide, 64) - 1)]
        if any(cells):
            lines.append(" | ".join(cells))
    return "\n".join(lines)


def _nearest(element: Any, name: str) -> Any:
    return next(element.iterancestors(f"{_W}{name}"), None)


def _footnotes(word: Any) -> Iterator[str]:
    from docx.oxml import parse_xml

    for relation in word.part.rels.values():
        if relation.reltype.endswith("/footnotes") and not relation.is_external:
            for note in parse_xml(relation.target_part.blob).iter(f"{_W}footnote"):
                if note.get(f"{_W}type") is None and (text := " ".join(_text(note).split())):
                    yield text


def _made(created: datetime | None) -> date | None:
    if created is None or created.replace(second=0, microsecond=0, tzinfo=None) == _TEMPLATE_MADE:
        return None
    return created.date()
