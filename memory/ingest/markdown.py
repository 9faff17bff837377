"""Markdown: headings give the place, tables stay whole, front matter gives date and source."""

import re
from pathlib import Path

import yaml

from memory.ingest.document import Document, Segment
from memory.ingest.plain import paragraphs
from memory.ingest.read import decode

_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


def read(path: Path) -> Document:
    """The source text, verbatim, with its structure as segments."""
    text, warnings = decode(path.read_bytes())
    meta: dict[str, str] = {}
    body = 0
    if front := _FRONT.match(text):
        meta, problem = _front(front[1])
        warnings += problem
        body = front.end()
    segments = _segments(text, body)
    title = meta.get("title") or next((s.heading for s in segments if s.heading), path.stem).split(" > ")[0]
    return Document(
        name=path.name, title=title, text=text, segments=tuple(segments), media_type="text/markdown", meta=meta,
        warnings=warnings,
    )  # fmt: skip


def _front(raw: str) -> tuple[dict[str, str], tuple[str, ...]]:
    try:
        loaded = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        return {}, (f"its front matter is no valid YAML and was passed over ({str(error).splitlines()[0]})",)
    if not isinstance(loaded, dict):
        return {}, ()
    return {str(key).lower(): ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            for key, value in loaded.items()}, ()  # fmt: skip


def _segments(text: str, body: int) -> list[Segment]:
    from markdown_it import MarkdownIt

    starts = [0]
    for line in text[body:].split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    limit = len(text) - body
    path: list[tuple[int, str]] = []
    found: list[Segment] = []
    tokens = MarkdownIt("commonmark").enable("table").parse(text[body:])
    for token, inner in zip(tokens, [*tokens[1:], tokens[-1]] if tokens else [], strict=True):
        if token.level or token.map is None or token.nesting < 0:
            continue
        start, end = body + starts[token.map[0]], body + min(starts[token.map[1]] - 1, limit)
        if token.type == "heading_open":
            level = int(token.tag[1])
            path = [*[(at, title) for at, title in path if at < level], (level, inner.content)]
            found.append(Segment(start, end, "heading", f"§ {_heading(path)}", _heading(path)))
        elif token.type == "table_open":
            found.append(Segment(start, end, "table", _place(text, start, path), _heading(path)))
        elif token.type != "hr":
            found += [
                s._replace(locator=_place(text, s.start, path)) for s in paragraphs(text, start, end, _heading(path))
            ]
    return found


def _heading(path: list[tuple[int, str]]) -> str:
    return " > ".join(title for _, title in path)


def _place(text: str, start: int, path: list[tuple[int, str]]) -> str:
    line = f"line {text.count(chr(10), 0, start) + 1}"
    return f"§ {_heading(path)}, {line}" if path else line
