"""Bytes to text: UTF-8, UTF-16 with a mark, and the Chinese encodings when a file is neither."""

import re
from typing import NamedTuple

SAMPLE = 200_000
"""Bytes that decide an encoding."""
_DAMAGE = 0.01
"""More than this share of bytes that are no UTF-8 means that the file is in another encoding, not merely damaged."""

_EVERYDAY = frozenset(
    "的是在不了有和人这為为中大上个個國国我以要他时時来來用们們生到作地于於出就分对對成会會可主发發年动動"
    "月日一二三四五六七八九十元价價格市场場银銀金增长長下降高低季度公司经經济濟需求供应應与與及其将將但而也美"
)


class Decoded(NamedTuple):
    """A text with Unix line ends, and what had to be guessed."""

    text: str
    warnings: tuple[str, ...]


def decode(content: bytes, declared: str = "") -> Decoded:
    """Bytes as text with Unix line ends; a guess and every damaged byte are named in the warnings.

    ``declared`` is the encoding the file itself names (an HTML ``meta``, a mail header); it is tried before guessing.
    """
    text, warnings = _text(content, declared)
    return Decoded(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), warnings)


def _text(content: bytes, declared: str) -> tuple[str, tuple[str, ...]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
        lost = text.count("\ufffd")
        return text, (f"{lost} characters are damaged and stand as \ufffd",) if lost else ()
    strict = _strict(content, "utf-8") or (_strict(content, _superset(declared)) if declared else None)
    if strict is not None:
        return strict, ()
    text = content.decode("utf-8", errors="replace")
    damaged, beyond_ascii = text.count("\ufffd"), sum(not character.isascii() for character in text[:SAMPLE])
    # Damage is rare among other valid UTF-8; a text in another encoding is nothing but damage beyond ASCII.
    if damaged <= _DAMAGE * len(text) and beyond_ascii > 4 * damaged:
        return text, (f"{damaged} bytes are not UTF-8 and stand as \ufffd: check the file",)
    guessed, encoding = _guess(content)
    return guessed, (f"it is not UTF-8 and was read as {encoding}: check a line of it",)


def _strict(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _superset(declared: str) -> str:
    """Files that say gb2312 or big5 use the characters of their extensions."""
    name = declared.strip().strip("\"'").lower()
    if name in {"gb2312", "gbk", "gb_2312-80", "x-gbk"}:
        return "gb18030"
    return "big5hkscs" if name == "big5" else name


def _guess(content: bytes) -> tuple[str, str]:
    """The Chinese encoding whose result reads more like Chinese; Western (cp1252) when neither does."""
    best: tuple[float, str] = (0.0, "")
    for encoding in ("gb18030", "big5hkscs"):
        # A sample may end inside a character, and one damaged byte must not rule an encoding out.
        sample = content[:SAMPLE].decode(encoding, errors="replace")
        han = len(re.findall(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]", sample))
        strange = len(re.findall(r"[\ufffd\ue000-\uf8ff]", sample))
        everyday = sum(character in _EVERYDAY for character in sample)
        if han and strange <= _DAMAGE * len(sample) + 1:
            best = max(best, ((everyday - 2 * strange) / han, encoding))
    if best[0] >= 0.05:
        return content.decode(best[1], errors="replace"), {"gb18030": "GB18030", "big5hkscs": "Big5"}[best[1]]
    western = _strict(content, "cp1252")
    return (western, "Windows-1252") if western is not None else (content.decode("latin-1"), "Latin-1")
