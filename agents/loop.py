"""The loop of one agent with a model: ask, run the tools it calls, tell it the results, until it has answered."""

from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeVar

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
    replies: dict[int, list[Answer | ModelError] | None] = dict.fromkeys(range(len(turns)))
    while replies:
        asked: dict[int, list[Prompt]] = {}
        for number, reply in replies.items():
            try:
                asked[number] = next(turns[number]) if reply is None else turns[number].send(reply)
            except StopIteration as done:
                results[number] = done.value
        prompts = [prompt for wanted in asked.values() for prompt in wanted]
        answers = iter(model.complete_all(prompts, say) if prompts else ())
        replies = {number: [next(answers) for _ in wanted] for number, wanted in asked.items()}
    return [results[number] for number in range(len(turns))]


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
