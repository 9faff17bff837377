"""Is a file what its name says? Checked in plain Python, byte by byte where it matters: no library reads what the code made."""

import csv
import io
import json
import re
import struct
import zlib
from typing import Any

from agents.sandbox import FileKind
from integrations.sandbox.thrift import is_one_struct

KINDS: dict[str, FileKind] = {
    ".png": "png", ".csv": "csv", ".parquet": "parquet", ".json": "json", ".txt": "text", ".md": "text", ".log": "text",
}  # fmt: skip
MOST_PIXELS = 50_000_000
MOST_TEXT = {"json": 4 << 20, "csv": 32 << 20, "text": 8 << 20}
"""Bytes; JSON is read in one go, which holds the interpreter for as long."""
_HEAD, _PIECE, _OVERLAP = 4096, 1 << 20, 32
_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"bKGD", b"pHYs", b"tIME", b"sBIT", b"tEXt"})
"""The chunks of a still picture. Left out on purpose: profiles, compressed and international text, EXIF, animation."""
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"^\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|svg|script|iframe|\?xml|math)\b", re.IGNORECASE | re.DOTALL)
_ACTIVE = re.compile(r"<\s*(?:script|iframe|object|embed|svg)\b", re.IGNORECASE)
_FORMULA_AHEAD = re.compile(r'(?:\A|[,"\r\n])[=@]')
_DEEPEST = 100


def plain_text(raw: bytes) -> str:
    """Output as text: terminal escapes, control and direction marks taken out, so that it cannot act on who reads it."""
    text = raw.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def why_not(kind: FileKind, content: bytes) -> str:
    """Why a file is not what its name says; empty when it is."""
    if kind == "png":
        return _png(content)
    if kind == "parquet":
        return _parquet(content)
    if len(content) > MOST_TEXT[kind]:
        return f"is larger than the {MOST_TEXT[kind] >> 20} MiB that are taken as {kind}: write Parquet"
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return "is not UTF-8 text"
    if _MARKUP.match(text[:_HEAD]) or _holds(_ACTIVE, text):
        return "holds markup that a browser would run"
    if kind == "json":
        return _json(text)
    if _holds(_CONTROLS, text):
        return "holds control characters"
    return _csv(text) if kind == "csv" else ""


def _holds(pattern: re.Pattern[str], text: str) -> bool:
    """Search piece by piece: one long search would keep the interpreter from everybody who watches a running family."""
    return any(pattern.search(text, at, at + _PIECE + _OVERLAP) for at in range(0, len(text), _PIECE))


def _png(content: bytes) -> str:
    if not content.startswith(_PNG):
        return "is not a PNG picture"
    chunks, end = _chunks(content)
    names = [name for name, _ in chunks]
    if names[-1:] != [b"IEND"]:
        return "is a damaged PNG picture, or one cut short"
    if end != len(content):
        return "is a PNG picture with something behind it"
    if names[0] != b"IHDR" or names.count(b"IHDR") > 1 or not _CHUNKS.issuperset(names):
        return "is a PNG with parts that a chart does not have"
    expected = _picture_bytes(chunks[0][1])
    if not expected:
        return f"is a PNG of a size or form that is not taken (at most {MOST_PIXELS} pixels)"
    data, inflated = zlib.decompressobj(), 0
    try:
        for name, body in chunks:
            inflated += _inflate(data, body, expected + 1 - inflated) if name == b"IDAT" else 0
    except zlib.error:
        return "is a damaged PNG picture"
    return "" if inflated == expected else "is a PNG whose data do not fit its size"


def _chunks(content: bytes) -> tuple[list[tuple[bytes, bytes]], int]:
    """Name and body of each whole chunk up to the end mark, and where the last one ends."""
    at, found = len(_PNG), list[tuple[bytes, bytes]]()
    while at + 12 <= len(content) and found[-1:] != [(b"IEND", b"")]:
        length, name = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        if content[at + 8 + length : at + 12 + length] != struct.pack(">I", zlib.crc32(name + body)):
            return found, at
        found.append((name, body))
        at += 12 + length
    return found, at


def _picture_bytes(header: bytes) -> int:
    """Bytes of the picture once inflated; 0 when it is not taken (interlaced pictures are not)."""
    if len(header) != 13:
        return 0
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", header)
    if not 0 < width * height <= MOST_PIXELS or depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace:
        return 0
    return int(height * (1 + (width * depth * _SAMPLES[colour] + 7) // 8))


def _inflate(data: "zlib._Decompress", body: bytes, room: int) -> int:
    """Bytes that a piece inflates to, never more than ``room`` (then it is too many already)."""
    size = 0
    while body and size < room:
        size += len(data.decompress(body, min(room - size, 1 << 20)))
        body = data.unconsumed_tail
    if data.unused_data:
        raise zlib.error("data after the end")
    return size


def _json(text: str) -> str:
    depth = deepest = 0
    for bracket in re.finditer(r"[\[{\]}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", text)):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        return f"is JSON nested deeper than {_DEEPEST}"

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is no JSON value")

    try:
        json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        return f"is not JSON ({str(error)[:80]})"
    return ""


def _csv(text: str) -> str:
    width = 0
    # Most tables have no formula's marks anywhere, and need not be looked at cell by cell.
    doubtful = "(" in text or "|" in text or _holds(_FORMULA_AHEAD, text)
    try:
        # Row by row, so that other threads get their turn.
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1):
            if len(row) != width and row:
                if width:
                    return f"is not a table: row {number} has {len(row)} cells, not {width}"
                width = len(row)
            if doubtful and any(map(_is_formula, row)):
                return f"holds a spreadsheet formula in row {number}"
    except csv.Error as error:
        return f"is not CSV ({error})"
    return "" if width else "is an empty table"


def _is_formula(cell: str) -> bool:
    return cell[:1] in ("=", "@") or (cell[:1] in ("+", "-") and ("(" in cell or "|" in cell))


def _parquet(content: bytes) -> str:
    if len(content) < 12 or content[:4] != b"PAR1" or content[-4:] != b"PAR1":
        return "is not a Parquet file"
    size = int.from_bytes(content[-8:-4], "little")
    if not 0 < size <= len(content) - 12:
        return "is a damaged Parquet file"
    return "" if is_one_struct(content[-8 - size : -8]) else "is a Parquet file with a damaged footer"
