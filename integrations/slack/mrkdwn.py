"""Text for Slack: Markdown cut at the limits without breaking it, tables that a phone can show, and Slack's own marks.

Limits, from Slack's reference: 3,000 characters a section, 50 blocks a message, 12,000 characters of Markdown a stream.
"""

import re
from collections.abc import Iterator

SECTION = 2_900
MESSAGE = 11_000
PHONE = 34
"""Characters of fixed width that a phone shows in one line."""

_WHOLE = re.compile(r"`[^`\n]+`|\[[^\]\n]*\]\([^)\n]*\)|\*\*[^*\n]+\*\*|“[^”\n]*”|「[^」\n]*」|\"[^\"\n]*\"|https?://\S+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")


def split(text: str, limit: int) -> list[str]:
    """A text in pieces of at most ``limit`` characters (at least 64).

    Breaks fall between paragraphs, else lines, else sentences, else words. A code block that must be broken is closed and
    opened again; code, links, bold text and quotes of ordinary length stay whole; a quoted line goes on as a quote.
    """
    if len(text) <= limit:
        return [text] if text.strip() else []
    pieces: list[str] = []
    lines: list[str] = []
    fence = ""
    for line in _short_lines(text, limit - 16):
        closing = 4 if fence else 0
        while lines and lines != [fence] and sum(map(len, lines)) + len(lines) + len(line) + closing > limit:
            done, lines = _cut(lines, fence, limit)
            pieces.append(done)
        lines.append(line)
        if _FENCE.match(line):
            fence = "" if fence else line.strip()[:11]
    pieces.append("\n".join(lines))
    return [piece for piece in (piece.strip("\n") for piece in pieces) if piece.strip()]


def _cut(lines: list[str], fence: str, limit: int) -> tuple[str, list[str]]:
    """One piece from the lines so far, and the lines with which the next one begins."""
    if fence:
        return "\n".join([*lines, "```"]), [fence]
    for at in range(len(lines) - 1, 0, -1):
        if not lines[at].strip() and len("\n".join(lines[:at])) > limit // 2 and "\n".join(lines[:at]).count("```") % 2 == 0:
            return "\n".join(lines[:at]), lines[at + 1 :]
    return "\n".join(lines), []


def _short_lines(text: str, limit: int) -> Iterator[str]:
    fenced = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        prefix = "> " if line.startswith(">") and not fenced else ""
        rest = line
        while len(rest) > limit:
            at = limit if fenced else _break_point(rest, limit)
            yield rest[:at].rstrip() if not fenced else rest[:at]
            rest = prefix + rest[at:].lstrip() if not fenced else rest[at:]
        yield rest


def _break_point(line: str, limit: int) -> int:
    """Where a long line may end: after a sentence, else a word, else wherever it must, never inside what stays whole."""
    whole = [(m.start(), m.end()) for m in _WHOLE.finditer(line) if m.end() - m.start() < limit // 2]

    def free(at: int) -> bool:
        return not any(start < at < end for start, end in whole)

    sentences = [m.end() for m in _SENTENCE.finditer(line, 0, limit + 1) if limit // 3 < m.end() <= limit and free(m.end())]
    if sentences:
        return sentences[-1]
    words = [m.end() for m in re.finditer(r"\s+|(?<=[，、：])", line[: limit + 1]) if 8 < m.end() <= limit and free(m.end())]
    if words:
        return words[-1]
    return next((at for at in range(limit, limit // 2, -1) if free(at)), limit)


def tables(text: str) -> str:
    """Markdown tables as a phone can show them: narrow ones in fixed width, wide ones a line a row."""
    found, rows = [], []
    for line in [*text.split("\n"), ""]:
        if re.match(r"^\s*\|.*\|\s*$", line):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
            continue
        if rows:
            found += _table(rows)
            rows = []
        found.append(line)
    return "\n".join(found[:-1])


def _table(rows: list[list[str]]) -> list[str]:
    if len(rows) < 3 or not all(re.fullmatch(r":?-+:?", cell) for cell in rows[1]):
        return ["| " + " | ".join(row) + " |" for row in rows]
    head, body = rows[0], rows[2:]
    widths = [max(len(row[i]) if i < len(row) else 0 for row in [head, *body]) for i in range(len(head))]
    if sum(widths) + 2 * (len(widths) - 1) <= PHONE:
        right = [all(re.fullmatch(r"[-+−]?[\d.,]+\s?[%x$]?", row[i]) for row in body if i < len(row)) for i in range(len(head))]
        shown = [
            "  ".join(cell.rjust(widths[i]) if right[i] else cell.ljust(widths[i]) for i, cell in enumerate(row[: len(widths)])).rstrip()
            for row in [head, *body]
        ]
        return ["```", *shown, "```"]
    return [
        f"**{row[0]}**: " + " · ".join(f"{name} {cell}" for name, cell in zip(head[1:], row[1:], strict=False) if cell)
        for row in body if row
    ]  # fmt: skip


def escape(text: str) -> str:
    """Text that cannot address anybody: ``<!channel>`` and ``<@U…>`` stay letters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str) -> str:
    """Markdown in Slack's marks. Code stays as it is; everything else is escaped first."""
    parts = re.split(r"(```.*?```|`[^`\n]+`)", text, flags=re.DOTALL)
    return "".join(escape(part) if number % 2 else _marks(part) for number, part in enumerate(parts))


def _marks(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        quote = re.match(r"^>\s?", line)
        kept = escape(line[quote.end() :] if quote else line)
        kept = re.sub(r"\[([^\]\n]*)\]\((https?://[^)\s|]+)\)", r"<\2|\1>", kept)
        kept = re.sub(r"\*\*([^*\n]+)\*\*|__([^_\n]+)__", lambda m: f"*{m[1] or m[2]}*", kept)
        kept = re.sub(r"^#{1,6}\s+(.*?)\s*#*$", r"*\1*", kept)
        kept = re.sub(r"^(\s*)[-*]\s+", r"\1• ", kept)
        lines.append(("> " if quote else "") + kept)
    return "\n".join(lines)


def sections(text: str) -> list[str]:
    """Slack's marks in pieces that each fit a section, whatever escaping adds."""
    found: list[str] = []
    for piece in split(text, SECTION):
        shown = mrkdwn(piece)
        if len(shown) <= 3_000:
            found.append(shown)
        else:
            found += [mrkdwn(smaller)[:3_000] for smaller in split(piece, SECTION // 5)]
    return found
