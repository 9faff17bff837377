"""What an agent may do with a tool: ordered rules ``role.tool(pattern) -> deny | ask | allow``. Pure: text and values in, a ruling out.

A rule that denies wins wherever it stands; of the others the first that matches rules. Where none does, reading is allowed, running in
the sandbox is for the roles whose work it is, and for the rest a person is asked where one is present; a scheduled run is denied.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from orchestrator.errors import PermissionRuleError

if TYPE_CHECKING:
    from agents.tool import Effect

Decision = Literal["deny", "ask", "allow"]

RUNNERS = frozenset({"developer", "data-analyst"})
"""Roles that run code in the sandbox without being asked; its walls hold for them too."""

SKILL_RUNNERS = RUNNERS | {"quant"}
"""Roles that call a saved skill without being asked: its code was let in by a person, its arguments fit its schema."""

EXACT = "sha256:"

_RULE = re.compile(r"\s*([a-z*?][a-z0-9*?-]*)\.([a-z*?][a-z0-9_.*?-]*)\s*(?:\((.*)\))?\s*(?:->|→)\s*(deny|ask|allow)\s*", re.DOTALL)
_FIELD = re.compile(r"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*(.*)", re.DOTALL)


class Rule(NamedTuple):
    """One rule. ``fields`` are patterns by argument, ``digest`` the one call that it is about; both empty: any call."""

    text: str
    role: str
    tool: str
    decision: Decision
    fields: tuple[tuple[str, str], ...] = ()
    digest: str = ""


class Call(NamedTuple):
    """A call that an agent wants to make.

    ``named`` says whether the role's file names the tool, ``tainted`` whether the turn has read what came from outside, ``attended``
    whether a person started the run.
    """

    role: str
    tool: str
    effect: "Effect"
    arguments: Mapping[str, Any]
    named: bool = True
    tainted: bool = True
    attended: bool = True


class Ruling(NamedTuple):
    """Deny, ask or allow, and the reason that people read."""

    decision: Decision
    reason: str


def parse_rule(text: str) -> Rule:
    """A rule from its words.

    Raises:
        PermissionRuleError: it is not understood.
    """
    found = _RULE.fullmatch(text)
    if found is None:
        raise PermissionRuleError(f"{text!r} is no rule: write role.tool(pattern) -> deny, ask or allow, e.g. quant.data.sql(*) -> allow")
    role, tool, inside, decision = found[1], found[2], (found[3] or "*").strip(), cast("Decision", found[4])
    if inside in {"*", ""}:
        return Rule(text.strip(), role, tool, decision)
    if inside.startswith(EXACT):
        digest = inside.removeprefix(EXACT)
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise PermissionRuleError(f"{text!r}: {EXACT} is followed by 64 hexadecimal digits of one call")
        return Rule(text.strip(), role, tool, decision, digest=digest)
    return Rule(text.strip(), role, tool, decision, _fields(inside, text))


def _fields(inside: str, text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for part in re.split(r",(?=\s*[a-zA-Z_][a-zA-Z0-9_]*\s*=)", inside):
        field = _FIELD.fullmatch(part)
        if field is None:
            raise PermissionRuleError(f"{text!r}: inside the brackets stand *, or argument=pattern, e.g. thesis=silver-*")
        found.append((field[1], field[2].strip()))
    return tuple(found)


def digest_of(tool: str, arguments: Mapping[str, Any]) -> str:
    """The fingerprint of one call: sha256 of the tool and its arguments as canonical JSON. One changed byte changes it."""
    whole = json.dumps([tool, dict(arguments)], ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def matches(rule: Rule, call: Call) -> bool:
    """Whether a rule is about a call. A pattern of an argument that the call does not give does not match."""
    if not (_like(rule.role, call.role) and _like(rule.tool, call.tool)):
        return False
    if rule.digest:
        return rule.digest == digest_of(call.tool, call.arguments)
    return all(name in call.arguments and _like(pattern, _text(call.arguments[name])) for name, pattern in rule.fields)


def rule_on_call(call: Call, rules: Sequence[Rule]) -> Ruling:
    """What a call may do, before what people approved is looked at."""
    found = [rule for rule in rules if matches(rule, call)]
    for rule in found:
        if rule.decision == "deny":
            return Ruling("deny", f"the rule {rule.text} forbids it")
    if not call.named:
        return Ruling("deny", f"{call.tool} is not one of the tools of the role {call.role}")
    if not found:
        return _default(call)
    first = found[0]
    if first.decision == "allow" and call.tainted and call.effect != "read" and not first.digest:
        return Ruling("ask", f"the rule {first.text} allows it, but this turn has read what came from outside")
    return Ruling(first.decision, f"the rule {first.text} says so")


def _default(call: Call) -> Ruling:
    if call.effect == "read":
        return Ruling("allow", "reading is allowed to every role that has the tool")
    if call.effect == "run" and call.role in (SKILL_RUNNERS if call.tool == "skill.run" else RUNNERS):
        if call.tainted:
            return Ruling("ask", "this turn has read what came from outside")
        return Ruling("allow", f"running in the sandbox is the work of the role {call.role}")
    if call.attended:
        return Ruling("ask", f"no rule is about it, and it does not only read but {call.effect}s")
    return Ruling("deny", f"no rule is about it, it {call.effect}s, and nobody is present in a scheduled run")


def exact_rule(role: str, tool: str, digest: str) -> str:
    """The rule that lets one call of one role through for good."""
    return f"{role}.{tool}({EXACT}{digest}) -> allow"


def _like(pattern: str, text: str) -> bool:
    """``*`` stands for any characters, ``?`` for one; everything else for itself."""
    parts = (".*" if mark == "*" else "." if mark == "?" else re.escape(mark) for mark in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
