"""What an agent without a model answers a person: the newest value of the series that is asked for, and what memory holds, quoted."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agents.playbook.wording import number, quoted, said
from agents.turn import Post, Task, Turn
from agents.workbench import Workbench
from memory.errors import RuleError
from memory.measures import sentences
from memory.observation import SeriesInfo
from memory.records import DESK, Kind
from memory.rules import ValueEvidence
from memory.thesis import Evidence

QUOTED, NEAR = 3, 0.65
"""Passages that are quoted at most, and what of the best one's score each must have."""
SHORTEST = 3
"""Words of a sentence that says something."""
VALUES, MEANT, ALIKE = 2, 0.5, 0.8
"""Series that are told at most, what of the question's words a series must have, and what of the best one's share each."""

_VALUE = (
    r"\b(?:prices?|levels?|rates?|spreads?|premiums?|stocks?|yields?|values?|latest|newest|trad(?:es?|ing)|now|current|"
    r"where (?:is|are)|how (?:much|high|low))\b|价格?|多少|利率|库存|水平|最新|现在"
)
"""What asks for a number that a series may hold; what is left of the question names it."""
_INTERROGATIVES = r"多少|什么|怎么样?|如何|为何|几个?"


def answer(task: Task, workbench: Workbench) -> Turn:
    """A person's question: values, then passages."""
    rarity = _rarity(task.question, workbench)
    naming = _naming(task.question, rarity)
    citations, lines = [], []
    for text, evidence in [*_values(task.question, naming, rarity, workbench), *_quotes(task.question, naming, rarity, workbench)]:
        lines.append(text)
        citations.append(evidence)
    text = said(lines) if lines else "Memory holds nothing on this: ingest a source, or ask with other words."
    return Turn(posts=(Post(role=task.role, text=text, citations=tuple(citations)),))


def series_figure(item: ValueEvidence, key: str, workbench: Workbench, thesis: str = "", **more: Any) -> Evidence:
    """A value of a series as a figure that can be cited: what was read, of which day, known when, from which file."""
    info = workbench.market.info(item.source)
    body = f"{item.call} = {number(item.value)} {item.unit}".strip() + f" on {item.valid_time} (known {item.known_at:%Y-%m-%d})"
    if info and info.synthetic:
        body += ", synthetic"
    source = info.source if info else ""
    uri = f"data/{source}" if source and "/" not in source and "." in source else source or "data"
    data = {"series": item.source, "value": item.value, "unit": item.unit, "valid_time": str(item.valid_time), **more}
    return workbench.figure(key, body, data, uri=uri, locator=f"{item.source}, {item.valid_time}", thesis=thesis)


def _naming(question: str, rarity: Mapping[str, float]) -> dict[str, float]:
    """The words of a question that name what it is about; all of them where it only asks for a number."""
    from memory.text import fold, tokens

    named = {token: rarity[token] for token in tokens(re.sub(f"{_VALUE}|{_INTERROGATIVES}", " ", fold(question))) if token in rarity}
    return named or dict(rarity)


def _quotes(
    question: str, naming: Mapping[str, float], rarity: Mapping[str, float], workbench: Workbench
) -> Iterator[tuple[str, Evidence]]:
    """The sentences that answer best, of the passages that name what is asked for."""
    from memory.text import tokens

    hits = workbench.recall.search(question, 4, kinds=[Kind.CHUNK, Kind.NOTE], as_of=workbench.as_of, without=DESK).hits
    for hit in [hit for hit in hits[:QUOTED] if hit.score >= NEAR * hits[0].score]:
        best = _nearest(naming, rarity, hit.text)
        if best and not naming.keys().isdisjoint(tokens(f"{hit.title} {hit.text}")):
            evidence = Evidence(record=hit.id, quote=best, source_uri=hit.source_uri, locator=hit.locator)
            yield f"{quoted(best)} ({hit.source_uri}, {hit.locator})", evidence


def _values(
    question: str, naming: Mapping[str, float], rarity: Mapping[str, float], workbench: Workbench
) -> Iterator[tuple[str, Evidence]]:
    """The newest values of the series that a question for a number names best."""
    from memory.text import fold, tokens

    if not re.search(_VALUE, fold(question)):
        return
    whole = sum(naming.values())
    meant: list[tuple[float, float, int, SeriesInfo]] = []
    for info in workbench.market.series().values():
        words = set(tokens(f"{info.title} {info.title_zh} {re.sub('[._]', ' ', info.series)}"))
        share = sum(weight for token, weight in naming.items() if token in words) / (whole or 1.0)
        if share >= MEANT:
            meant.append((share, sum(weight for token, weight in rarity.items() if token in words), len(tokens(info.title)), info))
    meant.sort(key=lambda item: (-item[0], -item[1], item[2], item[3].series))
    for share, score, _, info in meant[:VALUES]:
        if share < ALIKE * meant[0][0] or score < ALIKE * meant[0][1]:
            continue
        try:
            read = workbench.evaluate(f"last({info.series})").evidence
        except RuleError:
            continue  # a derived series whose parts are not there: a rule that needs it says so
        if read:
            value = f"{info.title or info.series}: {number(read[0].value)} {read[0].unit}".strip()
            yield f"{value} on {read[0].valid_time}", series_figure(read[0], f"answer:{info.series}", workbench)


def _rarity(question: str, workbench: Workbench) -> dict[str, float]:
    """The words of a question, each by how rare it is in memory: a common one hardly says which sentence answers."""
    from memory.recall import inverse_document_frequency
    from memory.text import fold, fts_word, tokens

    words = {token: fts_word(token) for token in tokens(re.sub(_INTERROGATIVES, " ", fold(question)))}
    known, total = workbench.recall.document_frequency(list(words.values())), workbench.store.count()
    return {token: inverse_document_frequency(total, known.get(word, 0)) for token, word in words.items()}


def _nearest(naming: Mapping[str, float], rarity: Mapping[str, float], text: str) -> str:
    """The sentence that names what is asked for and holds most of the words; a heading says what it is about, not what holds."""
    from memory.text import tokens

    told = {one: set(tokens(one)) for one in sentences(text) if not one.startswith("#")}
    told = {one: words for one, words in told.items() if len(words) >= SHORTEST}

    def worth(one: str) -> tuple[bool, float, int]:
        words = told[one]
        return not words.isdisjoint(naming), sum(rarity.get(token, 0.0) for token in words), -len(one)

    return max(told, key=worth, default="")
