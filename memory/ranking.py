"""The order of the hits: what both channels say, and what stands around a record.

The share of a question's words that a record holds, weighted by how rare they are, is comparable between wordings,
parts and languages; a score divided by the best of its own list is not. So the lexical channel is scaled by the most
that the wording could reach. The rest are features of the record: its neighbours in the document or the thread, the
thread as a whole, who said it, the period it is about, and when it was known.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from memory.named import named
from memory.question import Question
from memory.records import Kind, Trust
from memory.text import fold, tokens

SATURATION = 2.2
"""BM25's k1 + 1 with k1 = 1.2: the most that one word can count."""

ALIKE = 0.9
"""Two texts that share this much of their words are one."""

FOLDED = 60
"""Hits that are compared with each other for likeness."""


_PERSON, _MESSAGE = Trust.PERSON.value, Kind.MESSAGE.value  # asked of every row, and an enumeration takes long to give its value


class Weights(NamedTuple):
    """What each feature counts.

    The numbers were chosen on the development halves of the recall set and of the public sets that docs/recall.md names.
    """

    vector: Mapping[str, float] = MappingProxyType({"en": 0.2, "zh": 0.0, "mixed": 0.05, "other": 0.1})
    kinds: Mapping[tuple[str, str], float] = MappingProxyType({})
    floored: bool = False
    part: float = 0.9
    short: float = 0.75
    after: float = 0.7
    before: float = 0.4
    sure: float = 0.1
    chunk: float = 0.0
    thread: float = 1.0
    author: float = 0.8
    said: float = 0.8
    asks: float = 0.6
    talk: float = 0.75
    answer: float = 0.5
    period: float = 0.4
    entity: float = 0.4
    time: float = 0.5
    fade_days: float = 150.0
    trust: float = 0.02

    def vector_of(self, language: str, kind: str = "") -> float:
        """The weight of the vector channel for a question in a language, and for a kind of record where it was measured."""
        return self.kinds.get((language, kind), self.vector.get(language, 0.1))


WEIGHTS = Weights()
"""With hashed words for vectors, which see what the lexical channel sees: in Chinese more of them only loses."""

TALK = 0.35
"""What vectors count for turns of talks at the most until it is measured: short turns say much with few words, to a model little."""

LEARNED = WEIGHTS._replace(
    floored=True,
    after=0.5,
    vector=MappingProxyType(dict.fromkeys(("en", "zh", "mixed", "other"), 0.5)),
    kinds=MappingProxyType({(spoken, _MESSAGE): TALK for spoken in ("en", "zh", "mixed", "other")}),
)
"""With an embedding model whose vectors were not measured yet (``memory.weighing``): half and half, in talk less."""


class Found(NamedTuple):
    """What the channels found for one wording: scores by place in the store, and the most a record could reach."""

    lexical: Mapping[int, float]
    vector: Mapping[str, float]
    attainable: float
    is_part: bool
    language: str


Why = dict[str, float]


def rank(question: Question, rows: Sequence[Any], found: Sequence[Found], weights: Weights = WEIGHTS) -> list[tuple[Any, Why]]:
    """Rows, best first, each with every feature's share of its score; the best text alone has about one."""
    scales = _scales(found, weights)
    turns = [len(row.body) for row in rows if row.thread_id]
    usual = sum(turns) / len(turns) if turns else 0.0
    base = {row.seq: _relevance(row, found, scales, weights, _evened(len(row.body), usual) if row.thread_id else 1.0) for row in rows}
    # What is hardly relevant itself makes nothing beside it relevant.
    lends = {seq: (own := sum(why.values())) * min(1.0, own / weights.sure) for seq, why in base.items()}
    spread = _around(rows, lends, weights)
    newest = max((row.known_at for row in rows), default=None)
    asked = named(question.wordings[0], {entity for row in rows for entity in row.entities}) if question.wordings else set()
    scored = []
    for row in rows:
        why = base[row.seq] | spread.get(row.seq, {})
        total = sum(why.values())
        if total <= 0:
            continue
        factors = _factors(question, row, newest, weights)
        if asked and row.entities:
            factors["entity"] = weights.entity if asked.intersection(row.entities) else -weights.entity
        for name, factor in factors.items():
            why[name] = total * factor
            total += why[name]
        scored.append((row, why))
    scored = _levelled(scored, base, weights)
    totals = [sum(why.values()) for _, why in scored]
    best = max(totals, default=0.0) or 1.0
    order = sorted(range(len(scored)), key=lambda n: (-round(totals[n] / best, 6), scored[n][0].id))
    return [(scored[n][0], {name: share / best for name, share in scored[n][1].items()}) for n in order]


def _levelled(scored: Sequence[tuple[Any, Why]], base: Mapping[int, Why], weights: Weights) -> list[tuple[Any, Why]]:
    """Turns of talks as a whole brought back to what their own words reach.

    What stands around a turn says which turn answers, not that talk answers better than documents.
    """
    if not any(row.thread_id for row, _ in scored):
        return list(scored)
    own = max((sum(base[row.seq].values()) for row, _ in scored if row.thread_id), default=0.0)
    most = max((sum(why.values()) for row, why in scored if row.thread_id), default=0.0)
    level = min(1.0, weights.talk * own / most) if most else 1.0
    return [(row, {name: share * level for name, share in why.items()} if row.thread_id else why) for row, why in scored]


class _Scales(NamedTuple):
    """What the scores of one wording are multiplied by."""

    lexical: float
    vector: float
    floor: float
    language: str
    share: float


def _scales(found: Sequence[Found], weights: Weights) -> list[_Scales]:
    """A short part is soon matched whole: it counts by how much of the question it is.

    The inner products come to the scale of the lexical channel: the nearest record counts as the best by words does. A model finds
    something in common between any two texts: what the farthest of its candidates has counts nothing (minimum and maximum, as
    Bruch, Gai and Ingber 2023 compare them with other ways to fuse).
    """
    whole, scales = (found[0].attainable if found else 0.0) or 1.0, []
    for item in found:
        share = weights.part * min(1.0, item.attainable / whole) ** weights.short if item.is_part else 1.0
        nearest, least = max(item.vector.values(), default=0.0), min(item.vector.values(), default=0.0)
        floor = least if weights.floored and nearest > least else 0.0
        level = max(item.lexical.values(), default=0.0) / (item.attainable or 1.0) or 0.5
        lexical, vector = share / (item.attainable or 1.0), share * level / (nearest - floor) if nearest > floor else 0.0
        scales.append(_Scales(lexical, vector, floor, item.language, weights.vector_of(item.language)))
    return scales


def _evened(length: int, usual: float) -> float:
    """What a turn of a talk is multiplied by, for BM25 holds length against it as against a padded document.

    A long turn is one that says something: b = 0.3, not 0.75. Exact for a word that stands once; the lengths are characters.
    """
    share = length / usual
    return (1 + 1.2 * (0.25 + 0.75 * share)) / (1 + 1.2 * (0.7 + 0.3 * share))


def _relevance(row: Any, found: Sequence[Found], scales: Sequence[_Scales], weights: Weights, evened: float) -> Why:
    """The best of the wordings and, a little less, of the parts; a record that serves two of them gets more."""
    best, most, rest = (0.0, 0.0), 0.0, 0.0
    for item, scale in zip(found, scales, strict=True):
        share = weights.vector_of(scale.language, row.kind) if weights.kinds else scale.share
        words = evened * (1 - share) * scale.lexical * item.lexical.get(row.seq, 0.0)
        vector = share * scale.vector * max(0.0, item.vector.get(row.id, 0.0) - scale.floor) if item.vector else 0.0
        if words + vector > most:
            rest += 0.05 * most
            best, most = (words, vector), words + vector
        else:
            rest += 0.05 * (words + vector)
    why = {"lexical": best[0], "vector": best[1]}
    return {**why, "wordings": rest} if rest and len(found) > 1 else why


def _around(rows: Sequence[Any], base: Mapping[int, float], weights: Weights) -> dict[int, Why]:
    """What neighbours in the same thread or document, and the thread as a whole, lend to each row."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        if row.thread_id:
            groups.setdefault(("thread", row.thread_id), []).append(row)
        elif row.parent_id and weights.chunk:
            groups.setdefault(("parent", row.parent_id), []).append(row)
    lent: dict[int, Why] = {}
    for (kind, _), members in groups.items():
        ordered = sorted(members, key=lambda row: row.seq)
        top = sorted((base[row.seq] for row in ordered), reverse=True)[:3]
        for place, row in enumerate(ordered):
            near = _nearby(ordered, place, base, weights) if kind == "thread" else weights.chunk * _beside(ordered, place, base)
            share = {"neighbours": near, "thread": weights.thread * sum(top) / 3 if kind == "thread" else 0.0}
            lent[row.seq] = {name: value for name, value in share.items() if value}
    return lent


def _nearby(ordered: Sequence[Any], place: int, base: Mapping[int, float], weights: Weights) -> float:
    """In a thread an answer follows its question: what stands before counts more than what comes after."""
    near = 0.0
    for step, share in ((1, 1.0), (2, 0.6), (3, 0.2)):
        if place - step >= 0:
            near += weights.after * share * base[ordered[place - step].seq]
    for step, share in ((1, 1.0), (2, 0.5)):
        if place + step < len(ordered):
            near += weights.before * share * base[ordered[place + step].seq]
    return near


def _beside(ordered: Sequence[Any], place: int, base: Mapping[int, float]) -> float:
    """The better of two neighbours in a document, where they truly stand side by side."""
    sides = [ordered[i] for i in (place - 1, place + 1) if 0 <= i < len(ordered)]
    return max((base[row.seq] for row in sides if abs(row.seq - ordered[place].seq) == 1), default=0.0)


def _factors(question: Question, row: Any, newest: datetime | None, weights: Weights) -> Why:
    """What raises or lowers a score in proportion: an irrelevant record is not saved by being new."""
    factors: Why = {"trust": weights.trust} if row.trust == _PERSON else {}
    if row.author and row.kind == _MESSAGE and fold(row.author) in question.words:
        factors["author"] = weights.author
    if row.thread_id and _asks(row.body):
        factors["asks"] = -weights.asks
    if question.answer and row.thread_id and question.answer(row.body):
        factors["answer"] = weights.answer
    if question.years and row.period:
        factors["period"] = weights.period * _period(question.years, row.period)
    elif question.day is not None and row.thread_id:
        factors["time"] = weights.said * question.day.nearness(row.known_at)
    elif question.span is not None:
        factors["time"] = weights.time * (_at(row.known_at, question, weights) - 0.5)
    elif question.newest and newest is not None:
        age = (newest - row.known_at).total_seconds() / 86400
        factors["time"] = weights.time * (math.exp(-age / weights.fade_days) - 0.5)
    return {name: share for name, share in factors.items() if share} if factors else factors


def _asks(body: str) -> bool:
    """Whether a turn only asks: it answers nothing."""
    said = body.strip()
    return said.endswith(("?", "？")) and re.search(r"[.!?。！？]\s*\S", said) is None


def _period(years: Sequence[str], period: str) -> float:
    """One for the last year asked for, less for another one or the year after, in whose report it also stands."""
    if max(years) in period:
        return 1.0
    year = period[:4]
    if year in years or (year.isdigit() and int(year) == int(max(years)) + 1):
        return 0.0
    return -1.0


def _at(known: datetime, question: Question, weights: Weights) -> float:
    """One for what was known in the span, less for what was older then, little for what came later."""
    assert question.span is not None
    if known > question.span.end:
        return 0.5 * math.exp(-(known - question.span.end).total_seconds() / 86400 / 20)
    before = max(0.0, (question.span.start - known).total_seconds() / 86400)
    return math.exp(-before / weights.fade_days)


class _Words(NamedTuple):
    """The search tokens of a text, and those of them with a digit."""

    all: frozenset[str]
    numbers: frozenset[str]


def folded(scored: Sequence[tuple[Any, Why]], most: int) -> list[tuple[Any, Why]]:
    """The first ``most``; of texts that say the same, the best: equal but for spelling and spaces, or nearly all words shared."""
    kept: list[tuple[Any, Why]] = []
    texts: set[str] = set()
    seen: list[_Words] = []
    for row, why in scored:
        if len(kept) == most:
            break
        plain = "".join(letter for letter in fold(row.body) if letter.isalnum())
        if plain in texts:
            continue
        texts.add(plain)
        if len(seen) < FOLDED:
            words = _words(row.body[:4000])
            if len(words.all) >= 8 and any(_likeness(words, other) >= ALIKE for other in seen):
                continue
            seen.append(words)
        kept.append((row, why))
    return kept


def _words(text: str) -> _Words:
    found = frozenset(tokens(text))
    return _Words(found, frozenset(word for word in found if any(letter.isdigit() for letter in word)))


def _likeness(one: _Words, other: _Words) -> float:
    """Jaccard's index, with numbers counted as what tells two reports apart."""
    if one.numbers != other.numbers:
        return 0.0
    return len(one.all & other.all) / (len(one.all | other.all) or 1)
