"""What a model's vectors are worth beside the words: measured on questions whose answers are known, by language and kind of record.

The questions are the development half of the recall set that comes with the package. A model is asked for some six hundred short texts,
once; the weights stand in a file of the desk under the model's name, and hold for that model alone.
"""

import math
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from memory.database import Database
from memory.embedding import Embedder
from memory.index import VectorHit
from memory.ranking import LEARNED, TALK, Weights, rank
from memory.recall import Candidates, Recall
from memory.recall_set.load import Question, fill, questions, score
from memory.records import Kind
from memory.store import Store

STEPS = (0.1, 0.2, 0.35, 0.5, 0.7)
FEWEST = 8
"""Questions that a language, or a kind of record in it, needs to get a weight of its own."""
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
"""The day on which the set is asked."""
FIRST = 10
_MESSAGE = Kind.MESSAGE.value
SURE = 2.0
"""Standard errors: of several weights that are tried, one is better by chance by more than one."""


class Quality(BaseModel):
    """Means over questions of recall@5, recall@10 and reciprocal rank, in equal parts."""

    model_config = ConfigDict(frozen=True)

    questions: int
    words: float
    vectors: float
    fusion: float


class Measured(BaseModel):
    """The weights of one model's vectors, and what they were chosen by."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    fingerprint: str
    vector: dict[str, float]
    kinds: dict[str, float]
    quality: dict[str, Quality]

    def weights(self) -> Weights:
        """As ranking takes them."""
        kinds = {(key.partition("/")[0], key.partition("/")[2]): value for key, value in self.kinds.items()}
        return LEARNED._replace(vector=MappingProxyType(self.vector), kinds=MappingProxyType(kinds))


class _Nearest:
    """Every vector of the set against a question: exact, in memory, with the questions embedded in one go."""

    def __init__(self, embedder: Embedder, texts: Mapping[str, str], asked: Sequence[str]) -> None:
        self.fingerprint = embedder.fingerprint
        self._embedder = embedder
        self._ids = list(texts)
        self._texts = texts
        self._vectors = embedder.embed_documents(list(texts.values()))
        self._asked = dict(zip(asked, embedder.embed_queries(list(asked)), strict=True)) if asked else {}

    def text(self, name: str) -> str:
        """What was embedded under an id."""
        return self._texts[name]

    def query(self, text: str, k: int) -> list[VectorHit]:
        """The ``k`` nearest."""
        if text not in self._asked:
            self._asked[text] = self._embedder.embed_queries([text])[0]
        near = self._vectors @ self._asked[text]
        return [VectorHit(self._ids[n], float(near[n])) for n in near.argsort()[::-1][:k]]


_Asked = tuple[Question, Candidates]


def weigh(
    embedder: Embedder, progress: Callable[[float], None] = lambda _share: None, asked: Sequence[Question] | None = None
) -> Measured:  # fmt: skip
    """Choose, for each language of a question and each kind of record, the share of the score that the vectors have.

    A share is taken only where it answers better than none by more than chance does: noise for vectors gets nothing.

    Args:
        embedder: the model.
        progress: told how much is done, 0 to 1.
        asked: the questions; the development half of the set without it.

    Raises:
        EmbedderError: the model gives no vectors.
    """
    asked = [item for item in questions() if item.split == "dev"] if asked is None else asked
    with _recalling(embedder, asked) as (recall, nearest):
        found = [(item, recall.candidates(item.query, FIRST, item.variants)) for item in asked]
    progress(0.3)
    groups: dict[str, list[_Asked]] = {}
    for pair in found:
        groups.setdefault(pair[1].found[0].language, []).append(pair)
    groups = {language: group for language, group in groups.items() if len(group) >= FEWEST}
    weights = LEARNED._replace(vector=MappingProxyType(dict.fromkeys(LEARNED.vector, 0.0)), kinds=MappingProxyType({}))
    for language, group in groups.items():
        tried = [weights._replace(vector=MappingProxyType({**weights.vector, language: step})) for step in STEPS]
        weights = _chosen(group, weights, tried)
    progress(0.6)
    usual = sum(weights.vector[language] for language in groups) / (len(groups) or 1)
    others = {language: round(usual, 2) for language in weights.vector if language not in groups}
    weights = weights._replace(vector=MappingProxyType({**weights.vector, **others}))
    for language, group in groups.items():
        weights = _bounded(weights, language)
        for kind in _kinds(group):
            shares = [step for step in (0.0, *STEPS) if step != weights.vector_of(language, kind)]
            tried = [weights._replace(kinds=MappingProxyType({**weights.kinds, (language, kind): step})) for step in shares]
            weights = _chosen(group, weights, tried)
    progress(1.0)
    return Measured(
        fingerprint=embedder.fingerprint,
        vector=dict(weights.vector),
        kinds={f"{language}/{kind}": share for (language, kind), share in weights.kinds.items()},
        quality={language: _quality(group, weights, nearest) for language, group in groups.items()},
    )


@contextmanager
def _recalling(embedder: Embedder, asked: Sequence[Question]) -> Iterator[tuple[Recall, _Nearest]]:
    """The set in a store of its own, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="stoa-weigh-") as folder:
        database = Database(Path(folder) / "desk.db")
        try:
            store = Store(database, lambda: NOW)
            fill(store)
            wordings = dict.fromkeys(text for item in asked for text in (item.query, *item.variants))
            nearest = _Nearest(embedder, dict(store.live_texts()), list(wordings))
            yield Recall(database, store, lambda: nearest), nearest
        finally:
            database.close()


def _kinds(group: Sequence[_Asked]) -> list[str]:
    """The kinds of record that answer enough of the questions."""
    count = Counter(
        kind
        for item, candidates in group
        for kind in {row.kind for row in candidates.rows if any(answer in row.body for answer in item.answers)}
    )
    return sorted(kind for kind, n in count.items() if n >= FEWEST)


def _bounded(weights: Weights, language: str) -> Weights:
    """Talk bounded until its own questions tell: what passages, of which most are, gain by more, turns lose."""
    return weights._replace(kinds=MappingProxyType({**weights.kinds, (language, _MESSAGE): min(TALK, weights.vector_of(language))}))


def _chosen(group: Sequence[_Asked], present: Weights, tried: Sequence[Weights]) -> Weights:
    """Of the weights those that answer best, if they beat the present ones by two standard errors of the difference."""
    before, best, most = _scores(group, present), present, 0.0
    for weights in tried:
        gains = [after - was for after, was in zip(_scores(group, weights), before, strict=True)]
        gain = statistics.mean(gains)
        if gain > most and gain > SURE * statistics.stdev(gains) / math.sqrt(len(gains)):
            best, most = weights, gain
    return best


def _scores(group: Sequence[_Asked], weights: Weights) -> list[float]:
    return [sum(score([row.body for row, _ in rank(*candidates, weights)[:FIRST]], item.answers)) / 3 for item, candidates in group]


def _quality(group: Sequence[_Asked], weights: Weights, nearest: _Nearest) -> Quality:
    nothing = MappingProxyType(dict.fromkeys(weights.vector, 0.0))
    alone = [
        sum(score([nearest.text(hit.id) for hit in nearest.query(item.query, FIRST)], item.answers)) / 3
        for item, _ in group
    ]  # fmt: skip
    return Quality(
        questions=len(group),
        words=round(statistics.mean(_scores(group, weights._replace(vector=nothing, kinds=MappingProxyType({})))), 3),
        vectors=round(statistics.mean(alone), 3),
        fusion=round(statistics.mean(_scores(group, weights)), 3),
    )
