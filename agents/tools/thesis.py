"""Tools over the thesis book."""

from pydantic import BaseModel

from agents.tool import tool
from agents.workbench import Workbench
from memory.thesis import Thesis


class ThesisRow(BaseModel):
    """A thesis at a glance."""

    slug: str
    title: str
    stance: str
    conviction: float
    status: str
    revision: int


class ThesisList(BaseModel):
    """The book at the as-of."""

    theses: list[ThesisRow]


class ThesisView(BaseModel):
    """A thesis and the revision it stands at."""

    thesis: Thesis
    revision: int
    hash: str


@tool("thesis.list")
def thesis_list(workbench: Workbench) -> ThesisList:
    """The book: slug, stance, conviction and status of every thesis."""
    return ThesisList(
        theses=[
            ThesisRow(
                slug=entry.thesis.slug,
                title=entry.thesis.title,
                stance=entry.thesis.stance,
                conviction=entry.thesis.conviction,
                status=entry.thesis.status,
                revision=entry.revision.n,
            )
            for entry in workbench.theses()
        ]
    )


@tool("thesis.get")
def thesis_get(workbench: Workbench, slug: str) -> ThesisView:
    """One thesis whole: claim, signals, falsifiers, positions, forecasts."""
    entry = workbench.book.get(slug, workbench.as_of)
    return ThesisView(thesis=entry.thesis, revision=entry.revision.n, hash=entry.revision.hash)
