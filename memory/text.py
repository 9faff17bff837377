"""Tokens for English and Chinese: what both search channels share.

Chinese has no spaces and the usual tokenisers lose on it, so a run of Han characters becomes its one- and
two-character grams, with Traditional folded to Simplified. English words are lightly stemmed; numbers stay whole.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import chain
from operator import add
from typing import Literal

Language = Literal["en", "zh", "mixed", "other"]

# Besides the ideographs: the repetition mark 々 and the zero 〇 of 二〇二六年 belong to the words they stand in.
_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)*|\d+(?:\.\d+)*"
# Strings, compiled at their first use: compiling these classes costs more than the import may.
_LETTER = rf"[^\W\d_{_HAN}]"
# [a-z] comes first, as a class of its own: it is what most letters are, and it is quicker to match than "no digit, no Han".
_PIECE = rf"(?:[a-z]+{_LETTER}*|{_LETTER}+)(?:['’]{_LETTER}+)?|[{_HAN}]+|{_NUMBER}"
_HAN_RUN = rf"[{_HAN}]+"
_ASCII = r"[\x00-\x7f]+"
_KANA = "[\u3041-\u30ff]"
_LATIN = "[A-Za-z]"
_NO_LATIN = bytes(code for code in range(128) if not chr(code).isalpha())
_PLAIN_WORDS = rf"[a-z0-9 {_HAN}]*"

_STOP_ENGLISH = frozenset(
    "a an the of to in on at by for from with and or is are was were be been being it its this that these those as "
    "what which who whom when where how why do does did has have had will would can could should there their they we "
    "you i he she his her our your not no if then than so but about into over "
    "dont doesnt didnt isnt arent wasnt werent cant couldnt wont wouldnt shouldnt hasnt havent hadnt".split()
)
_STOP_CHINESE = frozenset("的了是在和与及或之其而被把也都很就吗呢吧啊个这那哪么什")


_pattern = cache(re.compile)


@cache
def _folding() -> dict[int, int | str]:
    """Traditional character to Simplified, one to one, from zhconv's dictionary; the commonest others to themselves."""
    import json
    from importlib.util import find_spec
    from pathlib import Path

    # The dictionary alone: importing the package takes ten times as long.
    spec = find_spec("zhconv")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("zhconv is not installed: run make install")
    tables = json.loads(Path(spec.origin).with_name("zhcdict.json").read_bytes())
    # The second table holds what the mainland writes otherwise: 矽 (Taiwan's silicon) is 硅.
    pairs = tables["zh2Hans"] | {key: value for key, value in tables["zh2CN"].items() if len(key) == 1}
    folding: dict[int, int | str] = {ord(key): value for key, value in pairs.items() if len(key) == len(value) == 1 and key != value}
    # str.translate looks every character up, and a miss costs it three times a hit.
    return {code: code for code in chain(range(0x80), range(0x3000, 0xA000))} | folding


def fold(text: str) -> str:
    """One spelling for one meaning: NFKC, lower case, Traditional folded to Simplified. Offsets are not kept."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).lower().translate(_folding())


@cache
def _stem() -> Callable[[str], str]:
    import snowballstemmer

    return lru_cache(_Words.MOST)(snowballstemmer.stemmer("english").stemWord)


def _term(piece: str) -> str:
    """The tokens of a number, a word or a run of Han characters; empty for a stop word."""
    if piece[0].isdigit():
        return piece.replace(",", "")
    if not piece.isascii() and _pattern(_HAN_RUN).match(piece):
        return " ".join(chain((character for character in piece if character not in _STOP_CHINESE), map(add, piece, piece[1:])))
    word = piece.replace("’", "'").removesuffix("'s").replace("'", "")
    if not word.isascii():
        # Latin accents are written or left out as the keyboard has them; other scripts' marks are letters.
        bare = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
        if not bare.isascii():
            return word
        word = bare
    if word in _STOP_ENGLISH:
        return ""
    return _stem()(word) if len(word) > 3 else word


def tokens(text: str) -> list[str]:
    """The search tokens of a text, repeats kept: for documents and questions alike.

    A word gives its stem, a number itself without thousands separators (``1,000.5`` gives ``1000.5``), a run of Han
    characters its characters but for function words, then its pairs. Never an empty token, never white space in one.
    """
    return " ".join(_searched(text, _TERMS)).split()


class _Words(dict[str, str]):
    """What each run of characters without white space becomes, its tokens with spaces between, kept once made.

    What hardly comes a second time is made again: numbers, and Chinese, which has no spaces.
    """

    MOST = 200_000
    LONGEST = 24

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, run: str) -> str:
        made = " ".join(filter(None, map(self._make, _pattern(_PIECE).findall(fold(run)))))
        if len(run) <= self.LONGEST and not _pattern(r"\d").search(run):
            if len(self) >= self.MOST:
                self.clear()
            self[run] = made
        return made


def _searched(text: str, words: _Words) -> Iterator[str]:
    """What ``words`` makes of a text, in order; stop words and punctuation give nothing."""
    return filter(None, map(words.__getitem__, text.split()))


def language(text: str) -> Language:
    """What a text is written in, by its share of Han characters and Latin letters."""
    if text.isascii():
        return "en" if re.search(_LATIN, text) else "other"
    latin = len(text.encode("ascii", "ignore").translate(None, _NO_LATIN))
    foreign = _pattern(_ASCII).sub("", text)
    other = _pattern(_HAN_RUN).sub("", foreign)
    han, letters = len(foreign) - len(other), latin + len(_pattern(_LETTER).findall(other))
    kana = len(_pattern(_KANA).findall(other))
    # Japanese also writes Han characters, but never long without kana.
    if not han + letters or kana > 0.1 * (han + letters):
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
    return " ".join(_searched(text, _FTS_TERMS))


def fts_query(text: str, limit: int = 48) -> str | None:
    """An OR over a question's distinct tokens, quoted; None when nothing in it can be searched."""
    distinct = list(dict.fromkeys(tokens(text)))[:limit]
    return " OR ".join(f'"{fts_word(token)}"' for token in distinct) or None


def fts_word(token: str) -> str:
    """A token as the full-text table keeps it: only a-z, 0-9 and Han characters, so that no tokeniser changes it.

    Different tokens have different words: no token mixes letters and digits, but these encodings do.
    """
    if _pattern(_PLAIN_WORDS).fullmatch(token):
        return token
    # A decimal point would split the number in two, and one number must stay one word.
    if token.isascii():
        return token.replace(".", "p")
    # FTS5's unicode61 strips some accents and knows the letters of Unicode 6.1 only.
    return f"0{token.encode().hex()}"


def _fts_term(piece: str) -> str:
    found = _term(piece)
    return found if _pattern(_PLAIN_WORDS).fullmatch(found) else fts_word(found)


_TERMS = _Words(_term)
_FTS_TERMS = _Words(_fts_term)
