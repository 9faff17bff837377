"""Making room in an exchange that grew long: old thinking goes first, then old arguments, then old results, then a summary."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from agents.model import Prompt, Step, ToolCall, ToolResult

KEPT = 2
"""The newest steps stay whole: the model is working with them."""
SHORT = 200


@lru_cache(256)
def estimated_tokens(text: str) -> int:
    """Tokens of a text without a tokeniser: about one a CJK character, one for 3.5 others. Errs on the high side.

    The estimates are kept, because most of a prompt is the same text as in the one before.
    """
    wide = 0 if text.isascii() else sum(map("\u2e80".__le__, text))
    return wide + (2 * (len(text) - wide) + 6) // 7


def prompt_tokens(prompt: Prompt) -> int:
    """Estimated input tokens of a request."""
    parts = [prompt.shared, prompt.channel, prompt.role, prompt.task, *(p.source + p.text for p in (*prompt.passages, *prompt.later))]
    parts += [item.model_dump_json() for item in (*prompt.steps, *prompt.tools)]
    return sum(estimated_tokens(part) for part in parts)


def compacted(prompt: Prompt, most: int, keep: Callable[[str], str]) -> Prompt:
    """The prompt with as much of its old steps shortened as brings it under ``most`` tokens, in the fixed order.

    Args:
        prompt: a request with steps.
        most: estimated tokens it may have.
        keep: stores a text in memory and returns its id, so that what is evicted can be read again.
    """
    for shorten in (_without_thinking, _without_arguments, lambda step: _without_results(step, keep)):
        if prompt_tokens(prompt) <= most:
            break
        old, new = prompt.steps[:-KEPT], prompt.steps[-KEPT:]
        prompt = prompt.model_copy(update={"steps": (*(shorten(step) for step in old), *new)})
    return prompt


def summary_prompt(prompt: Prompt, old: Sequence[Step]) -> Prompt:
    """A request for a summary of old steps, by a cheap model."""
    told = "\n".join(step.model_dump_json(exclude={"thinking"}) for step in old)
    return prompt.model_copy(
        update={
            "passages": (), "later": (), "channel": told, "steps": (), "tools": (), "schema_": None, "cite": False, "tier": "cheap",
            "task": "Sum up the exchange above in at most 150 words: what was asked, what was found, with every T and E id. Add nothing.",
        }
    )  # fmt: skip


def with_summary(prompt: Prompt, text: str, covered: Sequence[Step]) -> Prompt:
    """The prompt whose old steps are one summary, which names the calls it covers."""
    ids = ", ".join(call.id for step in covered for call in step.calls)
    told = f"{prompt.task}\n\nSo far (in place of {ids or 'earlier steps'}): {text}"
    return prompt.model_copy(update={"task": told, "steps": tuple(step for step in prompt.steps if step not in covered)})


def _without_thinking(step: Step) -> Step:
    return step.model_copy(update={"thinking": ()})


def _without_arguments(step: Step) -> Step:
    def brief(call: ToolCall) -> ToolCall:
        shown = {name: value if len(str(value)) <= SHORT else f"({len(str(value))} characters)" for name, value in call.arguments.items()}
        return call.model_copy(update={"arguments": shown})

    return step.model_copy(update={"calls": tuple(brief(call) for call in step.calls)})


def _without_results(step: Step, keep: Callable[[str], str]) -> Step:
    def brief(result: ToolResult) -> ToolResult:
        if len(result.text) <= SHORT:
            return result
        return result.model_copy(update={"text": f"({len(result.text)} characters in memory: read {{id: {keep(result.text)}}})"})

    return step.model_copy(update={"results": tuple(brief(result) for result in step.results)})
