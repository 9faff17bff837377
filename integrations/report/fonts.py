"""Chinese glyphs wherever the report is read: the font comes with the mplfonts package, cut down to what is used."""

import base64
import hashlib
import os
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from memory.errors import StoaError

FAMILY = "Noto Sans CJK SC"
_UNUSED = ("GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx")
"""Tables for vertical writing and for forms that depend on neighbours; a report has neither."""


@cache
def font_path() -> Path:
    """The full font.

    Raises:
        StoaError: the package is not installed.
    """
    spec = find_spec("mplfonts")
    path = Path(spec.origin).parent / "fonts" / "NotoSansCJKsc-Regular.otf" if spec and spec.origin else None
    if path is None or not path.exists():
        raise StoaError("the chart font is missing: install the package mplfonts again")
    return path


def subset_data_uri(text: str, kept: Path) -> str:
    """The font with only the non-Latin characters of ``text``, as a data URI; empty when there are none.

    Args:
        text: everything that will be drawn.
        kept: a folder where a cut is kept for the next report with the same characters: reading the whole font takes half a second.
    """
    wanted = sorted({ord(character) for character in text if ord(character) > 0x2E7F})
    if not wanted:
        return ""
    name = hashlib.sha256(f"{font_path().stat().st_size} {wanted}".encode()).hexdigest()[:24]
    path = kept / f"{name}.woff"
    if not path.exists():
        kept.mkdir(parents=True, exist_ok=True)
        beside = kept / f"{name}.{os.getpid()}.new"
        beside.write_bytes(_cut(wanted))
        beside.replace(path)
    return "data:font/woff;base64," + base64.b64encode(path.read_bytes()).decode()


def subset_woff(text: str) -> bytes:
    """The font with only the non-Latin characters of ``text``; empty when there are none."""
    wanted = sorted({ord(character) for character in text if ord(character) > 0x2E7F})
    return _cut(wanted) if wanted else b""


def _cut(wanted: list[int]) -> bytes:
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options()
    options.layout_features = []
    options.layout_closure = False
    options.bidi_closure = False
    options.prune_unicode_ranges = False
    options.notdef_outline = True
    options.name_IDs = []
    options.hinting = False
    font = TTFont(font_path(), lazy=True)
    for table in _UNUSED:
        if table in font:
            del font[table]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=wanted)
    subsetter.subset(font)
    out = BytesIO()
    font.flavor = "woff"
    font.save(out, reorderTables=False)
    font.close()
    return out.getvalue()
