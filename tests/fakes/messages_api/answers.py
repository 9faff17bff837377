"""The short form for tests that care about answers only: texts in order, a fixed usage, any model, no key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fakes.messages_api.faults import Fault, raw
from tests.fakes.messages_api.profiles import profile
from tests.fakes.messages_api.script import Reply, Script, text
from tests.fakes.messages_api.server import MessagesServer

USAGE = {"input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}


class MessagesApi(MessagesServer):
    """``answers`` is what is left of the script."""

    @property
    def answers(self) -> list[Any]:
        return self.unused()


@contextmanager
def messages_api(*answers: Any) -> Iterator[MessagesApi]:
    """Serve texts, dicts of text and stop_reason, or (status, body, headers) for a fault; one is used up by each request."""
    served = profile("anthropic", strict=False)
    with MessagesApi(Script(*map(_answer, answers)), profile=served, models=()) as api:
        yield api


def _answer(given: Any) -> Reply | Fault:
    if isinstance(given, tuple):
        status, body, headers = given
        return raw(status, body, headers)
    if isinstance(given, dict):
        return Reply((text(given["text"]),), given["stop_reason"], usage=USAGE)
    return Reply((text(given),), usage=USAGE)
