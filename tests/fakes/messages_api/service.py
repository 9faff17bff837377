"""What happens to a call between the request and the wire: checks, fault, script, cache, bill."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from tests.fakes.messages_api.checks import check
from tests.fakes.messages_api.checks_talk import signature
from tests.fakes.messages_api.faults import INSTEAD, Fault, Plan
from tests.fakes.messages_api.profiles import Catalogue, Facts, Profile
from tests.fakes.messages_api.prompt import Body, effective, evidence, input_tokens, schema_of
from tests.fakes.messages_api.refused import Refused
from tests.fakes.messages_api.script import Call, Reply, Script, as_reply, sealed
from tests.fakes.messages_api.usage import Bill, Charge, PromptCache, Reading, Usage
from tests.fakes.messages_api.wire import Message, limited, output_tokens, spoilt, until_stopped


class Turn(NamedTuple):
    """An answer that is ready to be sent, with what must be noted when it begins."""

    message: Message
    charge: Charge
    reading: Reading | None
    fault: Fault | None


@dataclass
class Service:
    """The state behind the wire; every method may be called from many threads."""

    script: Script
    profile: Profile
    catalogue: Catalogue
    clock: Callable[[], datetime]
    plans: tuple[Plan, ...] = ()
    bill: Bill = field(default_factory=Bill)
    unscripted: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    faulted: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cache = PromptCache(self.clock)
        self._lock = threading.Lock()

    def facts(self, body: Body) -> Facts:
        found = self.catalogue.find(str(body.get("model")))
        if found is None and "model" in body:
            raise Refused(f"model: {body['model']}", 404, "not_found_error")
        return found or self.catalogue.facts

    def count(self, body: Body) -> int:
        check(body, self.facts(body), self.profile, counting=True)
        return input_tokens(body, self.profile.drops, self.profile.formats)

    def planned(self, number: int, body: Body) -> Fault | None:
        """The fault of call k, by the first plan that names one."""
        return next((fault for fault in (plan(number, body) for plan in self.plans) if fault), None)

    def turn(self, number: int, body: Body, name: str = "", batch: bool = False) -> Turn | Fault:
        """The answer to a call, or the fault that stands in its place. A call that a plan faults leaves its reply in the script."""
        facts = self.facts(body)
        check(body, facts, self.profile)
        fault = None if batch else self.planned(number, body)
        if fault and fault.kind in INSTEAD:
            return self._instead(fault, number, facts)
        # Read as the call arrives: what is written while the model thinks comes too late for it.
        reading = self.cache.read(body, facts.cache_minimum) if self.profile.caching else None
        reply = self._reply(number, body, name or str(number), keep=fault is not None)
        if isinstance(reply, Fault):
            return self._instead(reply, number, facts)
        fault = fault or reply.fault
        if fault:
            self._note(number, fault)
        usage = reading.usage if reading else Usage(input_tokens(body, self.profile.drops, self.profile.formats))
        message, charge = self._made(body, facts, replace(reply, fault=fault), usage, batch)
        return Turn(message._replace(id=f"msg_{name or number}"), replace(charge, number=number), reading, fault)

    def _instead(self, fault: Fault, number: int, facts: Facts) -> Fault:
        self._note(number, fault)
        if fault.kind == "overflow":
            return replace(
                fault, kind="status", message=f"prompt is too long: {facts.context_window + 1} tokens > {facts.context_window} maximum"
            )
        return fault

    def _note(self, number: int, fault: Fault) -> None:
        with self._lock:
            self.faulted.append((number, fault.kind))

    def _reply(self, number: int, body: Body, name: str, keep: bool) -> Reply | Fault:
        profile = self.profile
        schema = schema_of(body) if profile.formats else None
        seen = evidence(body, profile.drops)
        call = Call(number, body, effective(body, profile.drops), seen, schema, profile.citations and any(item.cited for item in seen))
        answer = self._asked(call, keep)
        if isinstance(answer, Fault):
            if answer.kind in INSTEAD:
                return answer
            # A fault in the script that damages an answer damages the one that stands next, which stays for the next attempt.
            given = self._asked(call, keep=True)
            answer = given if isinstance(given, Fault) else replace(as_reply(given), fault=answer)
        return (
            answer if isinstance(answer, Fault) else sealed(as_reply(answer), name, signature if profile.signatures else None, call.cites)
        )

    def _asked(self, call: Call, keep: bool) -> Any:
        try:
            answer = self.script.take(call, keep)
        except Exception as error:
            self.errors.append(error)
            raise Refused(f"the reply function failed: {error!r}", 400) from error
        if answer is None:
            self.unscripted.append(call.prompt)
            raise Refused(f"the script has no answer for call {call.number}", 400)
        return answer

    def _made(self, body: Body, facts: Facts, given: Reply, usage: Usage, batch: bool) -> tuple[Message, Charge]:
        """The message within its limits, and what it will cost when it is sent whole."""
        reply, sequence = until_stopped(spoilt(given, given.fault), body.get("stop_sequences") or [])
        blocks, stop = reply.blocks, reply.stopped
        room = facts.context_window - usage.whole
        limit = min(body["max_tokens"], room)
        written = output_tokens(blocks)
        if given.fault and given.fault.kind == "max_tokens":
            limit = min(limit, written // 2)
        if written > limit:
            blocks, stop = limited(blocks, limit), "model_context_window_exceeded" if limit == room else "max_tokens"
            written = output_tokens(blocks)
        told = given.usage if given.usage is not None else usage.wire(written, self.profile.caching, "batch" if batch else "standard")
        charged, written = _told(given.usage, usage, written)
        message = Message("", body["model"], blocks, stop, sequence, reply.stop_details, written, told if self.profile.usage else None)
        return message, Charge(0, body["model"], charged, batch=batch)

    def begin(self, turn: Turn) -> None:
        """The answer begins: it is on the bill from here on, and its cache entries can be read."""
        with self._lock:
            self.bill.charges.append(turn.charge)
        if turn.reading:
            self.cache.keep(turn.reading)


def _told(told: Body | None, usage: Usage, written: int) -> tuple[Usage, int]:
    """A reply that states its own usage is billed by it."""
    if told is None:
        return usage, written
    stated = Usage(told.get("input_tokens", 0), told.get("cache_read_input_tokens", 0), told.get("cache_creation_input_tokens", 0))
    return stated, told.get("output_tokens", 0)
