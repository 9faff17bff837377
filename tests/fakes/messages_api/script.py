"""Who answers, and with what: replies in order, a function of the call, or both."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.messages_api.faults import Fault
from tests.fakes.messages_api.prompt import Body, Evidence

AUTO = "auto"


@dataclass(frozen=True)
class Reply:
    """Content blocks in order. ``stop_reason`` follows from them unless it is given; ``usage`` overrules the server's own count."""

    blocks: tuple[Body, ...]
    stop_reason: str | None = AUTO
    stop_details: Body | None = None
    usage: Body | None = None
    fault: Fault | None = None

    @property
    def stopped(self) -> str | None:
        if self.stop_reason != AUTO:
            return self.stop_reason
        return "tool_use" if any(block["type"] == "tool_use" for block in self.blocks) else "end_turn"


Answer = Reply | Fault | str | Body | list[Any]


def text(words: str, *citations: Body) -> Body:
    return {"type": "text", "text": words, **({"citations": list(citations)} if citations else {})}


def tool_use(name: str, arguments: Body, call_id: str = "") -> Body:
    """A call of a tool; the server gives it an id where none is given."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def thinking(words: str) -> Body:
    """A thought; the server signs it."""
    return {"type": "thinking", "thinking": words, "signature": ""}


def reply(*parts: str | Body, stop_reason: str | None = AUTO) -> Reply:
    """Texts and blocks as one answer."""
    return Reply(tuple(text(part) if isinstance(part, str) else part for part in parts), stop_reason)


def refusal(words: str = "", category: str | None = None, explanation: str | None = None) -> Reply:
    """The model declines: what it had said before is kept."""
    details = {"type": "refusal", "category": category, "explanation": explanation}
    return Reply((text(words),) if words else (), "refusal", details)


def cite_search_result(item: Evidence, part: int = 0) -> Body:
    return {
        "type": "search_result_location", "cited_text": item.parts[part], "search_result_index": item.index, "source": item.source,
        "title": item.title or None, "start_block_index": part, "end_block_index": part + 1,
    }  # fmt: skip


def cite_document(item: Evidence, quote: str) -> Body:
    start = item.parts[0].index(quote)
    return {
        "type": "char_location", "cited_text": quote, "document_index": item.index, "document_title": item.title or None,
        "start_char_index": start, "end_char_index": start + len(quote), "file_id": None,
    }  # fmt: skip


@dataclass(frozen=True)
class Call:
    """What a reply function is told. ``prompt`` is what the model would have seen: what the endpoint dropped is not in it."""

    number: int
    body: Body
    prompt: str
    evidence: list[Evidence] = field(default_factory=list)
    schema: Body | None = None
    cites: bool = True

    @property
    def last(self) -> Body:
        return self.body["messages"][-1]


Brain = Callable[[Call], Answer]


class Script:
    """Replies in order, then the function; a reply that nobody asked for is left in ``unused``."""

    def __init__(self, *replies: Answer, then: Brain | None = None) -> None:
        self._left = list(replies)
        self._then = then
        self._lock = threading.Lock()

    def unused(self) -> list[Answer]:
        with self._lock:
            return list(self._left)

    def take(self, call: Call, keep: bool = False) -> Answer | None:
        """The next answer, or None where there is none; ``keep`` leaves it in its place for the next attempt."""
        with self._lock:
            if self._left:
                return self._left[0] if keep else self._left.pop(0)
        return self._then(call) if self._then else None


def as_script(given: "Script | Brain | Answer | list[Answer]") -> Script:
    if isinstance(given, Script):
        return given
    if callable(given):
        return Script(then=given)
    return Script(*given) if isinstance(given, list) else Script(given)


def as_reply(answer: "Reply | str | Body | list[Any]") -> Reply:
    match answer:
        case Reply():
            return answer
        case str():
            return reply(answer)
        case dict():
            return reply(answer)
        case list():
            return reply(*answer)


def sealed(given: Reply, name: str, sign: Callable[[str], str] | None, cites: bool) -> Reply:
    """The reply with ids on its tool calls; signatures and citations only where the endpoint has them."""
    blocks = []
    for place, block in enumerate(given.blocks):
        made = dict(block)
        if made["type"] == "tool_use":
            made["id"] = made.get("id") or f"toolu_{name}_{place}"
        if made["type"] == "thinking":
            made.pop("signature", None)
            made |= {"signature": sign(made["thinking"])} if sign else {}
        if made["type"] == "text" and not cites:
            made.pop("citations", None)
        blocks.append(made)
    return replace(given, blocks=tuple(blocks))
