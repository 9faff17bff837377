"""What can go wrong with a call, and at which calls it does."""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

Body = dict[str, Any]

# These answer in place of the model: nothing was computed and nothing is billed.
INSTEAD = {"status", "html", "overflow", "raw"}
# These damage the way of an answer: a stream that began is billed for what was sent.
BROKEN = {"malformed_json", "early_close", "cut", "stall", "error_event"}
# These damage the answer itself: it comes whole and is billed whole.
SPOILT = {"truncated_tool_json", "refusal", "max_tokens", "wrong_json"}


@dataclass(frozen=True)
class Fault:
    """One fault. ``after`` counts the deltas that a stream sends before it."""

    kind: str
    status: int = 200
    error: str = ""
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after: int = 1
    seconds: float = 3600.0

    def after_deltas(self, count: int) -> "Fault":
        return replace(self, after=count)


def rate_limited(retry_after: float | None = 0) -> Fault:
    headers = {"x-should-retry": "true"} | ({"retry-after": f"{retry_after:g}"} if retry_after is not None else {})
    return Fault("status", 429, "rate_limit_error", "This request would exceed your organization's rate limit.", headers)


def overloaded(retry_after: float | None = None) -> Fault:
    headers = {"x-should-retry": "true"} | ({"retry-after": f"{retry_after:g}"} if retry_after is not None else {})
    return Fault("status", 529, "overloaded_error", "Overloaded", headers)


def server_error() -> Fault:
    return Fault("status", 500, "api_error", "Internal server error", {"x-should-retry": "true"})


def html_page(text: str = "<html><body>Sign in to the network</body></html>") -> Fault:
    """A page at 200: a proxy answered, not the service."""
    return Fault("html", message=text, headers={"content-type": "text/html"})


def malformed_json() -> Fault:
    """A body at 200, or an event of a stream, that stops in the middle of its JSON."""
    return Fault("malformed_json")


def early_close() -> Fault:
    """The stream ends as if all were well, but before ``message_stop``."""
    return Fault("early_close")


def cut() -> Fault:
    """The connection is reset in the middle of an event."""
    return Fault("cut")


def stall(seconds: float = 3600.0) -> Fault:
    """Nothing more is sent until the server is released or the time is over; then the rest comes."""
    return Fault("stall", seconds=seconds)


def error_event(error: str = "overloaded_error", message: str = "Overloaded") -> Fault:
    return Fault("error_event", 529 if error == "overloaded_error" else 500, error, message)


def truncated_tool_json() -> Fault:
    """The arguments of the last tool call end early, but the block and the message stop as usual."""
    return Fault("truncated_tool_json")


def refuses() -> Fault:
    return Fault("refusal")


def max_tokens() -> Fault:
    """The answer is cut in its half."""
    return Fault("max_tokens")


def context_overflow() -> Fault:
    return Fault("overflow", 400, "invalid_request_error")


def wrong_json(text: str = '{"unexpected": true}') -> Fault:
    """The text of the answer is replaced; the default is JSON of another shape."""
    return Fault("wrong_json", message=text)


def raw(status: int, body: str, headers: dict[str, str] | None = None) -> Fault:
    """Any answer, byte for byte."""
    return Fault("raw", status, message=body, headers=headers or {})


EVERY: dict[str, Fault] = {
    "429": rate_limited(), "429 for an hour": rate_limited(3600), "529": overloaded(), "500": server_error(), "html": html_page(),
    "malformed json": malformed_json(), "early close": early_close(), "cut": cut(), "stall": stall(), "error event": error_event(),
    "truncated tool json": truncated_tool_json(), "refusal": refuses(), "max tokens": max_tokens(), "context overflow": context_overflow(),
    "wrong json": wrong_json(),
}  # fmt: skip

Plan = Callable[[int, Body], Fault | None]


def at(calls: int | Iterable[int], fault: Fault) -> Plan:
    """The fault at call k, or at each of a set of calls; calls count from one."""
    chosen = {calls} if isinstance(calls, int) else set(calls)
    return lambda number, _body: fault if number in chosen else None


def by_rate(rate: float, seed: int, *faults: Fault) -> Plan:
    """One of the faults at a share of the calls; call k of a seed always fares the same, whichever thread makes it."""
    kinds = faults or tuple(EVERY.values())

    def plan(number: int, _body: Body) -> Fault | None:
        chance = random.Random(f"{seed}:{number}")
        return chance.choice(kinds) if chance.random() < rate else None

    return plan


def spoil(blocks: tuple[Body, ...], fault: Fault) -> tuple[Body, ...]:
    """The blocks of an answer after a fault that damages the answer itself."""
    match fault.kind:
        case "truncated_tool_json":
            last = max((place for place, block in enumerate(blocks) if block["type"] == "tool_use"), default=-1)
            return tuple(
                {**block, "partial": _half(json.dumps(block["input"]))} if place == last else block for place, block in enumerate(blocks)
            )
        case "wrong_json":
            return ({"type": "text", "text": fault.message},)
        case "refusal":
            return ()
    return blocks


def _half(text: str) -> str:
    return text[: max(1, len(text) * 2 // 3)]
