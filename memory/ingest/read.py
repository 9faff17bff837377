"""From a path to a document: which reader, and what cannot be read."""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from memory.errors import UnreadableError
from memory.ingest.dating import date_line
from memory.ingest.document import Document
from memory.ingest.filing import filing_of
from memory.text import language

MAX_BYTES = 50 * 1024 * 1024
READERS = {
    ".md": "markdown", ".markdown": "markdown", ".txt": "plain", ".text": "plain", ".log": "plain", ".html": "html",
    ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".docx": "word", ".csv": "table", ".tsv": "table",
    ".parquet": "table", ".eml": "mail",
}  # fmt: skip
"""Suffix to the module of ``memory.ingest`` that reads it; each has ``read(name, content) -> Document``."""

_WEB_PAGE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_ARCHIVES = ((b"xl/workbook", "an Excel workbook: save its sheets as CSV"),
             (b"ppt/presentation", "a presentation: save it as PDF"))  # fmt: skip
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Office file: save it as .docx or CSV"),
    (b"{\\rtf", "an RTF file: save it as .docx"),
    (b"\x89PNG", "a picture: run it through OCR first"),
    (b"\xff\xd8\xff", "a picture: run it through OCR first"),
    (b"\x1f\x8b", "a compressed file: unpack it first"),
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_LOOKED_AT = 8192
_BINARY = 0.01
"""A share of control characters above this is no text."""


def read_document(path: Path, max_bytes: int = MAX_BYTES) -> Document:
    """A file as a document; what it is, its content says before its suffix does.

    Raises:
        UnreadableError: one sentence: what is wrong with the file and what to do.
    """
    content = _content(path, max_bytes)
    reader, warnings = _reader(path, content)
    document = reader(path.name, content)
    if not document.text.strip():
        raise UnreadableError(f"{path.name} holds no text that can be read: give a version with a text layer")
    filing = filing_of(document.text)
    return document.model_copy(
        update={
            "title": filing.title if filing else document.title,
            "meta": {**(filing.meta() if filing else {}), **document.meta},
            "content_hash": hashlib.sha256(content).hexdigest(),
            "authored": document.authored or date_line(document.text),
            "language": language(document.text[:200_000]),
            "warnings": (*warnings, *document.warnings),
        }
    )


def _content(path: Path, max_bytes: int) -> bytes:
    """The bytes of a file of bearable size; a pipe or a device is never opened."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError(f"{path.name} is no ordinary file: name a file, or a folder to read what is in it")
        if found.st_size > max_bytes:
            _refuse_size(path, found.st_size, max_bytes)
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)  # it may have grown since
    except OSError as error:
        raise UnreadableError(f"{path.name} cannot be opened ({error.strerror}): check its path and rights") from error
    if len(content) > max_bytes:
        _refuse_size(path, len(content), max_bytes)
    if not content.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise UnreadableError(f"{path.name} is empty: remove it or fill it")
    return content


def _refuse_size(path: Path, size: int, max_bytes: int) -> NoReturn:
    limit = f"{max_bytes / 1e6:.0f} MB" if max_bytes >= 1e6 else f"{max_bytes} bytes"
    raise UnreadableError(f"{path.name} has {size / 1e6:.1f} MB, more than the {limit} a document may have: split it")


def _reader(path: Path, content: bytes) -> tuple[Callable[[str, bytes], Document], tuple[str, ...]]:
    """The reader for a file's content, and a warning where its suffix says something else."""
    suffix = path.suffix.lower()
    named = READERS.get(suffix)
    name = _sniffed(path, content, named) or named
    if name is None:
        known = ", ".join(sorted(READERS))
        raise UnreadableError(f"{path.name}: {suffix or 'no suffix'} is unsupported: convert it to one of {known}")
    if name in {"plain", "markdown", "html", "mail"} or (name == "table" and not content.startswith(b"PAR1")):
        _refuse_binary(path, content)
    reader: Callable[[str, bytes], Document] = import_module(f"memory.ingest.{name}").read
    kinds = {"pdf": "a PDF", "table": "a Parquet table", "word": "a Word document", "html": "a web page"}
    if named is not None and name != named:
        return reader, (f"its name ends in {suffix}, but it is {kinds[name]} and was read as one: rename it",)
    return reader, ()


def _sniffed(path: Path, content: bytes, named: str | None) -> str | None:
    """The reader that the first bytes ask for; None when they say nothing.

    Raises:
        UnreadableError: they belong to a known kind that the desk does not read.
    """
    if content.startswith(b"%PDF-") or (named == "pdf" and b"%PDF-" in content[:1024]):
        return "pdf"
    if content.startswith(b"PAR1"):
        return "table"
    if content.startswith(b"PK\x03\x04"):
        what = next((what for mark, what in _ARCHIVES if mark in content), "")
        if what:
            raise UnreadableError(f"{path.name} is {what}")
        if b"word/document.xml" in content or named == "word":
            return "word"
        raise UnreadableError(f"{path.name} is an archive: unpack it and name the files inside")
    for mark, what in _FOREIGN:
        if content.startswith(mark):
            raise UnreadableError(f"{path.name} is {what}")
    return "html" if named is not None and _WEB_PAGE.match(content[:2048]) else None


def _refuse_binary(path: Path, content: bytes) -> None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return  # UTF-16 is full of zero bytes
    sample = content[:_LOOKED_AT]
    if b"\x00" in sample or len(_CONTROLS.findall(sample)) > _BINARY * len(sample):
        raise UnreadableError(f"{path.name} is not text, whatever its name says: give it its right suffix, or save the text as UTF-8")


def expand(paths: Iterable[Path]) -> list[Path]:
    """Files, and the files inside folders in a stable order, each once; no hidden ones, no links out of a folder.

    Raises:
        UnreadableError: a path does not exist, or a folder cannot be opened.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            inside: Iterable[Path] = _inside(path)
        elif path.exists():
            inside = [path]
        else:
            raise UnreadableError(f"there is no file or folder {path}: check the path")
        for file in inside:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _inside(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> NoReturn:
        raise UnreadableError(f"folder {error.filename} cannot be opened ({error.strerror}): check its rights") from error

    root = folder.resolve()
    for current, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(current) / name
            # Word leaves "~$name" beside every document that is open.
            if not name.startswith((".", "~$")) and path.is_file() and path.resolve().is_relative_to(root):
                yield path
