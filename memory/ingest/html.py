"""HTML: what an article says, without its menus, banners and scripts."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from memory.ingest.document import Builder, Document
from memory.ingest.read import decode

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_DROPPED = [
    "script",
    "style",
    "noscript",
    "nav",
    "header",
    "footer",
    "aside",
    "form",
    "button",
    "svg",
    "iframe",
    "template",
]
_BLOCKS = ["h1", "h2", "h3", "h4", "h5", "h6", "p", "li", "pre", "blockquote", "table", "dd", "dt", "figcaption", "td"]
_CONTAINERS = frozenset({"div", "section", "ul", "ol"})
_ROLE = re.compile("navigation|banner|complementary|contentinfo")
_BANNER = re.compile(
    r"cookie|consent|banner|breadcrumb|sidebar|menu|navbar|share|social|newsletter|subscribe|related|advert",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"^(?:share this.*|subscribe.*|all rights reserved.*|©.*|accept (?:all )?cookies.*|we use cookies.*|skip to .*|版权所有.*|分享到.*)$",
    re.IGNORECASE,
)
LINKED = 0.6
"""A block whose text is links by more than this share is a menu."""


def read(path: Path) -> Document:
    """The page's own text, block by block, under its headings."""
    from bs4 import BeautifulSoup

    text, warnings = decode(path.read_bytes())
    soup = BeautifulSoup(text, "lxml")
    meta = _meta(soup)
    dropped = _strip(soup)
    builder = Builder()
    language = "zh" if re.search(r"[\u4e00-\u9fff]{20}", soup.get_text()) else "other"
    for block in soup.find_all(_BLOCKS):
        dropped += _block(block, builder, language)
    if not builder.segments:
        builder.add(soup.get_text("\n", strip=True), "text", "whole page")
    if dropped:
        warnings += (f"{dropped} menus, banners and lines in another script were left out",)
    title = meta.pop("title", "") or (builder.segments and builder.text.split("\n", 1)[0]) or path.stem
    return Document(
        name=path.name, title=title, text=builder.text, segments=tuple(builder.segments), media_type="text/html", meta=meta,
        warnings=warnings,
    )  # fmt: skip


def _meta(soup: "BeautifulSoup") -> dict[str, str]:
    found = {"title": soup.title.get_text(strip=True)} if soup.title else {}
    for name in ("date", "article:published_time", "author", "dc.date"):
        tag = soup.find("meta", attrs={"name": name}) or soup.find("meta", attrs={"property": name})
        if tag and tag.get("content"):
            found["author" if name == "author" else "date"] = str(tag["content"])
    return found


def _strip(soup: "BeautifulSoup") -> int:
    removed = [
        tag
        for tag in soup.find_all(True)
        if tag.name in _DROPPED
        or _ROLE.search(str(tag.get("role") or ""))
        or (tag.name in _CONTAINERS and (_BANNER.search(_named(tag)) or _is_menu(tag)))
    ]
    for tag in removed:
        tag.extract()
    return len(removed)


def _named(tag: "Tag") -> str:
    classes = tag.get("class") or []
    return " ".join([str(tag.get("id") or ""), *(classes if isinstance(classes, list) else [str(classes)])])


def _is_menu(tag: "Tag") -> bool:
    links = tag.find_all("a")
    whole = len(tag.get_text(strip=True))
    linked = sum(len(link.get_text(strip=True)) for link in links)
    return len(links) > 2 and whole > 0 and linked > LINKED * whole and whole < 1500  # noqa: PLR2004


def _block(block: "Tag", builder: Builder, language: str) -> int:
    """Add one block; returns 1 when it was left out."""
    name = block.name
    if name == "table":
        builder.add(_table(block), "table", f"§ {builder.heading}" if builder.heading else "table")
        return 0
    if block.find_parent("table") or (name in {"li", "blockquote", "dd"} and block.find(["p", "li"])):
        return 0
    text = re.sub(r"\s+", " ", block.get_text(" " if name == "pre" else "")).strip()
    if not text:
        return 0
    if _NOISE.match(text) or _foreign(text, language):
        return 1
    if name[0] == "h" and name[1:].isdigit():
        builder.add_heading(text, int(name[1:]))
    else:
        builder.add(
            text, "text", f"§ {builder.heading}" if builder.heading else f"paragraph {len(builder.segments) + 1}"
        )
    return 0


def _foreign(text: str, language: str) -> bool:
    """A line in a script that is neither Latin nor, on a Chinese page, Han: a language menu, not content."""
    letters = [character for character in text if character.isalpha()]
    other = sum(
        not ("\u3400" <= c <= "\u9fff" or c.isascii() or "\u00c0" <= c <= "\u036f" or "\u0370" <= c <= "\u03ff")
        for c in letters
    )
    han = sum("\u3400" <= character <= "\u9fff" for character in letters)
    share = other + (han if language != "zh" and len(letters) < 12 else 0)  # noqa: PLR2004
    return bool(letters) and share > 0.5 * len(letters)


def _table(table: "Tag") -> str:
    caption = table.find("caption")
    lines = [caption.get_text(" ", strip=True)] if caption else []
    for row in table.find_all("tr"):
        cells = [re.sub(r"\s+", " ", cell.get_text(" ", strip=True)) for cell in row.find_all(["th", "td"])]
        if any(cells):
            lines.append(" | ".join(cells))
    return "\n".join(lines)
