"""One request, asked again where that can help, with every attempt on record."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agents.errors import ModelError
from agents.model import Answer, Prompt
from agents.turn import Say
from integrations.models.faults import fault_of
from integrations.models.stream import Received, answer_of

MOST = 4
FIRST_WAIT = 0.5
"""Seconds before the second attempt, doubled for each that follows, unless the endpoint says how long."""
Pause = Callable[[float], None]
Send = Callable[[Received, Callable[[str], None] | None], None]


@dataclass
class Tried:
    """One attempt: what came of it, and how long it took."""

    received: Received
    milliseconds: int = 0


@dataclass
class Outcome:
    """A whole answer, or the error that ended it; and every attempt, because a broken one may have cost money too."""

    tried: list[Tried] = field(default_factory=list)
    answer: Answer | None = None
    error: ModelError | None = None


def attempts(send: Send, prompt: Prompt | None, pause: Pause, say: Say | None = None) -> Outcome:
    """Ask at most ``MOST`` times. Without a prompt any answer that came to its end counts.

    ``say`` is told the number of the attempt with every text, so that a broken post is replaced, not doubled.
    """
    outcome = Outcome()
    for number in range(1, MOST + 1):
        tried = Tried(Received())
        outcome.tried.append(tried)
        began = time.perf_counter()
        try:
            send(tried.received, _teller(say, number))
            if prompt is not None:
                outcome.answer = answer_of(tried.received, prompt)
            outcome.error = None
        except Exception as error:
            fault = fault_of(error)
            if fault is None:
                raise
            outcome.error = fault.error
            if not fault.again or number == MOST:
                return outcome
            pause(fault.wait if fault.wait is not None else FIRST_WAIT * 2 ** (number - 1))
        else:
            return outcome
        finally:
            tried.milliseconds = round(1000 * (time.perf_counter() - began))
    return outcome


def _teller(say: Say | None, number: int) -> Callable[[str], None] | None:
    return (lambda text: say(number, text)) if say else None
