"""The evidence of a step under short ids, in an order that grows only at its end, so that what was cached stays cached."""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

from agents.model import Passage
from agents.turn import Finding, Post
from memory.thesis import Evidence

POOL = 40
"""Pieces of evidence that every role of a run sees."""
LATER = 12
"""Pieces that came up in the discussion, and follow the pool."""


class Pool(NamedTuple):
    """Evidence by short id: E1, E2 … in the order in which the model reads it; ``first`` of them are the workers'."""

    items: dict[str, Evidence]
    first: int = POOL

    def passages(self) -> tuple[Passage, ...]:
        """The workers' evidence, as the model is shown it."""
        return self._shown()[: self.first]

    def later(self) -> tuple[Passage, ...]:
        """What the discussion brought."""
        return self._shown()[self.first :]

    def _shown(self) -> tuple[Passage, ...]:
        return tuple(Passage(id=name, source=f"{e.source_uri} {e.locator}".strip(), text=e.quote) for name, e in self.items.items())

    def of(self, names: Iterable[str]) -> tuple[Evidence, ...]:
        """The pieces of these ids, each once; ids that do not exist are left out, and their numbers find no support."""
        return tuple(self.items[name] for name in dict.fromkeys(names) if name in self.items)


def pool(findings: Sequence[Finding], workers: Sequence[str], posts: Sequence[Post] = (), most: int = POOL) -> Pool:
    """What the workers found, a piece of each thesis in turn, then what the discussion brought."""
    theirs = [finding for finding in findings if finding.role in workers]
    found = _distinct(_in_turn(theirs))[:most]
    later = [finding.citations for finding in findings if finding.role not in workers] + [post.citations for post in posts]
    known = {(item.record, item.quote) for item in found}
    more = [item for item in _distinct(chain.from_iterable(later)) if (item.record, item.quote) not in known]
    return Pool({f"E{number}": item for number, item in enumerate([*found, *more[:LATER]], 1)}, len(found))


def _in_turn(findings: Sequence[Finding]) -> Iterable[Evidence]:
    by_thesis: dict[str, list[Evidence]] = {}
    for finding in findings:
        by_thesis.setdefault(finding.thesis, []).extend(finding.citations)
    rows = zip_longest(*by_thesis.values())
    return (item for row in rows for item in row if item is not None)


def _distinct(items: Iterable[Evidence]) -> list[Evidence]:
    found: dict[tuple[str, str], Evidence] = {}
    for item in items:
        found.setdefault((item.record, item.quote), item)
    return list(found.values())
