"""What an endpoint can do: known for Anthropic, tried out for every other, kept with the desk."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Evidence = Literal["blocks", "text"]
Structure = Literal["format", "tool", "json"]


class Capabilities(BaseModel):
    """One endpoint and model. What is not known to work is not used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str
    model: str
    evidence: Evidence = Field(description="search results as citable blocks, or as numbered text: some endpoints drop blocks in silence")
    structure: Structure = Field(description="an answer of a form: by output format, by a tool, or by asking for JSON and checking it")
    tools: bool
    cache: bool
    probed_at: datetime | None = None
    notes: tuple[str, ...] = ()


def anthropic(model: str) -> Capabilities:
    """Anthropic's own endpoint: documented, so nothing is spent on finding out."""
    return Capabilities(endpoint="anthropic", model=model, evidence="blocks", structure="format", tools=True, cache=True)


def plain(endpoint: str, model: str) -> Capabilities:
    """What every server that speaks the Messages API can do: text."""
    return Capabilities(endpoint=endpoint, model=model, evidence="text", structure="json", tools=False, cache=False)


class CapabilityFile:
    """The records of a desk, one file an endpoint and model."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, endpoint: str, model: str) -> Capabilities | None:
        """What was found out; None when nothing was, or when the file is not of this version."""
        try:
            return Capabilities.model_validate_json(self._path(endpoint, model).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValidationError):
            return None

    def put(self, found: Capabilities) -> None:
        """Keep a record; a later probe replaces it."""
        path = self._path(found.endpoint, found.model)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(found.model_dump(mode="json"), indent=1), encoding="utf-8")
        beside.replace(path)

    def all(self) -> list[Capabilities]:
        """Every record, by file name."""
        return [Capabilities.model_validate_json(path.read_text(encoding="utf-8")) for path in sorted(self._folder.glob("*.json"))]

    def _path(self, endpoint: str, model: str) -> Path:
        return self._folder / f"{hashlib.sha256(f'{endpoint} {model}'.encode()).hexdigest()[:16]}.json"
