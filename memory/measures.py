"""Numbers that documents state, read by rules as ``fact("name")``."""

import re
from collections.abc import Sequence
from datetime import datetime

from memory.facts import Fact, extract_facts
from memory.recall import Recall
from memory.records import DESK, Hit, Kind
from memory.rules import FactValue
from memory.text import fold
from memory.thesis import Measure

_SENTENCE = re.compile(r"[^。！？；\n]+?(?:[。！？；]|(?<=[^\d])[.!?](?=\s|$)|(?<=\d)[.!?](?=\s|$)|\n|$)")


class DocumentFacts:
    """Fulfils ``FactReader`` for one thesis: the newest document sentence that holds a measure's words and unit."""

    def __init__(self, recall: Recall, measures: Sequence[Measure]) -> None:
        self._recall = recall
        self._measures = {measure.name: measure for measure in measures}

    def names(self) -> set[str]:
        """The measures there are."""
        return set(self._measures)

    def latest(self, name: str, as_of: datetime) -> FactValue | None:
        """The value, its unit, and the sentence as a quote; of a range, the middle."""
        measure = self._measures.get(name)
        if measure is None:
            return None
        hits: dict[str, Hit] = {}
        for term in measure.terms:
            found = self._recall.search(term, 12, kinds=[Kind.CHUNK, Kind.NOTE], as_of=as_of, without=DESK).hits
            hits |= {hit.id: hit for hit in found}
        for hit in sorted(hits.values(), key=lambda hit: (hit.known_at, hit.id), reverse=True):
            value = _stated(hit, measure)
            if value:
                return value
        return None


def sentences(text: str) -> list[str]:
    """The sentences of a passage, verbatim, without the space around them."""
    return [match.group().strip() for match in _SENTENCE.finditer(text) if match.group().strip()]


def _stated(hit: Hit, measure: Measure) -> FactValue | None:
    wanted = [fold(term) for term in measure.terms]
    for sentence in sentences(hit.text):
        plain = fold(sentence)
        places = [plain.find(term) for term in wanted if term in plain]
        if not places:
            continue
        facts = [fact for fact in extract_facts(sentence) if fact.kind in {"number", "range"} and fact.unit == measure.unit]
        if facts:
            nearest = min(facts, key=lambda fact: _distance(fact, places))
            return FactValue(sum(nearest.values) / len(nearest.values), nearest.unit, hit.id, sentence, hit.known_at)
    return None


def _distance(fact: Fact, places: Sequence[int]) -> int:
    # What follows the name is more often its number than what stands before it.
    return min(fact.start - place if fact.start >= place else 2 * (place - fact.start) for place in places)
