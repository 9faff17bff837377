"""From a path to a document: which reader, and what cannot be read."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path

from memory.errors import UnreadableError
from memory.ingest.document import Document

MAX_BYTES = 50 * 1024 * 1024
READERS = {
    ".md": "markdown", ".markdown": "markdown", ".txt": "plain", ".text": "plain", ".log": "plain", ".html": "html",
    ".htm": "html", ".pdf": "pdf", ".docx": "word", ".csv": "table", ".parquet": "table", ".eml": "mail",
}  # fmt: skip
"""Suffix to the module of ``memory.ingest`` that reads it; each has ``read(path) -> Document``."""

_MAGIC = ((b"%PDF-", "pdf"), (b"PAR1", "table"))


def read_document(path: Path, max_bytes: int = MAX_BYTES) -> Document:
    """A file as a document.

    Raises:
        UnreadableError: one sentence: what is wrong with the file and what to do.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise UnreadableError(
                f"{path.name} is {size / 1e6:.0f} MB, more than the {max_bytes / 1e6:.0f} MB a document may have: split it"
            )
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{path.name} cannot be opened ({error.strerror}): check its path and rights") from error
    if not content.strip():
        raise UnreadableError(f"{path.name} is empty: remove it or fill it")
    document = _reader(path, content)(path)
    if not document.text.strip():
        raise UnreadableError(f"{path.name} holds no text that can be read: give a version with a text layer")
    return document.model_copy(
        update={"content_hash": hashlib.sha256(content).hexdigest(), "authored": document.authored or _dated(document)}
    )


def _reader(path: Path, content: bytes) -> Callable[[Path], Document]:
    name = next((reader for magic, reader in _MAGIC if content.startswith(magic)), READERS.get(path.suffix.lower()))
    if name is None:
        known = ", ".join(sorted(READERS))
        raise UnreadableError(f"{path.name} is of a kind the desk does not read: convert it to one of {known}")
    if (
        name in {"plain", "markdown", "html"}
        and b"\x00" in content[:4096]
        and not content.startswith((b"\xff\xfe", b"\xfe\xff"))
    ):
        raise UnreadableError(f"{path.name} is not text, whatever its name says: give it its right suffix")
    reader: Callable[[Path], Document] = import_module(f"memory.ingest.{name}").read
    return reader


def _dated(document: Document) -> date | None:
    raw = document.meta.get("date", "")
    try:
        return date.fromisoformat(raw[:10])
    except ValueError:
        return None


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Bytes as text with Unix line ends, and a warning where the encoding had to be guessed."""
    warnings: tuple[str, ...] = ()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text, encoding = _guess(content)
            warnings = (f"it is not UTF-8 and was read as {encoding}: check a line of it",)
    return text.replace("\r\n", "\n").replace("\r", "\n"), warnings


def _guess(content: bytes) -> tuple[str, str]:
    """The Chinese encoding whose result holds more everyday characters; Latin-1 if neither decodes."""
    everyday = set("的是在不了有和人这為为中大上个個國国我以要他時时來来用們们生到作地于出就分對对成會会可主發发年動动")
    best: tuple[int, str, str] = (-1, "", "")
    for encoding in ("gb18030", "big5"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        best = max(best, (sum(character in everyday for character in text), text, encoding))
    return (best[1], best[2]) if best[0] > 0 else (content.decode("latin-1"), "Latin-1")


def expand(paths: Iterable[Path]) -> Iterator[Path]:
    """Files, and the files inside folders in a stable order; hidden ones and links out of the folder are passed over.

    Raises:
        UnreadableError: a path does not exist.
    """
    for path in paths:
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from _inside(path)
        else:
            raise UnreadableError(f"there is no file or folder {path}: check the path")


def _inside(folder: Path) -> Iterator[Path]:
    root = folder.resolve()
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(current) / name
            if not name.startswith(".") and path.resolve().is_relative_to(root):
                yield path
