"""Chinese glyphs wherever the report is read: the font comes with the mplfonts package, cut down to what is used."""

import base64
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from memory.errors import StoaError

FAMILY = "Noto Sans CJK SC"


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


def subset_data_uri(text: str) -> str:
    """The font with only the non-Latin characters of ``text``, as a data URI; empty when there are none."""
    found = subset_woff(text)
    return "data:font/woff;base64," + base64.b64encode(found).decode() if found else ""


def subset_woff(text: str) -> bytes:
    """The font with only the non-Latin characters of ``text``; empty when there are none."""
    wanted = sorted({ord(character) for character in text if ord(character) > 0x2E7F})
    if not wanted:
        return b""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options()
    options.layout_features = []
    options.notdef_outline = True
    options.name_IDs = []
    options.hinting = False
    font = TTFont(font_path(), lazy=True)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=wanted)
    subsetter.subset(font)
    out = BytesIO()
    font.flavor = "woff"
    font.save(out, reorderTables=False)
    font.close()
    return out.getvalue()
