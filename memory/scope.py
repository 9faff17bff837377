"""The words of a question in a few documents: each passage scored by itself and with the page or section that it stands in.

A table's caption, its unit and its rows are often passages of their own; what answers is the page that holds them together.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from memory.lexical import K1, holders
from memory.named import NamedDocuments, Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PAGE = 0.6
"""The share of a score that the page has, the passage itself the rest."""

B = 0.7
"""How far length counts against a page or passage that holds a word, as in BM25."""


def within(connection: Connection, words: Sequence[str], documents: NamedDocuments, places: Sequence[Place], limit: int) -> dict[int, float]:
    """The best passages of some documents: their numbers and scores, of which the most that can be reached is one."""
    import numpy as np

    if not words or not places:
        return {}
    seqs: list[int] = []
    lengths: list[int] = []
    groups: list[int] = []
    for place in places:
        found = documents.passages(connection, place)
        groups += [number + (groups[-1] + 1 if groups else 0) for number in found.groups] if not groups else _after(groups, found.groups)
        seqs += found.seqs
        lengths += found.lengths
    if not seqs:
        return {}
    at = {seq: number for number, seq in enumerate(seqs)}
    held = np.zeros((len(words), len(seqs)), dtype=bool)
    for word, seq in holders(connection, words, [(place.first, place.last) for place in places]):
        if seq in at:
            held[word, at[seq]] = True
    group = np.asarray(groups)
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    pages = np.logical_or.reduceat(held, starts, axis=1)
    size = np.asarray(lengths, dtype=float)
    count = pages.sum(axis=1)
    idf = np.where(count > 0, np.log(1 + (pages.shape[1] - count + 0.5) / (count + 0.5)), 0.0)
    total = float(idf.sum())
    if not total:
        return {}
    by_page = _scores(pages, np.add.reduceat(size, starts), idf)[np.searchsorted(starts, np.arange(len(seqs)), side="right") - 1]
    score = (PAGE * by_page + (1 - PAGE) * _scores(held, size, idf)) / total
    best = np.argsort(-score, kind="stable")[:limit]
    return {seqs[n]: float(score[n]) for n in best if score[n] > 0}


def _after(groups: Sequence[int], more: Sequence[int]) -> list[int]:
    return [number + groups[-1] + 1 for number in more]


def _scores(held: "NDArray[np.bool_]", size: "NDArray[Any]", idf: "NDArray[Any]") -> "NDArray[Any]":
    """BM25 of words that are there or not: at mean length a word counts its rarity."""
    factor = (K1 + 1) / (1 + K1 * (1 - B + B * size / size.mean()))
    return (idf @ held) * factor
