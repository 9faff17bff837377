"""What surrounds an article on a web page: menus, banners, side bars, hidden parts."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

LINKED = 0.6
"""A block whose text is links by more than this share is a menu."""
MOST = 0.5
"""Nothing that holds more than this share of the page's text is furniture, whatever it is called."""
_MENU_LONGEST = 1500
_MENU_LINK = 30
"""Characters of an average link in a menu; the titles in a list of sources are longer."""
_MENU_LINKS = 3
_SHORT = 300

_SILENT = ["script", "style", "noscript", "svg", "iframe", "template", "button", "select", "object", "canvas"]
_FURNITURE = ["nav", "footer", "aside", "form", "header"]
_ROLES = re.compile(r"^(?:navigation|banner|complementary|contentinfo|search|dialog|alertdialog|menu|menubar)$")
_CERTAIN = frozenset("cookie cookies consent gdpr navbar nav navigation breadcrumb breadcrumbs menu".split())
_LIKELY = frozenset(
    "banner sidebar share sharing social newsletter subscribe related recommended promo advert adverts advertisement "
    "ad ads popup modal footer header comments".split()
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


class _Measure(NamedTuple):
    """Characters in a tag, characters of them in links, and how many links."""

    length: int = 0
    linked: int = 0
    links: int = 0

    @property
    def share(self) -> float:
        return self.linked / self.length if self.length else 0.0

    @property
    def is_menu(self) -> bool:
        short = self.linked < _MENU_LINK * self.links and 0 < self.length < _MENU_LONGEST
        return self.links >= _MENU_LINKS and short and self.share > LINKED


def remove_furniture(soup: "BeautifulSoup") -> Iterator[tuple["Tag", str]]:
    """Take out of the tree what is not the article; yields each part with text, and what it was."""
    for tag in soup.find_all(_SILENT):
        tag.extract()
    measures = _measured(soup)
    whole = measures[id(soup)].length
    gone: set[int] = set()
    for tag in soup.find_all(True):
        if tag.name in {"html", "body"} or id(tag) in gone:
            continue
        measure = measures[id(tag)]
        reason = _reason(tag, measure) if measure.length <= MOST * whole else ""
        if reason:
            gone.update(id(inner) for inner in tag.find_all(True))
            tag.extract()
            if measure.length:
                yield tag, reason


def _measured(soup: "BeautifulSoup") -> dict[int, _Measure]:
    """The measure of every tag, by its id, from the leaves up: one pass, however deep a page nests."""
    from bs4.element import NavigableString, Tag

    found: dict[int, _Measure] = {id(soup): _Measure()}
    for node in reversed(list(soup.descendants)):
        if isinstance(node, Tag):
            own = found.setdefault(id(node), _Measure())
            own = _Measure(own.length, own.length, 1) if node.name == "a" else own
        elif type(node) is NavigableString:
            own = _Measure(len(node.strip()))
        else:
            continue
        above = found.get(id(node.parent), _Measure())
        found[id(node.parent)] = _Measure(*(a + b for a, b in zip(above, own, strict=True)))
    return found


def _reason(tag: "Tag", measure: _Measure) -> str:
    if tag.has_attr("hidden") or tag.get("aria-hidden") == "true" or _HIDDEN.search(str(tag.get("style") or "")):
        return "hidden parts"
    if tag.name in _FURNITURE or _ROLES.match(str(tag.get("role") or "")):
        # The header of an article holds its headline and its date.
        return "" if tag.name == "header" and tag.find(["h1", "h2"]) else "menus and banners"
    if tag.name in {"div", "section", "ul", "ol", "p", "table"} and (measure.is_menu or _is_named_so(tag, measure)):
        return "menus and banners"
    return ""


def _is_named_so(tag: "Tag", measure: _Measure) -> bool:
    names = " ".join([*map(str, tag.get_attribute_list("class")), str(tag.get("id") or "")])
    words = {word.lower() for word in _WORDS.findall(names)}
    return bool(words & _CERTAIN) or (bool(words & _LIKELY) and (measure.length < _SHORT or measure.share > LINKED))
