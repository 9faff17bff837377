"""Tokens for English and Chinese: what both search channels share.

Chinese has no spaces and the usual tokenisers lose on it, so a run of Han characters becomes its one- and
two-character grams, with Traditional folded to Simplified. English words are lightly stemmed; numbers stay whole.
"""

import json
import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

Language = Literal["en", "zh", "mixed", "other"]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_PIECE = re.compile(rf"[{_HAN}]+|\d+(?:[.,]\d+)*|[^\W\d_{_HAN}]+(?:['’][^\W\d_{_HAN}]+)?")
_HAN_CHARACTER = re.compile(rf"[{_HAN}]")
_LETTER = re.compile(rf"[^\W\d_{_HAN}]")
_LATIN = re.compile(r"[A-Za-z]")

_STOP_ENGLISH = frozenset(
    "a an the of to in on at by for from with and or is are was were be been being it its this that these those as "
    "what which who whom when where how why do does did has have had will would can could should there their they we "
    "you i he she his her our your not no if then than so but about into over".split()
)
_STOP_CHINESE = frozenset("的了是在和与及或之其而被把也都很就吗呢吧啊个这那哪么什")


@cache
def _folding() -> dict[int, str]:
    """Traditional character to Simplified, one to one, from zhconv's dictionary."""
    raw = resources.files("zhconv").joinpath("zhcdict.json").read_text(encoding="utf-8")
    table = json.loads(raw)["zh2Hans"]
    pairs = {ord(key): value for key, value in table.items() if len(key) == len(value) == 1}
    return {code: value for code, value in pairs.items() if _HAN_CHARACTER.match(chr(code))}


def fold(text: str) -> str:
    """One spelling for one meaning: NFKC, lower case, Traditional folded to Simplified. Offsets are not kept."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).lower().translate(_folding())


@cache
def _stemmer() -> object:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    if len(word) < 4 or not word.isascii():
        return word
    return str(_stemmer().stemWord(word))  # type: ignore[attr-defined]


@lru_cache(maxsize=200_000)
def _english(word: str) -> str:
    """The stem of a word; empty for a stop word."""
    return "" if word in _STOP_ENGLISH else _stem(word.replace("’", "'").removesuffix("'s"))


def tokens(text: str) -> list[str]:
    """The search tokens of a text, in order, repeats kept."""
    found: list[str] = []
    for piece in _PIECE.findall(fold(text)):
        first = piece[0]
        if first.isascii():
            token = piece.replace(",", "") if first.isdigit() else _english(piece)
            if token:
                found.append(token)
        elif _HAN_CHARACTER.match(first):
            found.extend(_grams(piece))
        else:
            found.append(piece)
    return found


def _grams(run: str) -> list[str]:
    singles = [character for character in run if character not in _STOP_CHINESE]
    return singles + [run[i : i + 2] for i in range(len(run) - 1)]


def language(text: str) -> Language:
    """What a text is written in, by its share of Han characters and Latin letters."""
    han, letters = len(_HAN_CHARACTER.findall(text)), len(_LETTER.findall(text))
    latin = len(_LATIN.findall(text))
    if not han and not letters:
        return "other"
    # One Han character says about as much as two and a half Latin letters.
    share = 2.5 * han / (2.5 * han + letters)
    if share > 0.8:
        return "zh"
    if share > 0.15:
        return "mixed"
    return "en" if latin > 0.8 * letters else "other"


def fts_document(text: str) -> str:
    """What the full-text table stores for a text: its tokens, each made a whole word of the FTS tokeniser."""
    return " ".join([fts_word(token) for token in tokens(text)])


def fts_query(text: str, limit: int = 48) -> str | None:
    """An OR over a question's distinct tokens, quoted; None when nothing in it can be searched."""
    distinct = list(dict.fromkeys(tokens(text)))[:limit]
    return " OR ".join(f'"{fts_word(token)}"' for token in distinct) or None


def fts_word(token: str) -> str:
    """A token as the full-text table keeps it."""
    # A decimal point would split the number in two, and one number must stay one word.
    return token.replace(".", "p") if token[0].isdigit() and "." in token else token.replace("'", "")
