"""The words of a question in a few documents: each passage scored by itself and with the page or section that it stands in.

A table's caption, its unit and its rows are often passages of their own; what answers is the page that holds them together.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection

from memory.lexical import K1, holders
from memory.named import NamedDocuments, Passages, Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]
else:
    Numbers = Flags = Any

PAGE = 0.6
"""The share of a score that the page has, the passage itself the rest."""

B = 0.7
"""How far length counts against a page or passage that holds a word, as in BM25."""


def within(
    connection: Connection, words: Sequence[str], documents: NamedDocuments, places: Sequence[Place], limit: int
) -> dict[int, float]:
    """The best passages of some documents: their numbers and scores; one of mean length with every word has about one."""
    import numpy as np

    passages = _joined([documents.passages(connection, place) for place in places])
    if not words or not passages.seqs:
        return {}
    held = _held(passages, holders(connection, words, [(place.first, place.last) for place in places]), len(words))
    starts = np.flatnonzero(np.diff(np.asarray(passages.groups), prepend=-1))
    pages = np.logical_or.reduceat(held, starts, axis=1)
    count = pages.sum(axis=1)
    rarity = np.where(count > 0, np.log(1 + (pages.shape[1] - count + 0.5) / (count + 0.5)), 0.0)
    total = float(rarity.sum())
    if not total:
        return {}
    size = np.asarray(passages.lengths, dtype=np.float64)
    by_page = _scores(pages, np.add.reduceat(size, starts), rarity)[np.asarray(passages.groups)]
    score = (PAGE * by_page + (1 - PAGE) * _scores(held, size, rarity)) / total
    best = np.argsort(-score, kind="stable")[:limit]
    return {passages.seqs[place]: float(score[place]) for place in best if score[place] > 0}


def _joined(documents: Sequence[Passages]) -> Passages:
    """The passages of several documents, their pages numbered through."""
    found = Passages([], [], [])
    for document in documents:
        first = found.groups[-1] + 1 if found.groups else 0
        found.groups.extend(first + group for group in document.groups)
        found.seqs.extend(document.seqs)
        found.lengths.extend(document.lengths)
    return found


def _held(passages: Passages, pairs: Sequence[tuple[int, int]], words: int) -> Flags:
    """Which word (row) stands in which passage (column)."""
    import numpy as np

    at = {seq: place for place, seq in enumerate(passages.seqs)}
    held = np.zeros((words, len(at)), dtype=bool)
    for word, seq in pairs:
        # Between the passages of a document another writer's records may stand.
        if seq in at:
            held[word, at[seq]] = True
    return held


def _scores(held: Flags, size: Numbers, rarity: Numbers) -> Numbers:
    """BM25 of words that are there or not, by column: at mean length a word counts its rarity."""
    import numpy as np

    return np.asarray((rarity @ held) * (K1 + 1) / (1 + K1 * (1 - B + B * size / size.mean())))
