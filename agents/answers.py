"""The forms in which a model answers, and how an answer becomes posts and proposals."""

import re
from collections.abc import Collection
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.errors import ModelAnswerError
from memory.book import first_problem

M = TypeVar("M", bound=BaseModel)
_MARK = re.compile(r"\s?\[((?:[ET]\d+)(?:\s?[,;]\s?[ET]\d+)*)\]")
_ID = re.compile(r"[ET]\d+")
_MENTION = re.compile(r"@([a-z][a-z-]*[a-z])")


class Said(BaseModel):
    """One post as the model writes it."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=2000)
    evidence: list[str] = Field(default_factory=list, description="ids such as E3 or T1")
    to: list[str] = Field(default_factory=list, description="roles that must answer; empty when none has to")
    thesis: str = Field(default="", description="slug")


class Posts(BaseModel):
    """What a role says in one turn."""

    model_config = ConfigDict(extra="forbid")

    posts: list[Said] = Field(max_length=4)


class Revised(BaseModel):
    """A typed proposal."""

    model_config = ConfigDict(extra="forbid")

    rationale: str = Field(min_length=1, max_length=1500)
    evidence: list[str] = Field(description="ids that carry the rationale")
    conviction: float | None = Field(default=None, ge=0.01, le=0.99, description="null, unless evidence that no rule reads moves it")
    why: str = Field(default="", max_length=600, description="why the rules miss it; empty when conviction is null")


class Gist(BaseModel):
    """One record in a line of each language."""

    model_config = ConfigDict(extra="forbid")

    id: str
    en: str = Field(max_length=300)
    zh: str = Field(max_length=200)


class Gists(BaseModel):
    """The lines of several records."""

    model_config = ConfigDict(extra="forbid")

    gists: list[Gist]


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema that an endpoint is given: references resolved, bounds left to our own validation."""
    schema = model.model_json_schema()
    resolved: dict[str, Any] = _resolved(schema, schema.get("$defs", {}))
    return resolved


def _resolved(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    dropped = {"$defs", "title", "default", "minLength", "maxLength", "minimum", "maximum", "maxItems", "minItems"}
    found = {key: _resolved(value, definitions) for key, value in node.items() if key not in dropped or key in node.get("properties", ())}
    if found.get("type") == "object" and "properties" in found:
        found["required"] = list(found["properties"])
    return found


def parsed(text: str, form: type[M]) -> M:
    """The JSON object in an answer.

    Raises:
        ModelAnswerError: there is none, or it is not of the form; the message is what the model is told.
    """
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise ModelAnswerError("it holds no JSON object")
    try:
        return form.model_validate_json(text[start : end + 1])
    except ValidationError as error:
        raise ModelAnswerError(first_problem(error)) from error


def marks(text: str) -> list[str]:
    """The evidence ids that stand in square brackets in a text."""
    return [name for match in _MARK.finditer(text) for name in _ID.findall(match[1])]


def without_marks(text: str) -> str:
    """The text as people read it: the channel shows citations by itself."""
    return _MARK.sub("", text).strip()


def mentioned(text: str, roles: Collection[str], but: str) -> tuple[str, ...]:
    """Roles that a text addresses with @, each once."""
    return tuple(name for name in dict.fromkeys(_MENTION.findall(text)) if name in roles and name != but)
