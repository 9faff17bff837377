"""The package's font as TrueType, cut down to what a document uses: PDF writers take no CFF outlines."""

from io import BytesIO

from integrations.report.fonts import font_path

ERROR = 1.0
"""Font units (of 1000 an em) by which a quadratic outline may differ from the cubic one."""


def truetype(text: str) -> BytesIO:
    """The font with the characters of ``text``; one that the font lacks is shown as its mark for missing ones."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import TTFont

    with TTFont(font_path(), lazy=True) as source:
        known = source.getBestCmap()
        cmap = {ord(c): known[ord(c)] for c in sorted({*text, *" ?"}) if ord(c) in known}
        order = [".notdef", *dict.fromkeys(name for name in cmap.values() if name != ".notdef")]
        glyphs, shapes = source.getGlyphSet(), {}
        for name in order:
            pen = TTGlyphPen(None)
            glyphs[name].draw(Cu2QuPen(pen, ERROR, reverse_direction=True))
            shapes[name] = pen.glyph()
        metrics = {name: source["hmtx"][name] for name in order}
        ascent, descent = source["hhea"].ascent, source["hhea"].descent
        made = FontBuilder(source["head"].unitsPerEm, isTTF=True)
    made.setupGlyphOrder(order)
    made.setupCharacterMap(cmap)
    made.setupGlyf(shapes)
    made.setupHorizontalMetrics({name: (metrics[name][0], shapes[name].xMin if shapes[name].numberOfContours else 0) for name in order})
    made.setupHorizontalHeader(ascent=ascent, descent=descent)
    made.setupNameTable({"familyName": "Stoa", "styleName": "Regular", "psName": "Stoa-Regular", "uniqueFontIdentifier": "Stoa"})
    made.setupOS2(sTypoAscender=ascent, sTypoDescender=descent, usWinAscent=ascent, usWinDescent=-descent)
    made.setupPost()
    # A fixed time, so that one book makes one file.
    made.font["head"].created = made.font["head"].modified = 0
    made.font.recalcTimestamp = False
    out = BytesIO()
    made.save(out)
    out.seek(0)
    return out
