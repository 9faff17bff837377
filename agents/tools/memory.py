"""Tools over the desk's records."""

from pydantic import BaseModel

from agents.tool import tool
from agents.workbench import Workbench
from memory.records import Draft, Hit, Kind


class Hits(BaseModel):
    """What recall found."""

    hits: list[Hit]
    index_lag: int


class Remembered(BaseModel):
    """Where a note went."""

    id: str
    version: int


@tool("recall")
def recall(
    workbench: Workbench, query: str, k: int = 8, kind: Kind | None = None, thesis: str = "", variants: tuple[str, ...] = ()
) -> Hits:
    """Find passages, notes and findings by what they say, in English or Chinese, as known at the as-of.

    ``variants`` are the same question in other words or in the other language: what was written in Chinese is found by
    a Chinese wording.
    """
    found = workbench.recall.search(query, k, kinds=[kind] if kind else [], as_of=workbench.as_of, thesis=thesis, variants=variants)
    return Hits(hits=found.hits, index_lag=found.index_lag)


@tool("remember", effect="write")
def remember(workbench: Workbench, text: str, thesis: str = "", supersedes: str = "") -> Remembered:
    """Keep a note; with ``supersedes`` it becomes the next version of an earlier one."""
    draft = Draft(
        kind=Kind.NOTE,
        body=text,
        thesis_slugs=(thesis,) if thesis else (),
        run_id=workbench.run_id,
        known_from=workbench.as_of,
    )
    record = workbench.store.remember(draft, supersedes=supersedes)
    return Remembered(id=record.id, version=record.version)
