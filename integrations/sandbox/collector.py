"""What comes back: plain files of one flat folder, opened without following links after everybody is dead, checked by content."""

import hashlib
import os
import re
import stat
import threading
import unicodedata
from pathlib import Path
from typing import NamedTuple, NoReturn

from agents.sandbox import FileKind, Limits, SandboxFile
from integrations.sandbox.content import KINDS, why_not

_NAME = re.compile(r"[^\W_][\w .,()+-]{0,99}")
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


MOST_REASONS = 100
"""Rejected files that are named beyond those that may come back."""


class Collected(NamedTuple):
    """What was kept, with each file's hash by name, and what was not and why."""

    files: tuple[SandboxFile, ...]
    rejected: tuple[tuple[str, str], ...]


class _RefusedError(Exception):
    pass


def shown(name: str) -> str:
    """A file name that can be printed."""
    clean = "".join(c if c.isprintable() else "�" for c in os.fsencode(name).decode(errors="replace"))
    return clean[:120]


def _check_name(name: str, taken: set[str]) -> None:
    if not _NAME.fullmatch(name) or name != unicodedata.normalize("NFC", name) or name.rstrip(" .") != name:
        raise _RefusedError("the name is not plain: letters, digits, space and . , ( ) + - _ only, at most 100, no leading dot")
    if name.split(".", maxsplit=1)[0].lower() in _RESERVED:
        raise _RefusedError("the name is reserved on some systems")
    if name.casefold() in taken:
        raise _RefusedError("another file has the same name but for its case")


def _read(folder: int, name: str, room: int) -> bytes:
    """The bytes of a plain file that nobody else links to."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        raise _RefusedError("it is a link, or cannot be opened") from error
    try:
        state = os.fstat(fd)
        if not stat.S_ISREG(state.st_mode):
            raise _RefusedError("it is no plain file: out/ is flat")
        if state.st_nlink != 1:
            raise _RefusedError("it has a second name elsewhere")
        if state.st_size > room:
            raise _RefusedError(f"it is too large: {state.st_size} bytes, and {room} may still come back")
        pieces = []
        while piece := os.read(fd, 1 << 20):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(fd)


def collect(folder: int, store: Path, limits: Limits) -> Collected:
    """Copy what is good from an open folder into ``store``, each file named by its hash.

    Args:
        folder: descriptor of ``out/`` as it was before the code ran: a folder that was put in its place is not looked at.
        store: made when something is kept.
        limits: how many files and bytes may come back.
    """
    files: list[SandboxFile] = []
    rejected: list[tuple[str, str]] = []
    taken: set[str] = set()
    room = limits.returned_bytes
    for name in sorted(os.listdir(folder), key=os.fsencode):
        try:
            _check_name(name, taken)
            if len(files) >= limits.returned_files:
                _refuse(f"more than {limits.returned_files} files")
            kind, content = _good(folder, name, room)
        except _RefusedError as error:
            if len(rejected) < limits.returned_files + MOST_REASONS:
                rejected.append((shown(name), str(error)))
            continue
        room -= len(content)
        taken.add(name.casefold())
        files.append(SandboxFile(name=name, kind=kind, path=str(keep(store, content, _suffix(name)))))
    return Collected(tuple(files), tuple(rejected))


def _refuse(reason: str) -> NoReturn:
    raise _RefusedError(reason)


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _good(folder: int, name: str, room: int) -> tuple[FileKind, bytes]:
    kind = KINDS.get(_suffix(name))
    if kind is None:
        _refuse(f"only {', '.join(sorted(KINDS))} files come back")
    content = _read(folder, name, room)
    reason = why_not(kind, content)
    if reason:
        _refuse(reason)
    return kind, content


def keep(store: Path, content: bytes, suffix: str) -> Path:
    """Store bytes once under their own hash, never half."""
    target = store / f"{hashlib.sha256(content).hexdigest()}{suffix}"
    if not target.exists():
        store.mkdir(parents=True, exist_ok=True)
        partial = store / f".{os.getpid()}-{threading.get_ident()}-{target.name}.partial"
        partial.write_bytes(content)
        partial.chmod(0o444)
        partial.replace(target)
    return target
