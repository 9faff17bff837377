"""PDF: the text layer page by page, without running heads and page numbers."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

from memory.errors import UnreadableError
from memory.ingest.document import Builder, Document

_EDGE = 2
"""Lines at the top and bottom of a page that can be a running head or foot."""


def read(path: Path) -> Document:
    """Each page's paragraphs, located by page.

    Raises:
        UnreadableError: it is damaged, locked, or only pictures of pages.
    """
    pages, meta = _pages(path)
    running = _running(pages)
    builder = Builder()
    empty = []
    for number, lines in enumerate(pages, 1):
        kept = [line for i, line in enumerate(lines) if not (_at_edge(i, len(lines)) and _shape(line) in running)]
        if not any(line.strip() for line in kept):
            empty.append(number)
        for paragraph in _paragraphs(kept):
            builder.add(paragraph, "text", f"p. {number}")
    if not builder.segments:
        raise UnreadableError(f"{path.name} has no text layer, only pictures of pages: run it through OCR first")
    warnings = (f"{len(empty)} pages hold no text (first: p. {empty[0]})",) if empty else ()
    title = meta.get("Title", "").strip() or builder.text.split("\n", 1)[0][:120]
    return Document(
        name=path.name, title=title, text=builder.text, segments=tuple(builder.segments), media_type="application/pdf",
        authored=_made(meta.get("CreationDate", "")), meta={"author": meta.get("Author", "")}, warnings=warnings,
    )  # fmt: skip


def _pages(path: Path) -> tuple[list[list[str]], dict[str, str]]:
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(path) as pdf:
            meta = pdf.get_metadata_dict()
            pages = []
            for page in pdf:
                text_page = page.get_textpage()
                text = text_page.get_text_bounded()
                pages.append(text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "-\n").split("\n"))
                text_page.close()
                page.close()
            return pages, meta
    except pypdfium2.PdfiumError as error:
        what = "is locked with a password: save it without one" if "assword" in str(error) else (
            "is no PDF that can be read: save or download it again")  # fmt: skip
        raise UnreadableError(f"{path.name} {what}") from error


def _at_edge(index: int, total: int) -> bool:
    return index < _EDGE or index >= total - _EDGE


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", line.strip().lower())


def _running(pages: list[list[str]]) -> set[str]:
    """Lines that stand at the edge of most pages, whatever their number."""
    if len(pages) < 3:  # noqa: PLR2004
        return {"#"}
    counts = Counter(
        shape
        for lines in pages
        for shape in {_shape(line) for i, line in enumerate(lines) if _at_edge(i, len(lines)) and line.strip()}
    )
    return {shape for shape, n in counts.items() if n > 0.5 * len(pages)} | {"#"}


def _paragraphs(lines: list[str]) -> list[str]:
    """Lines joined to paragraphs: a blank line or a short line that ends a sentence ends one."""
    found: list[str] = []
    current = ""
    width = max((len(line) for line in lines), default=0)
    for line in [*lines, ""]:
        stripped = line.strip()
        if stripped:
            current = _join(current, stripped)
        ends = not stripped or (len(stripped) < 0.7 * width and stripped[-1] in ".!?:。！？：")
        if ends and current:
            found.append(current)
            current = ""
    return found


def _join(before: str, line: str) -> str:
    if not before:
        return line
    if re.search(r"[a-z]-$", before) and line[0].islower():
        return before[:-1] + line
    han = "\u3400" <= before[-1] <= "\u9fff" or before[-1] in "，。；：、"
    return before + line if han else f"{before} {line}"


def _made(raw: str) -> date | None:
    match = re.match(r"D:(\d{4})(\d\d)(\d\d)", raw)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
