"""The Chinese characters of a page, named in an address, so that a machine without a Chinese font can ask for just these."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from markupsafe import Markup, escape

from memory.errors import InputError

MOST = 2_000
FIRST = 0x2E80


def font_link(page: str) -> Markup:
    """The style sheet that offers the glyphs of a page; a browser with a font of its own never loads them."""
    found = sorted({character for character in page if FIRST <= ord(character) <= 0xFFEF})[:MOST]
    if not found:
        return Markup()
    marks = urlsafe_b64encode("".join(found).encode("utf-16-be")).decode().rstrip("=")
    return Markup('<link rel="stylesheet" href="/glyphs.css?c={}">').format(escape(marks))


def characters(marks: str) -> str:
    """The characters that an address names.

    Raises:
        InputError: it names none, or too many.
    """
    try:
        found = urlsafe_b64decode(marks + "=" * (-len(marks) % 4)).decode("utf-16-be")
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError("this address names no characters: load the page again") from error
    if not found or len(found) > MOST or any(ord(character) < FIRST for character in found):
        raise InputError("this address names no characters: load the page again")
    return found
