"""Markdown: headings give the place, tables stay whole, front matter gives date and source."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import yaml

from memory.ingest.boilerplate import Sieve
from memory.ingest.dating import parse_day
from memory.ingest.decoding import decode
from memory.ingest.document import Document, Segment, SegmentKind
from memory.ingest.plain import paragraphs, sieved

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT = re.compile(r"\A---[ \t]*\n(.{0,20000}?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_INLINE_MARK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*`]+|\\(?=[^\w\s])|(?<!\w)_+|_+(?!\w)")
_BRACKETS = 100
"""More of them in front matter is an attack on the parser, whose time grows with their square."""
_TOO_DEEP = "its front matter is nested too deeply and was passed over: flatten it"
_KINDS: dict[str, SegmentKind] = {
    "table_open": "table",
    "blockquote_open": "quote",
    "fence": "code",
    "code_block": "code",
}


class _Block(NamedTuple):
    """A top-level block: its first line, the line after its last, and what it is."""

    first: int
    last: int
    kind: SegmentKind
    level: int = 0
    title: str = ""


def read(name: str, content: bytes) -> Document:
    """The source text, verbatim, with its structure as segments."""
    source, warnings = decode(content)
    sieve = Sieve(source)
    kept = sieved(source, sieve, _spared())
    meta: dict[str, str] = {}
    text, body = kept.text, 0
    if front := _FRONT.match(text):
        meta, problems = _front(front[1])
        warnings += problems
        body = front.end() if meta or problems or not front[1].strip() else 0
    segments = list(_segments(text, body, kept.line_at))
    if body:
        segments.insert(0, Segment(start=0, end=len(text[:body].rstrip()), locator="front matter", kind="code"))
    day = meta.get("date") or meta.get("published") or meta.get("created") or ""
    authored = parse_day(day)
    if day and not authored:
        warnings += (f"its date {day!r} names no day: write it as YYYY-MM-DD",)
    title = meta.get("title") or next((s.heading for s in segments if s.heading), "").split(" > ")[0]
    return Document(
        name=name,
        title=title or name.rsplit(".", 1)[0],
        text=text,
        segments=tuple(segments),
        media_type="text/markdown",
        authored=authored,
        meta=meta,
        warnings=(*warnings, *sieve.warnings()),
    )


def _spared() -> Callable[[str], bool]:
    """Code and tables are never sieved: a line of them is not a line of text."""
    fence = ""

    def spared(line: str) -> bool:
        nonlocal fence
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            return True
        return bool(fence) or line.startswith(("    ", "\t", "|"))

    return spared


def _front(raw: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Front matter as text values, and what is wrong with it. An empty mapping and no problem: it is none."""
    if sum(map(raw.count, "[{")) > _BRACKETS:
        return {}, (_TOO_DEEP,)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(raw)):
            return {}, ("its front matter uses YAML aliases and was passed over: write the values out",)
        loaded = yaml.load(raw, Loader=yaml.BaseLoader)  # noqa: S506 - it is a safe loader
    except yaml.YAMLError as error:
        return {}, (f"its front matter is no valid YAML and was passed over: {str(error).splitlines()[0]}",)
    except RecursionError:
        return {}, (_TOO_DEEP,)
    if not isinstance(loaded, dict):
        return {}, ()
    return {str(key).lower(): _flat(value) for key, value in loaded.items()}, ()


def _flat(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _segments(text: str, body: int, line_at: Callable[[int], int]) -> Iterator[Segment]:
    starts = [body]
    for line in text[body:].split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    path: list[tuple[int, str]] = []
    for block in _blocks(text[body:], len(starts) - 1):
        start, end = starts[block.first], min(starts[block.last], len(text))
        if block.title:
            path = [*((level, title) for level, title in path if level < block.level), (block.level, block.title)]
        heading = " > ".join(title for _, title in path)
        # A table or a listing may hold blank lines of its own and stays one; text falls into paragraphs.
        whole = [(start, end)] if block.kind in {"table", "code"} else paragraphs(text, start, end)
        for low, high in whole:
            high = low + len(text[low:high].rstrip())  # noqa: PLW2901 - the same stretch without its blank end
            place = f"§ {heading}" if path else f"line {line_at(low)}"
            if high > low:
                yield Segment(start=low, end=high, locator=place, heading=heading, kind=block.kind)


def _blocks(source: str, lines: int) -> Iterator[_Block]:
    """Every line in exactly one block, in order: what the parser gives no block (link targets, rules) is text."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table").disable("inline")
    done = 0
    tokens = parser.parse(source)
    for index, token in enumerate(tokens):
        if token.level or token.map is None or token.nesting < 0:
            continue
        first, last = max(token.map[0], done), min(token.map[1], lines)
        if first > done:
            yield _Block(done, first, "text")
        if last > first:
            yield _block(first, last, token, tokens[index + 1] if token.type == "heading_open" else None)
            done = last
    if done < lines:
        yield _Block(done, lines, "text")


def _block(first: int, last: int, token: "Token", inner: "Token | None") -> _Block:
    if inner is None:
        return _Block(first, last, _KINDS.get(token.type, "text"))
    title = " ".join(_INLINE_MARK.sub(r"\1", inner.content).split())
    return _Block(first, last, "heading", int(token.tag[1]), title)
