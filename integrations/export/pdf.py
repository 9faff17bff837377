"""The book as a dated PDF: text that can be searched, Chinese included, and the signed record on every page."""

import threading
from html import escape
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, Any

from integrations.export.contents import REVISIONS, Chapter, Contents, quotes, score_sentence
from integrations.export.outlines import truetype

if TYPE_CHECKING:
    from reportlab.platypus import Flowable

INK, SOFT, ACCENT, LINE, WARN = "#1b1f24", "#566069", "#0a6189", "#d5dbe1", "#a02c38"
FONT = "Stoa"
_LOCK = threading.Lock()
"""The writer keeps fonts by name for the whole process."""


def as_pdf(book: Contents) -> bytes:
    """The document; the same book gives the same bytes."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import SimpleDocTemplate

    footer = f"{book.desk} · {book.as_of:%Y-%m-%d} · {book.head}"
    with _LOCK:
        texts = _Texts()
        story = [*_front(book, texts), *chain.from_iterable(_chapter(chapter, texts) for chapter in book.chapters)]
        pdfmetrics.registerFont(TTFont(FONT, truetype("".join(texts.used) + footer + "0123456789")))
        out = BytesIO()
        made = SimpleDocTemplate(
            out, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=20 * mm, invariant=1,
            title=f"{book.desk}: the book on {book.as_of:%Y-%m-%d}", author="Stoa", initialFontName=FONT,
        )  # fmt: skip

        def foot(canvas: Any, document: Any) -> None:
            canvas.setFont(FONT, 6.5)
            canvas.setFillColor(SOFT)
            canvas.drawString(20 * mm, 11 * mm, footer)
            canvas.drawRightString(A4[0] - 20 * mm, 11 * mm, str(document.page))

        made.build([make() for make in story], onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


class _Texts:
    """Paragraphs that are made once the font holds all their characters."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def say(self, text: str, size: float = 9.5, colour: str = INK, before: float = 2, indent: float = 0) -> Any:
        words = " ".join(text.split())
        self.used.update(words)

        def make() -> "Flowable":
            from reportlab.lib.styles import ParagraphStyle
            from reportlab.platypus import Paragraph

            wide = sum(ord(c) > 0x2E7F for c in words)
            style = ParagraphStyle(
                "p", fontName=FONT, fontSize=size, leading=size * 1.45, textColor=colour, spaceBefore=before, leftIndent=indent,
                wordWrap="CJK" if wide * 3 > len(words) else None, splitLongWords=1,
            )  # fmt: skip
            return Paragraph(escape(words, quote=False), style)

        return make

    def table(self, rows: list[list[str]], widths: list[float]) -> Any:
        cells = [[self.say(cell, 8.5) for cell in row] for row in rows]

        def make() -> "Flowable":
            from reportlab.lib.units import mm
            from reportlab.platypus import Table

            style = [("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1)]
            return Table([[cell() for cell in row] for row in cells], [width * mm for width in widths], style=style, repeatRows=1)

        return make


def _front(book: Contents, texts: _Texts) -> list[Any]:
    rows = [["thesis", "stance", "conviction", "status"]]
    for chapter in book.chapters:
        thesis = chapter.entry.thesis
        title = f"{thesis.title} {thesis.title_zh}".strip()
        rows.append([title, thesis.stance.value, f"{thesis.conviction:.2f}", thesis.status.value])
    return [
        texts.say(book.desk, 20),
        texts.say(f"The book on {book.as_of:%Y-%m-%d}", 13, ACCENT),
        texts.say(f"{len(book.chapters)} theses, {book.revisions} revisions. {score_sentence(book.record)}", before=6),
        texts.say(f"Signed record: {book.head}", 7.5, SOFT),
        _gap(4),
        texts.table(rows, [100, 22, 24, 24]),
    ]


def _chapter(chapter: Chapter, texts: _Texts) -> list[Any]:
    thesis = chapter.entry.thesis
    state = f"{thesis.stance.value} · conviction {thesis.conviction:.2f} · {thesis.status.value} · revision {chapter.entry.revision.n}"
    found = [
        texts.say(f"{thesis.title} {thesis.title_zh}".strip(), 13, ACCENT, 16),
        texts.say(state, 8.5, WARN if thesis.status == "challenged" else SOFT),
        texts.say(thesis.claim, 10.5),
    ]
    convictions = [entry.thesis.conviction for entry in reversed(chapter.history)]
    if len(convictions) > 1:
        found.append(lambda: _steps(convictions[-60:]))
    tests = [(item.name, item.text, item.rule) for items in (thesis.falsifiers, thesis.signals) for item in items]
    found += [texts.say(f"{name}: {text} [{rule}]", 8.5) for name, text, rule in tests]
    for position in thesis.positions:
        size = f", {position.nav_pct:g} % of NAV" if position.nav_pct else ""
        found.append(texts.say(f"Position {position.name} ({position.state}{size}): {position.text or position.exit_rule}", 9))
    for place, quote in quotes(chapter):
        found += [texts.say(f"“{quote}”", 9, before=4, indent=10), texts.say(place, 7.5, SOFT, 0, 10)]
    for item in chapter.forecasts:
        said = f"{item.draft.probability:.0%}" if item.draft.probability is not None else "quantiles"
        found.append(texts.say(f"Forecast: {item.draft.text} {said}, due {item.draft.resolve_by}: {item.outcome or 'open'}", 9))
    for entry in chapter.history[:REVISIONS]:
        revision = entry.revision
        found.append(texts.say(f"r{revision.n}, {entry.effective_at:%Y-%m-%d}, {revision.author}: {revision.rationale}", 8, SOFT, 3))
    return found


def _gap(points: float) -> Any:
    def make() -> "Flowable":
        from reportlab.platypus import Spacer

        return Spacer(1, points)

    return make


def _steps(values: list[float]) -> "Flowable":
    """Conviction from 0 to 1, revision by revision."""
    from reportlab.graphics.shapes import Drawing, Line, PolyLine
    from reportlab.lib.colors import HexColor

    width, height = 240.0, 34.0
    step = width / len(values)
    points = list(chain.from_iterable((i * step, value * height, (i + 1) * step, value * height) for i, value in enumerate(values)))
    made = Drawing(width, height + 4)
    for level in (0.0, 0.5, 1.0):
        made.add(Line(0, level * height, width, level * height, strokeColor=HexColor(LINE), strokeWidth=0.4))
    made.add(PolyLine(points, strokeColor=HexColor(ACCENT), strokeWidth=1.2))
    return made
