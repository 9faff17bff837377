"""What an agent needs of a model: whole answers to prompts, with a receipt kept by whoever provides them."""

from collections.abc import Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from agents.errors import ModelError
from agents.turn import Say


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Passage(_Frozen):
    """One piece of evidence under the short id by which the model names it."""

    id: str
    source: str
    text: str


class ToolSpec(_Frozen):
    """A tool as the endpoint is told of it."""

    name: str
    description: str
    input_schema: dict[str, Any]


class ToolCall(_Frozen):
    """What the model wants done."""

    id: str
    name: str
    arguments: dict[str, Any]


class ToolResult(_Frozen):
    """What came of a call; ``text`` is data from outside, whatever it says."""

    id: str
    text: str
    failed: bool = False


class Step(_Frozen):
    """One step of an exchange that went on: what the model said and called, and what it was told.

    ``thinking`` is opaque: what an endpoint wants back unchanged with the calls it led to.
    """

    said: str = ""
    calls: tuple[ToolCall, ...] = ()
    thinking: tuple[dict[str, Any], ...] = ()
    results: tuple[ToolResult, ...] = ()
    told: str = ""


class Prompt(_Frozen):
    """One request, in the order in which an endpoint can cache it: what most requests share stands first.

    ``schema_`` and ``cite`` exclude each other: citations and an output format in one request are refused.
    """

    shared: str = Field(description="rules and book: equal for every request of a run")
    passages: tuple[Passage, ...] = Field(default=(), description="evidence: equal for every role of a step")
    later: tuple[Passage, ...] = Field(default=(), description="evidence that came after it")
    channel: str = Field(default="", description="what was said: equal for every role of a round")
    role: str = Field(description="who answers, and what it is told")
    task: str
    steps: tuple[Step, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    schema_: dict[str, Any] | None = Field(default=None, description="JSON schema of the answer")
    cite: bool = Field(default=False, description="the answer is prose that cites the passages")
    agent: str
    run_id: str
    thesis: str = ""
    tier: str = Field(default="", description="cheap, strong, a model's name, or empty for the usual one")
    effort: str = ""


class Cited(_Frozen):
    """A quote that the endpoint itself tied to a passage."""

    passage: str
    quote: str


class Answer(_Frozen):
    """What came back, whole."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    thinking: tuple[dict[str, Any], ...] = ()
    cited: tuple[Cited, ...] = ()
    model: str
    request_id: str = ""


class Model(Protocol):
    """A model, or what plays one in a test."""

    def complete_all(self, prompts: Sequence[Prompt], say: Say | None = None) -> list[Answer | ModelError]:
        """Answer prompts that do not depend on each other, at once; the results stand in the order of the prompts.

        A prompt that its run has sent before is answered from its receipt. An answer that is cut, refused or too long is
        returned as its error, because it costs its own turn only.

        Raises:
            ModelError: the endpoint cannot be reached or refuses every request: the run stops, and can be resumed.
        """
        ...

    def left(self, run_id: str) -> float:
        """The share of the run's budget that is not spent, 0 to 1."""
        ...
