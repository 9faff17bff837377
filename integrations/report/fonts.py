"""Chinese glyphs wherever the report is read: the font comes with the mplfonts package, cut down to what is used."""

import base64
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


def subset_data_uri(text: str) -> str:
    """The font with only the non-Latin characters of ``text``, as a data URI; empty when there are none."""
    cut = subset_woff(text)
    return "data:font/woff;base64," + base64.b64encode(cut).decode() if cut else ""


def subset_woff(text: str) -> bytes:
    """The font with only the non-Latin characters of ``text``; empty when there are none."""
    import uharfbuzz as hb
    from fontTools.ttLib import TTFont

    wanted = {code for code in map(ord, set(text)) if code > 0x2E7F}
    if not wanted:
        return b""
    asked = hb.SubsetInput()
    asked.unicode_set.update(wanted)
    asked.drop_table_tag_set.update(int.from_bytes(name.encode(), "big") for name in _UNUSED)
    asked.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NOTDEF_OUTLINE
    cut = hb.subset(hb.Face(hb.Blob.from_file_path(str(font_path()))), asked)
    out = BytesIO()
    with TTFont(BytesIO(cut.blob.data)) as font:
        font.flavor = "woff"
        font.save(out, reorderTables=False)
    return out.getvalue()
