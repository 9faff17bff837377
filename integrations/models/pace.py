"""Keeping to the limits per minute that all runs and workers share, and saying so while a run waits for them."""

import time
from collections.abc import Callable

from agents.compaction import prompt_tokens
from agents.model import Prompt
from memory.journal import Journal
from memory.limits import RateLimit

LONGEST_NAP = 5.0
"""Seconds after which the limits are asked again: others may have used fewer tokens than they booked."""


class Pace:
    """Waits before a call until the desk may make it."""

    def __init__(
        self, limits: RateLimit, provider: str, answer_tokens: int, journal: Journal, sleep: Callable[[float], object] = time.sleep
    ) -> None:  # fmt: skip
        self._limits = limits
        self._provider = provider
        self._answer = answer_tokens
        self._journal = journal
        self._sleep = sleep

    def wait(self, prompt: Prompt) -> int:
        """Wait until the call fits; returns the tokens it was booked with. The run says what it waits for."""
        tokens = self._answer + prompt_tokens(prompt)
        waited = False
        while seconds := self._limits.acquire(self._provider, tokens):
            waited = True
            self._journal.say(prompt.run_id, f"waits about {seconds:.0f} s: the limits per minute of {self._provider} are reached")
            self._sleep(min(seconds, LONGEST_NAP))
        if waited:
            self._journal.say(prompt.run_id, "")
        return tokens

    def done(self, booked: int, used: int) -> None:
        """Book what the call really used."""
        self._limits.correct(self._provider, booked, used)
