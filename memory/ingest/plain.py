"""Plain text: paragraphs, with their lines as locators."""

import re
from pathlib import Path

from memory.ingest.document import Document, Segment
from memory.ingest.read import decode

_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")


def read(path: Path) -> Document:
    """A text file; the first short line is its title."""
    text, warnings = decode(path.read_bytes())
    first = text.strip().split("\n", 1)[0].strip()
    title = first if len(first) <= 80 else path.stem  # noqa: PLR2004 - longer is a sentence, not a title
    return Document(
        name=path.name, title=title, text=text, segments=tuple(paragraphs(text, 0, len(text), "")),
        media_type="text/plain", warnings=warnings,
    )  # fmt: skip


def paragraphs(text: str, start: int, end: int, heading: str) -> list[Segment]:
    """The paragraphs of a stretch, each located by its first line."""
    found = []
    line, counted = text.count("\n", 0, start) + 1, start
    for match in _PARAGRAPH.finditer(text, start, end):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        found.append(Segment(match.start(), match.end(), "text", f"line {line}", heading))
    return found
