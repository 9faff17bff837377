"""The loop of one agent with a model: ask, run the tools it calls, tell it the results, until it has answered."""

from collections.abc import Generator, Sequence
from contextvars import Context, copy_context
from typing import NamedTuple, TypeVar

from agents import tracing
from agents.compaction import KEPT, compacted, prompt_tokens, summary_prompt, with_summary
from agents.errors import ModelContextError, ModelError
from agents.model import Answer, Model, Prompt, Step
from agents.tool_use import CALL, ToolUse
from agents.turn import Say
from agents.workbench import Workbench
from memory.records import Draft, Kind, Trust

T = TypeVar("T")
Thinking = Generator[list[Prompt], list[Answer | ModelError], T]
"""A turn that is under way: it gives out requests that do not depend on each other, and is told their answers."""


class Limits(NamedTuple):
    """When a turn must come to an end."""

    calls: int = 6
    context_tokens: int = 60_000


def together(model: Model, turns: Sequence[Thinking[T]], say: Say | None = None) -> list[T]:
    """Run turns side by side: in each round all their requests leave at once, so that five agents wait as long as one.

    The order of results, and of everything a turn writes, is that of ``turns``, whoever answered first.
    """
    results: dict[int, T] = {}
    # What is under way inside of a turn is its own, while the turns take turns.
    contexts = [copy_context() for _ in turns]
    replies: dict[int, list[Answer | ModelError] | None] = dict.fromkeys(range(len(turns)))
    try:
        while replies:
            asked: dict[int, list[Prompt]] = {}
            for number, reply in replies.items():
                try:
                    asked[number] = contexts[number].run(_next, turns[number], reply)
                except StopIteration as done:
                    results[number] = done.value
            answers = iter(_answers(model, [(contexts[number], prompt) for number, wanted in asked.items() for prompt in wanted], say))
            replies = {number: [next(answers) for _ in wanted] for number, wanted in asked.items()}
    finally:
        for context, turn in zip(contexts, turns, strict=True):
            context.run(turn.close)
    return [results[number] for number in range(len(turns))]


def _next(turn: Thinking[T], reply: list[Answer | ModelError] | None) -> list[Prompt]:
    return next(turn) if reply is None else turn.send(reply)


def _answers(model: Model, asked: Sequence[tuple[Context, Prompt]], say: Say | None) -> list[Answer | ModelError]:
    if not asked:
        return []
    spans = [context.run(tracing.begin, "chat", {tracing.AGENT: prompt.agent, tracing.RUN: prompt.run_id}) for context, prompt in asked]
    with tracing.calls(spans):
        answers = model.complete_all([prompt for _, prompt in asked], say)
        for span, answer in zip(spans, answers, strict=True):
            if isinstance(answer, Answer):
                span.note({tracing.MODEL: answer.model, tracing.RESPONSE: answer.request_id})
            else:
                span.end(type(answer).__name__)
    return answers


def ask(prompt: Prompt) -> Thinking[Answer]:
    """One request.

    Raises:
        ModelError: there was no whole answer.
    """
    (answer,) = yield [prompt]
    if isinstance(answer, ModelError):
        raise answer
    return answer


def converse(prompt: Prompt, use: ToolUse, workbench: Workbench, limits: Limits) -> Thinking[tuple[Prompt, Answer]]:
    """Ask, and run what is called for, until there is an answer; returns it with the request that led to it.

    The last request offers no tool, so that a model that never stops calling must answer from what it has.
    """
    number = 0
    while True:
        number += 1
        last = number >= limits.calls
        prompt = yield from _fitted(prompt.model_copy(update={"tools": () if last else (CALL,)}), use, workbench, limits)
        try:
            answer = yield from ask(prompt)
        except ModelContextError:
            prompt = prompt.model_copy(update={"passages": prompt.passages[: len(prompt.passages) // 2]})
            answer = yield from ask(prompt)
        if not answer.calls or last:
            return prompt, answer
        step = Step(said=answer.text, calls=answer.calls, thinking=answer.thinking, results=use.run(answer.calls))
        prompt = prompt.model_copy(update={"steps": (*prompt.steps, step)})


def _fitted(prompt: Prompt, use: ToolUse, workbench: Workbench, limits: Limits) -> Thinking[Prompt]:
    """The prompt, shortened where it has outgrown the limit; the last resort is a summary, kept with what it covers."""
    if prompt_tokens(prompt) <= limits.context_tokens:
        return prompt
    prompt = compacted(prompt, limits.context_tokens, use.kept)
    old = prompt.steps[:-KEPT]
    if prompt_tokens(prompt) <= limits.context_tokens or not old:
        return prompt
    answer = yield from ask(summary_prompt(prompt, old))
    covered = [call.id for step in old for call in step.calls]
    workbench.store.remember(
        Draft(
            kind=Kind.NOTE, title="summary of an exchange", body=answer.text, author=prompt.agent, author_role=prompt.agent,
            run_id=prompt.run_id, data={"covers": covered}, trust=Trust.AGENT, known_from=workbench.as_of,
            idempotency_key=f"{prompt.run_id}:summary:{prompt.agent}:{','.join(covered)}",
        )
    )  # fmt: skip
    return with_summary(prompt, answer.text, old)
