"""What every reader returns, whatever the format."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from memory.text import Language

SegmentKind = Literal["text", "table", "heading", "code", "quote"]


class Segment(BaseModel):
    """A stretch of a document: ``document.text[start:end]``, what it is, where it stands and under which heading."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int = Field(description="offset of the first character in the document's text")
    end: int = Field(description="offset after the last character")
    locator: str = Field(description="the place for a reader: 'p. 12', '§ Heading > Sub', 'row 3–40', 'line 10'")
    heading: str = Field(default="", description="path of headings, joined by ' > '")
    kind: SegmentKind = "text"
    context: str = Field(default="", description="the header row, where a table goes on from an earlier segment")


class Document(BaseModel):
    """A file as text. ``text`` is what quotes are found in; segments, in order, cover all that is not blank."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="the file's name")
    title: str
    text: str = Field(description="verbatim extracted text, Unix line ends, no byte-order mark")
    segments: tuple[Segment, ...]
    media_type: str
    language: Language = "other"
    content_hash: str = Field(default="", description="SHA-256 of the file's bytes, hexadecimal")
    authored: date | None = Field(default=None, description="the day the document says it was written")
    meta: dict[str, str] = Field(default_factory=dict, description="front matter and properties, keys in lower case")
    warnings: tuple[str, ...] = Field(default=(), description="what was left out or guessed, and why")


class Builder:
    """Puts a text together piece by piece, keeping the offsets of each piece."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.segments: list[Segment] = []
        self._path: list[tuple[int, str]] = []

    def add(self, text: str, kind: SegmentKind = "text", locator: str = "", context: str = "") -> None:
        """Append a piece; a blank one is passed over. Without a locator it is placed by heading or by its number."""
        text = text.strip("\n").rstrip()
        if not text:
            return
        if not locator:
            locator = f"§ {self.heading}" if self._path else f"paragraph {len(self.segments) + 1}"
        self.segments.append(
            Segment(
                start=self._length,
                end=self._length + len(text),
                kind=kind,
                locator=locator,
                heading=self.heading,
                context=context,
            )
        )
        self._parts += [text, "\n\n"]
        self._length += len(text) + 2

    def add_heading(self, text: str, level: int, locator: str = "") -> None:
        """Append a heading; what follows stands under it."""
        text = text.strip()
        if text:
            self._path = [(at, title) for at, title in self._path if at < level]
            self._path.append((level, " ".join(text.split())))
            self.add(text, "heading", locator)

    @property
    def heading(self) -> str:
        """The path of headings at this point."""
        return " > ".join(title for _, title in self._path)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._parts)

    @property
    def first_line(self) -> str:
        """The first line, cut to the length of a title; empty when there is no text."""
        return self._parts[0].strip().split("\n", 1)[0][:120] if self._parts else ""
