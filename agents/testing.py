"""A model for tests, of this project and of those who build on it: answers by script, and says what was left over."""

from collections.abc import Callable, Sequence
from typing import Self

from agents.errors import ModelError
from agents.model import Answer, Prompt
from agents.turn import Say

Scripted = str | Answer | ModelError
Chooser = Callable[[Prompt], Scripted]


class ScriptedModel:
    """Fulfils ``Model``. A prompt that the script has no answer for, and an answer that nobody asked for, are failures.

    Use it as a context manager: at its end it raises ``AssertionError`` for what was left over.
    """

    def __init__(self, *answers: Scripted, chooser: Chooser | None = None, left: float = 1.0) -> None:
        self._answers = list(answers)
        self._chooser = chooser
        self._left = left
        self.prompts: list[Prompt] = []

    def complete_all(self, prompts: Sequence[Prompt], say: Say | None = None) -> list[Answer | ModelError]:
        """The next answers of the script, in the order of the prompts."""
        answers = [self._one(prompt) for prompt in prompts]
        if say and len(answers) == 1 and isinstance(answers[0], Answer):
            say(1, answers[0].text)
        return answers

    def left(self, run_id: str) -> float:
        """The share of the budget that the test set."""
        del run_id
        return self._left

    def _one(self, prompt: Prompt) -> Answer | ModelError:
        self.prompts.append(prompt)
        if self._answers:
            chosen = self._answers.pop(0)
        elif self._chooser:
            chosen = self._chooser(prompt)
        else:
            raise AssertionError(f"no answer is left for the {prompt.agent}: {prompt.task[:80]}")
        return Answer(text=chosen, model="scripted") if isinstance(chosen, str) else chosen

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._answers:
            raise AssertionError(f"{len(self._answers)} answers of the script were never asked for")
