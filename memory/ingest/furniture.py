"""What surrounds an article on a web page: menus, banners, side bars, hidden parts."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

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


def remove_furniture(soup: "BeautifulSoup") -> Iterator[tuple["Tag", str]]:
    """Take out of the tree what is not the article; yields each part with text, and what it was."""
    for tag in soup.find_all(_SILENT):
        tag.extract()
    whole = len(soup.get_text(strip=True))
    for tag in soup.find_all(True):
        if tag.name in {"html", "body"} or tag.parent is None or _is_gone(tag):
            continue
        reason = _reason(tag)
        length = len(tag.get_text(strip=True)) if reason else 0
        if reason and length <= MOST * whole:
            tag.extract()
            if length:
                yield tag, reason


def _is_gone(tag: "Tag") -> bool:
    """Whether an ancestor was taken out before: what is in the tree hangs on its root."""
    top = tag
    while top.parent is not None:
        top = top.parent
    return top.name != "[document]"


def _reason(tag: "Tag") -> str:
    if tag.has_attr("hidden") or tag.get("aria-hidden") == "true" or _HIDDEN.search(str(tag.get("style") or "")):
        return "hidden parts"
    if tag.name in _FURNITURE or _ROLES.match(str(tag.get("role") or "")):
        # The header of an article holds its headline and its date.
        return "" if tag.name == "header" and tag.find(["h1", "h2"]) else "menus and banners"
    if tag.name in {"div", "section", "ul", "ol", "p", "table"}:
        return "menus and banners" if _is_named_so(tag) or _is_menu(tag) else ""
    return ""


def _is_named_so(tag: "Tag") -> bool:
    names = " ".join([*map(str, tag.get_attribute_list("class")), str(tag.get("id") or "")])
    words = {word.lower() for word in _WORDS.findall(names)}
    if words & _CERTAIN:
        return True
    return bool(words & _LIKELY) and (len(tag.get_text(strip=True)) < _SHORT or _linked(tag) > LINKED)


def _is_menu(tag: "Tag") -> bool:
    links = tag.find_all("a", limit=200)
    whole = len(tag.get_text(strip=True))
    if len(links) < _MENU_LINKS or not 0 < whole < _MENU_LONGEST:
        return False
    average = sum(len(link.get_text(strip=True)) for link in links) / len(links)
    return average < _MENU_LINK and _linked(tag) > LINKED


def _linked(tag: "Tag") -> float:
    """The share of the text that is in links."""
    whole = len(tag.get_text(strip=True))
    return sum(len(link.get_text(strip=True)) for link in tag.find_all("a")) / whole if whole else 0.0
