"""What may change the book by rule, and what waits for a person."""

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from memory.thesis import Proposal, Thesis, ThesisStatus

_FREE = frozenset({"conviction", "applied"})


class GateRules(BaseModel):
    """When a person is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    conviction_step: float = Field(default=0.10, gt=0, le=1, description="larger moves of conviction wait for a person")


class Ruling(NamedTuple):
    """Allow or ask, and the reason that people read."""

    decision: Literal["allow", "ask"]
    reason: str


def rule_on(proposal: Proposal, thesis: Thesis, rules: GateRules) -> Ruling:
    """Whether a proposal may enter the book by rule.

    A fired falsifier may challenge a thesis at once, because that is the careful direction; whatever lowers the guard,
    changes the bet or moves conviction far is a person's.
    """
    patch = proposal.patch
    if patch == {"status": ThesisStatus.CHALLENGED.value}:
        return Ruling("allow", "a fired falsifier challenges the thesis at once")
    if thesis.status is ThesisStatus.CHALLENGED:
        return Ruling("ask", "the thesis is challenged")
    if proposal.judgement:
        return Ruling("ask", "it is a judgement, which no rule gives")
    others = sorted(set(patch) - _FREE)
    if others:
        return Ruling("ask", f"it changes {', '.join(others)}")
    step = abs(float(patch.get("conviction", thesis.conviction)) - thesis.conviction)
    if step > rules.conviction_step + 1e-9:
        return Ruling("ask", f"conviction would move by {step:.2f}, more than {rules.conviction_step:.2f}")
    return Ruling("allow", f"conviction moves by {step:.2f}, within {rules.conviction_step:.2f}")
