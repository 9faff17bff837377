"""Limits that are looked at before every call: a run, and a day, can cost no more than was set."""

from collections.abc import Sequence
from datetime import timedelta

from agents.compaction import prompt_tokens
from agents.model import Prompt
from integrations.models.prices import cost_usd
from integrations.models.stream import COUNTED
from integrations.settings import ModelSettings
from memory.clock import Clock
from memory.journal import Journal
from orchestrator.errors import BudgetError


class Budget:
    """What the settings allow, against what the receipts say was used."""

    def __init__(self, settings: ModelSettings, journal: Journal, clock: Clock) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock

    def check(self, run_id: str, prompts: Sequence[tuple[str, Prompt]]) -> None:
        """Refuse requests, given with their models, that could take the run or the day over a limit.

        The input is estimated and the output taken at its most, so a limit holds before the money is spent, not after.

        Raises:
            BudgetError: names the limit, what was used and what the next calls could cost.
        """
        limits = self._settings
        used, today = self._used(run_id)
        tokens = [(model, prompt_tokens(prompt)) for model, prompt in prompts]
        worst = sum(
            cost_usd(model, {"input_tokens": count, "output_tokens": limits.max_tokens}) or 0.0 for model, count in tokens
        )  # an unpriced model is bound by its tokens
        coming = sum(count for _, count in tokens) + limits.max_tokens * len(tokens)
        self._hold(run_id, "budget_usd", used["usd"], worst, limits.budget_usd, "USD")
        self._hold(run_id, "budget_tokens", used["tokens"], coming, limits.budget_tokens, "tokens")
        self._hold(run_id, "budget_calls", used["calls"], len(prompts), limits.budget_calls, "calls")
        self._hold(run_id, "budget_seconds", used["seconds"], 0, limits.budget_seconds, "seconds")
        self._hold("of this day", "budget_usd_day", today, worst, limits.budget_usd_day, "USD")

    def left(self, run_id: str) -> float:
        """The share of the tightest limit of a run that is not used."""
        limits = self._settings
        used, _ = self._used(run_id)
        shares = [
            used["usd"] / limits.budget_usd, used["tokens"] / limits.budget_tokens, used["calls"] / limits.budget_calls,
            used["seconds"] / limits.budget_seconds,
        ]  # fmt: skip
        return max(0.0, 1.0 - max(shares))

    def _used(self, run_id: str) -> tuple[dict[str, float], float]:
        """What a run has used, and the USD of the last day."""
        calls, today = self._journal.spent(run_id, self._clock() - timedelta(days=1))
        used = {
            "usd": sum(usd for usd, _ in calls),
            "tokens": sum(usage.get(name, 0) for _, usage in calls for name in COUNTED),
            "calls": len(calls),
            "seconds": sum(usage.get("milliseconds", 0) for _, usage in calls) / 1000,
        }
        return used, today

    @staticmethod
    def _hold(run_id: str, name: str, used: float, coming: float, limit: float, unit: str) -> None:
        if used + coming > limit or used >= limit:
            shown = f"{used:.2f}" if unit == "USD" else f"{used:.0f}"
            more = f" and the next calls could take {coming:.2f}" if coming else ""
            raise BudgetError(f"run {run_id} has used {shown} of {limit:g} {unit}{more}: raise model.{name} and resume it")
