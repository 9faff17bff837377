"""A chart before it is drawn: what it shows, in numbers; and the port that draws it."""

from collections.abc import Mapping
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

PictureKind = Literal["line", "curve", "fan", "payoff", "scatter", "heat", "drawdown"]


class PictureLine(BaseModel):
    """One line, or the cloud of a scatter; x is an ISO date or a number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    unit: str = ""
    x: tuple[str | float, ...]
    y: tuple[float, ...]


class Mark(BaseModel):
    """A level or a place that is named on the picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: str | float | None = None
    y: float | None = None
    text: str


class Picture(BaseModel):
    """Everything on the picture. A reader sees unit, as-of and source, and whether the data are synthetic or in doubt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: PictureKind
    title: str
    x_label: str = ""
    y_label: str = ""
    lines: tuple[PictureLine, ...] = ()
    matrix: tuple[tuple[float, ...], ...] = Field(default=(), description="of a heat map, by the labels of the lines")
    marks: tuple[Mark, ...] = ()
    sources: tuple[str, ...]
    as_of: str
    synthetic: bool = False
    doubts: tuple[str, ...] = Field(default=(), description="errors that the quality checks found, in short")

    def table(self) -> tuple[list[str], list[list[str | float]]]:
        """The numbers behind the picture: a header and rows, one row a point."""
        if self.kind == "heat":
            names = [line.label for line in self.lines]
            return ["series", *names], [[name, *values] for name, values in zip(names, self.matrix, strict=True)]
        rows: list[list[str | float]] = []
        for line in self.lines:
            rows += [[line.label, line.unit, x, y] for x, y in zip(line.x, line.y, strict=True)]
        return ["line", "unit", "x", "y"], rows


class Painter(Protocol):
    """Draws pictures and keeps the files."""

    def paint(self, picture: Picture) -> Mapping[str, str]:
        """The paths of the files it wrote: png, svg, csv and json."""
        ...
