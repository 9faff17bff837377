"""HTML: what an article says, without its menus, banners and scripts."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from memory.ingest.boilerplate import Sieve
from memory.ingest.dating import parse_day
from memory.ingest.decoding import decode
from memory.ingest.document import Builder, Document, SegmentKind
from memory.ingest.furniture import remove_furniture

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr html li main nav ol p pre section summary table tbody td tfoot "
    "th thead tr ul [document]".split()
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_PROLOG = re.compile(r"\A\s*<\?xml[^>]*>")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\x00]")
_DATE_NAMES = (
    "article:published_time",
    "date",
    "dc.date",
    "dcterms.created",
    "pubdate",
    "publishdate",
    "datepublished",
)
_CELLS = 2


class _Block(NamedTuple):
    text: str
    tag: str
    kind: SegmentKind


def read(name: str, content: bytes) -> Document:
    """The page's own text, block by block, under its headings."""
    head = _CHARSET.search(content[:4096])
    text, warnings = decode(content, head[1].decode("ascii") if head else "")
    soup = parse(text)
    meta = _meta(soup)
    builder = Builder()
    left_out = add_article(soup, builder)
    title = meta.pop("title", "") or builder.first_line or name.rsplit(".", 1)[0]
    return Document(
        name=name,
        title=title,
        text=builder.text,
        segments=tuple(builder.segments),
        media_type="text/html",
        authored=parse_day(meta.get("date", "")),
        meta=meta,
        warnings=(*warnings, *left_out),
    )


def parse(markup: str) -> "BeautifulSoup":
    """The tree of a page or of the HTML part of a mail."""
    from bs4 import BeautifulSoup

    # An XML declaration or a bare line makes the parser warn that it was given something else.
    markup = _PROLOG.sub("", _INVISIBLE.sub("", markup))
    return BeautifulSoup(f"<body>{markup}</body>" if "<" not in markup else markup, "lxml")


def add_article(soup: "BeautifulSoup", builder: Builder) -> tuple[str, ...]:
    """Append what the page says to the builder; returns a warning for each kind of thing left out."""
    sieve = Sieve(soup.get_text("\n"))
    for tag, reason in remove_furniture(soup):
        sieve.drop(reason, tag.get_text(" "))
    for block in _blocks(soup.body or soup):
        if block.kind in {"table", "code"}:
            builder.add(block.text, block.kind)
            continue
        kept = "\n".join(line for line in block.text.split("\n") if sieve.keeps(line))
        if re.fullmatch(r"h[1-6]", block.tag):
            builder.add_heading(kept, int(block.tag[1]))
        else:
            builder.add(kept, block.kind)
    return sieve.warnings()


def _meta(soup: "BeautifulSoup") -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in soup.find_all("meta"):
        key = str(tag.get("property") or tag.get("name") or tag.get("itemprop") or "").lower()
        value = str(tag.get("content") or "").strip()
        if value and key in _DATE_NAMES:
            found.setdefault("date", value)
        elif value and key in {"author", "description"}:
            found.setdefault(key, value)
        elif value and key == "og:url":
            found.setdefault("source", value)
    link = soup.find("link", rel="canonical")
    if link and link.get("href"):
        found["source"] = str(link["href"])
    time = soup.find("time", attrs={"datetime": True})
    if time and "date" not in found:
        found["date"] = str(time["datetime"])
    title = soup.title or soup.find("h1")
    if title and title.get_text(strip=True):
        found["title"] = " ".join(title.get_text().split())
    return found


def _blocks(root: "Tag") -> Iterator[_Block]:
    """The text of each innermost block in document order; a data table is one block of rows.

    The tree is walked without recursion: pages nest deeper than the interpreter's stack.
    """
    from bs4.element import NavigableString, Tag

    owner: Tag | None = None
    pieces: list[str] = []
    node: PageElement | None = root
    end = _after(root)
    while node is not None and node is not end:
        if isinstance(node, Tag) and node.name == "table" and _is_data(node):
            yield from _flush(owner, pieces)
            yield from _table(node)
            node, owner, pieces = _after(node), None, []
            continue
        if isinstance(node, Tag) and node.name == "br":
            pieces.append("\n")
        elif type(node) is NavigableString:  # its subclasses are comments, declarations and scripts
            block = _owner(node)
            if block is not owner:
                yield from _flush(owner, pieces)
                owner, pieces = block, []
            pieces.append(str(node) if block.name == "pre" else re.sub(r"\s+", " ", str(node)))
        node = node.next_element
    yield from _flush(owner, pieces)


def _after(tag: "Tag") -> "PageElement | None":
    """The first node in document order that is not inside the tag."""
    node: Tag | None = tag
    while node is not None:
        if node.next_sibling is not None:
            return node.next_sibling
        node = node.parent
    return None


def _owner(node: "PageElement") -> "Tag":
    parent = node.parent
    while parent is not None and parent.name not in _BLOCKS and parent.parent is not None:
        parent = parent.parent
    if parent is None:
        raise ValueError("a node outside the tree has no block")
    return parent


def _flush(owner: "Tag | None", pieces: list[str]) -> Iterator[_Block]:
    text = "".join(pieces)
    if owner is None or not text.strip():
        return
    if owner.name == "pre":
        yield _Block(text, "pre", "code")
        return
    text = re.sub(r" *\n *", "\n", re.sub(r"[ \t\u00a0]+", " ", text)).strip()
    quote = owner.name == "blockquote" or owner.find_parent("blockquote") is not None
    yield _Block(re.sub(r"\n{2,}", "\n\n", text), owner.name, "quote" if quote else "text")


def _is_data(table: "Tag") -> bool:
    """Rows of several cells; a table that only arranges a page holds other tables, headings or long texts."""
    if table.find(["table", "h1", "h2", "h3", "form"]):
        return False
    widths = [len(row.find_all(["td", "th"])) for row in table.find_all("tr")]
    return bool(widths) and max(widths) >= _CELLS and (len(widths) >= _CELLS or table.find("th") is not None)


def _table(table: "Tag") -> Iterator[_Block]:
    caption = table.find("caption")
    lines = [" ".join(caption.get_text(" ").split())] if caption else []
    for row in table.find_all("tr"):
        cells = [" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])]
        if any(cells):
            lines.append(" | ".join(cells))
    yield _Block("\n".join(lines), "table", "table")
