"""Receipts: what every attempt was asked, answered and cost. They are the audit, the cache of a resumed run, and its replay."""

from collections.abc import Sequence
from typing import Any

from agents.compaction import estimated_tokens, prompt_tokens
from agents.model import Answer, Prompt
from integrations.models.attempts import Tried
from integrations.models.prices import cost_usd
from memory.journal import Journal


class Receipts:
    """The journal's receipts, as answers to prompts."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def answers(self, keys: Sequence[str]) -> dict[str, Answer]:
        """The answers that calls had, by key; one that was not made, or came to nothing, is not among them."""
        found = self._journal.receipts_of(keys)
        return {key: Answer.model_validate(row["answer"]) for key, row in found.items() if row["answer"]}

    def keep(self, key: str, prompt: Prompt, tried: Tried, answer: Answer | None) -> None:
        """Write down an attempt, unless the endpoint never began to answer: that costs nothing."""
        received = tried.received
        if not (received.usage or received.written):
            return
        usage: dict[str, Any] = {**received.usage, "milliseconds": tried.milliseconds}
        written = estimated_tokens("".join(received.written))
        if not received.ended:  # the last count of a broken stream came before its text
            usage["output_tokens"] = max(usage.get("output_tokens", 0), written)
        if not received.usage:  # some local servers count nothing; limits in tokens must hold all the same
            usage |= {"input_tokens": prompt_tokens(prompt), "output_tokens": written, "estimated": 1}
        self._journal.receipt(
            key,
            {
                "run_id": prompt.run_id, "agent": prompt.agent, "thesis": prompt.thesis, "model": received.model,
                "prompt_hash": key.split(":attempt:", maxsplit=1)[0].rsplit(":", 1)[-1][:64], "usage": usage,
                "cost_usd": cost_usd(received.model, usage), "request_id": received.request_id,
                "answer": answer.model_dump(mode="json") if answer else None,
            },
        )  # fmt: skip
