"""One agent's turn: what it was asked, and what it gives back."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from agents import tracing
from agents.workbench import Workbench
from memory.thesis import Evidence, Proposal

FindingKind = Literal["signal", "falsifier", "passage", "calculation", "contradiction", "request", "forecast", "bet", "chart"]
Step = Literal["plan", "work", "discuss", "propose", "answer"]
WORKERS = ("data-analyst", "quant")
"""Roles whose work the others build on; developer and front-end join in the discussion, once findings are there."""


Say = Callable[[int, str], None]
"""Called with the number of the attempt and the text so far: a higher number replaces what the lower ones said."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Post(_Frozen):
    """What an agent says in the channel."""

    role: str
    text: str
    citations: tuple[Evidence, ...] = ()
    to: tuple[str, ...] = Field(default=(), description="roles it hands over to, mentions or challenges")
    thesis: str = ""


class Finding(_Frozen):
    """What an agent found, in a form that code can use: ``data`` depends on the kind."""

    kind: FindingKind
    role: str
    thesis: str
    text: str
    citations: tuple[Evidence, ...] = ()
    data: dict[str, Any] = Field(default_factory=dict)


class Turn(_Frozen):
    """All that a turn gives back."""

    posts: tuple[Post, ...] = ()
    findings: tuple[Finding, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    requests: tuple[str, ...] = ()
    by_model: bool = Field(default=False, description="its words are a model's, and are grounded before anybody reads them")


class Task(_Frozen):
    """What an agent is asked to do in this turn."""

    step: Step
    role: str
    theses: tuple[str, ...] = ()
    new_records: tuple[str, ...] = Field(default=(), description="passages that came since the last run")
    question: str = ""
    findings: tuple[Finding, ...] = ()
    posts: tuple[Post, ...] = ()
    round: int = 0


class Agent(Protocol):
    """Who takes turns: a playbook, or a model."""

    def take_all(self, tasks: Sequence[Task], workbench: Workbench, say: Say | None = None) -> Iterator[Turn]:
        """Work on tasks that do not depend on each other; the turns come in the order of the tasks, each as soon as it can."""
        ...

    def left(self, run_id: str) -> float:
        """The share of the run's budget that is left, 0 to 1; 1 for who spends nothing."""
        ...


def turn_attributes(task: Task, run_id: str, by: str) -> tracing.Attributes:
    """What those who watch are told of a turn: who takes it, at which step, and whether a playbook or a model does."""
    return {tracing.AGENT: task.role, tracing.RUN: run_id, tracing.STEP: task.step, tracing.BY: by}


def merged(turns: Sequence[Turn]) -> Turn:
    """Several turns as one, in order."""
    return Turn(
        posts=tuple(post for turn in turns for post in turn.posts),
        findings=tuple(finding for turn in turns for finding in turn.findings),
        proposals=tuple(proposal for turn in turns for proposal in turn.proposals),
        requests=tuple(request for turn in turns for request in turn.requests),
    )
