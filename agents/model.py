"""What an agent needs of a model: a text for a prompt, with a receipt kept by whoever provides it."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field


class Prompt(BaseModel):
    """One request. What several requests share stands first, so that an endpoint can cache it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shared: str = Field(description="rules, book and evidence: equal for every role of a step")
    role: str = Field(description="who answers, and what it is told")
    task: str
    agent: str
    run_id: str
    thesis: str = ""


class Answer(BaseModel):
    """What came back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    model: str
    request_id: str = ""


class Model(Protocol):
    """A model, or what plays one in a test."""

    def complete(self, prompt: Prompt) -> Answer:
        """Answer a prompt; the same prompt in the same run is answered from its receipt, not asked again.

        Raises:
            ModelError: no whole answer could be had; the message says what to do.
        """
        ...
