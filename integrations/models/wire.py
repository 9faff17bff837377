"""A prompt as a request of the Messages API, in the form that the endpoint understands."""

import json
from collections.abc import Sequence
from typing import Any

from agents.model import Passage, Prompt, Step
from integrations.models.capabilities import Capabilities

CACHED = {"cache_control": {"type": "ephemeral"}}
SHAPE = "answer"
"""Name of the tool that stands for an output format where an endpoint has none."""


def request_of(prompt: Prompt, can: Capabilities) -> dict[str, Any]:
    """Everything but model and limits. What most requests share stands first, each shared part ends in a cache breakpoint.

    At most four breakpoints: rules and book, evidence, channel, and the newest step of an exchange.
    """
    request: dict[str, Any] = {"system": [_text(prompt.shared, can.cache)], "messages": _messages(prompt, can)}
    tools = [{"name": t.name, "description": t.description, "input_schema": t.input_schema} for t in prompt.tools] if can.tools else []
    if prompt.schema_ is not None and can.structure == "format" and not prompt.tools:
        request["output_config"] = {"format": {"type": "json_schema", "schema": prompt.schema_}}
    if prompt.schema_ is not None and can.structure == "tool" and not tools:
        tools = [{"name": SHAPE, "description": "Give your answer.", "input_schema": prompt.schema_}]
    if tools:
        request["tools"] = tools
    return request


def _messages(prompt: Prompt, can: Capabilities) -> list[dict[str, Any]]:
    first = [*_evidence(prompt.passages, prompt.cite, can)]
    if prompt.later:
        first += _evidence(prompt.later, prompt.cite, can)
        first[-1] = {name: value for name, value in first[-1].items() if name != "cache_control"}
    if prompt.channel:
        first.append(_text(prompt.channel, can.cache))
    first.append(_text("\n\n".join(part for part in (prompt.role, prompt.task) if part), cached=False))
    messages: list[dict[str, Any]] = [{"role": "user", "content": first}]
    for number, step in enumerate(prompt.steps, 1):
        messages += _step(step, can, last=number == len(prompt.steps))
    return messages


def _evidence(passages: Sequence[Passage], cite: bool, can: Capabilities) -> list[dict[str, Any]]:
    if not passages:
        return []
    if can.evidence == "text" or not cite:
        lines = "\n".join(f"[{item.id}] ({item.source}) {json.dumps(item.text, ensure_ascii=False)}" for item in passages)
        return [_text(f"<evidence>\n{lines}\n</evidence>", can.cache)]
    blocks: list[dict[str, Any]] = [
        {
            "type": "search_result", "source": item.source or item.id, "title": item.id,
            "content": [{"type": "text", "text": item.text}], "citations": {"enabled": True},
        }
        for item in passages
    ]  # fmt: skip
    if can.cache:
        blocks[-1] = {**blocks[-1], **CACHED}
    return blocks


def _step(step: Step, can: Capabilities, *, last: bool) -> list[dict[str, Any]]:
    calls = [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in step.calls]
    said = [*step.thinking, *([_text(step.said, cached=False)] if step.said.strip() else []), *calls]
    results: list[dict[str, Any]] = [
        {"type": "tool_result", "tool_use_id": item.id, "content": item.text, **({"is_error": True} if item.failed else {})}
        for item in step.results
    ]
    told = [*results, *([_text(step.told, cached=False)] if step.told else [])]
    if last and can.cache and told:
        told[-1] = {**told[-1], **CACHED}
    return [{"role": "assistant", "content": said or [_text("(nothing)", cached=False)]}, {"role": "user", "content": told}]


def _text(text: str, cached: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, **(CACHED if cached else {})}
