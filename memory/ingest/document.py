"""What every reader returns, whatever the format."""

from datetime import date
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

SegmentKind = Literal["text", "heading", "table"]


class Segment(NamedTuple):
    """A stretch of a document's text: where it is, and under which heading."""

    start: int
    end: int
    kind: SegmentKind
    locator: str
    heading: str = ""


class Document(BaseModel):
    """A file as text. ``text`` is what quotes are found in; segments cover what is worth finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    text: str
    segments: tuple[Segment, ...]
    media_type: str
    content_hash: str = ""
    authored: date | None = None
    meta: dict[str, str] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Builder:
    """Puts a text together piece by piece, keeping the offsets of each piece."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.segments: list[Segment] = []
        self.headings: list[tuple[int, str]] = []

    def add(self, text: str, kind: SegmentKind, locator: str) -> None:
        """Append a piece; blank ones are passed over."""
        text = text.strip("\n")
        if not text.strip():
            return
        self.segments.append(Segment(self._length, self._length + len(text), kind, locator, self.heading))
        self._parts += [text, "\n\n"]
        self._length += len(text) + 2

    def add_heading(self, text: str, level: int, locator: str = "") -> None:
        """Append a heading; what follows stands under it."""
        self.headings = [(at, title) for at, title in self.headings if at < level]
        self.headings.append((level, text.strip()))
        self.add(text, "heading", locator or f"§ {self.heading}")

    @property
    def heading(self) -> str:
        """The path of headings at this point."""
        return " > ".join(title for _, title in self.headings)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._parts)
