"""Tools over the desk's records."""

from pydantic import BaseModel

from agents.errors import ToolError
from agents.tool import tool
from agents.workbench import Workbench
from memory.life import keep_note
from memory.records import Draft, Hit, Kind


class Hits(BaseModel):
    """What recall found."""

    hits: list[Hit]
    index_lag: int


class Remembered(BaseModel):
    """Where a note went; ``repeats`` when the note of this id says the same already; what it contradicts, as questions."""

    id: str
    version: int
    repeats: bool = False
    questions: tuple[str, ...] = ()


class Read(BaseModel):
    """A part of a record, word for word."""

    id: str
    source_uri: str
    locator: str
    offset: int
    length: int
    text: str


PAGE = 4000
"""Characters of a record that one reading shows."""


@tool("recall")
def recall(workbench: Workbench, query: str, k: int = 8, kind: Kind | None = None, thesis: str = "", also: str = "") -> Hits:
    """Find passages, notes and findings by what they say; `also` is the query in the other language (English, 中文)."""
    variants = (also,) if also else ()
    found = workbench.recall.search(query, k, kinds=[kind] if kind else [], as_of=workbench.as_of, thesis=thesis, variants=variants)
    return Hits(hits=found.hits, index_lag=found.index_lag)


@tool("read")
def read(workbench: Workbench, id: str, offset: int = 0) -> Read:  # noqa: A002 - the record's id, as every tool names it
    """Read a record on from an offset: a passage's surroundings, or a long result."""
    record = workbench.store.get(id)
    if record.known_at > workbench.as_of:
        raise ToolError(f"record {id} was not known at {workbench.as_of:%Y-%m-%d}: recall finds what was")
    text = record.body[offset : offset + PAGE]
    return Read(id=id, source_uri=record.source_uri, locator=record.locator, offset=offset, length=len(record.body), text=text)


@tool("remember", effect="write")
def remember(workbench: Workbench, text: str, thesis: str = "", supersedes: str = "") -> Remembered:
    """Keep a note that says something new; with ``supersedes`` it becomes the next version of an earlier one."""
    draft = Draft(
        kind=Kind.NOTE,
        body=text,
        thesis_slugs=(thesis,) if thesis else (),
        run_id=workbench.run_id,
        known_from=workbench.as_of,
    )
    kept = keep_note(workbench.store, workbench.recall, draft, supersedes, workbench.as_of)
    return Remembered(id=kept.record.id, version=kept.record.version, repeats=kept.repeats, questions=kept.questions)
