"""Where a run, an agent's turn, a tool and a model call begin and end, for whoever watches; by default nobody does.

Attributes carry ids, names, counts and amounts only: no text of the desk, no prompt, no arguments of a tool. Their names are those of
OpenTelemetry's conventions for generative AI where there is one.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

Attributes = Mapping[str, str | int | float | bool]

OPERATION = "gen_ai.operation.name"
WORKFLOW, AGENT, TOOL, CONVERSATION = "gen_ai.workflow.name", "gen_ai.agent.name", "gen_ai.tool.name", "gen_ai.conversation.id"
PROVIDER, ASKED_MODEL, MODEL, RESPONSE = "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.response.id"
INPUT_TOKENS, OUTPUT_TOKENS = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
RUN, STATUS, STEP, BY, EFFECT = "stoa.run.id", "stoa.run.status", "stoa.step", "stoa.turn.by", "stoa.tool.effect"
COST, ATTEMPTS, KNOWN = "stoa.cost_usd", "stoa.attempts", "stoa.from_receipt"


class Span(Protocol):
    """One thing that is under way."""

    def note(self, attributes: Attributes) -> None:
        """Say more about it."""
        ...

    def end(self, error: str = "") -> None:
        """It is over, with the class of what went wrong; the first time counts."""
        ...


class Tracing(Protocol):
    """Whoever watches."""

    def begin(self, operation: str, parent: Span | None, attributes: Attributes) -> Span:
        """Something begins inside of ``parent``."""
        ...


class _Unwatched:
    """Nobody looks."""

    def note(self, attributes: Attributes) -> None:
        """Nothing."""

    def end(self, error: str = "") -> None:
        """Nothing."""


UNWATCHED = _Unwatched()
_CURRENT: ContextVar[Span | None] = ContextVar("span", default=None)
_CALLS: ContextVar[Sequence[Span]] = ContextVar("calls", default=())
_watching: list[Tracing] = []


def watch(tracing: Tracing | None) -> None:
    """Let somebody watch this process from now on; None: nobody."""
    _watching[:] = [tracing] if tracing is not None else []


def watched() -> bool:
    """Whether somebody does."""
    return bool(_watching)


def begin(operation: str, attributes: Attributes) -> Span:
    """Something begins inside of what is under way here; whoever began it ends it."""
    return _watching[0].begin(operation, _CURRENT.get(), {OPERATION: operation, **attributes}) if _watching else UNWATCHED


@contextmanager
def span(operation: str, attributes: Attributes) -> Iterator[Span]:
    """Something is under way while the block runs, and all that begins inside of it belongs to it."""
    if not _watching:
        yield UNWATCHED
        return
    made = begin(operation, attributes)
    before = _CURRENT.set(made)
    error = ""
    try:
        yield made
    except BaseException as raised:
        error = type(raised).__name__
        raise
    finally:
        _CURRENT.reset(before)
        made.end(error)


@contextmanager
def calls(spans: Sequence[Span]) -> Iterator[None]:
    """The spans of model calls that are made together: whoever makes them can say what each used, and end it when it is answered."""
    before = _CALLS.set(spans)
    error = ""
    try:
        yield
    except BaseException as raised:
        error = type(raised).__name__
        raise
    finally:
        _CALLS.reset(before)
        for item in spans:
            item.end(error)


def call_spans(count: int) -> Sequence[Span]:
    """The spans of the calls that are being made, in their order."""
    found = _CALLS.get()
    return found if len(found) == count else [UNWATCHED] * count
