"""Glyphs for a browser that has no Chinese font: cut from the font of the package, asked for only where they are missing."""

from functools import lru_cache

from starlette.responses import Response

from integrations.board.marks import characters
from integrations.board.visit import Visit

LOCAL = ("PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei")
"""Chinese fonts that a machine may have: the first it has is taken, and nothing is loaded."""
KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}


def font_sheet(visit: Visit) -> Response:
    """A style sheet that says where the glyphs are."""
    marks = visit.query.get("c", "")
    characters(marks)
    sources = [*(f'local("{name}")' for name in LOCAL), f'url("/glyphs.woff?c={marks}") format("woff")']
    sheet = f'@font-face {{ font-family: "Stoa CJK"; src: {", ".join(sources)}; unicode-range: U+2E80-FFEF; font-display: swap; }}\n'
    return Response(sheet, media_type="text/css", headers=KEPT)


def font_file(visit: Visit) -> Response:
    """The glyphs."""
    return Response(_cut(characters(visit.query.get("c", ""))), media_type="font/woff", headers=KEPT)


@lru_cache(maxsize=64)
def _cut(text: str) -> bytes:
    from integrations.report.fonts import subset_woff

    return subset_woff(text)
