"""Deciding a forecast by its rule: yes, no, or open with the reason. Nothing is decided by data that may not decide."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from memory.absent import what_settles
from memory.cadence import STEPS, period_end
from memory.errors import InputError, RuleError
from memory.observation import SeriesInfo
from memory.rules import Evaluation, parse


class Decision(NamedTuple):
    """An outcome with its evidence; without an outcome, the reason why it stays open."""

    outcome: Literal["yes", "no"] | None
    reason: str
    evidence: list[dict[str, Any]]


def decide(
    rule: str, resolve_by: date, infos: Mapping[str, SeriesInfo], evaluate: Callable[[str], Evaluation]
) -> Decision:  # fmt: skip
    """What a rule says of a forecast that is due.

    It stays open when there is no rule, when a series is missing or may not decide (``resolves`` is false, as for Yahoo), when
    a value is unknown, or when the data end long before the day: three periods of their own.
    """
    if not rule:
        return Decision(None, "no rule decides it: resolve it by hand", [])
    try:
        names = _leaves(rule, infos)
    except RuleError as error:
        return Decision(None, str(error), [])
    for name in names:
        if name not in infos:
            settles = what_settles(name) or "bring it with stoa data pull, or resolve by hand"
            return Decision(None, f"there is no series {name}: {settles}", [])
        if not infos[name].resolves:
            return Decision(None, f"{name} is not official ({infos[name].source}) and decides no forecast: take another source", [])
    try:
        found = evaluate(rule)
    except InputError as error:
        return Decision(None, str(error), [])
    if found.state not in {"true", "false"}:
        return Decision(None, found.reason, [])
    for item in found.evidence:
        if item.valid_time is not None and _ends_early(item.valid_time, resolve_by, infos.get(item.source)):
            return Decision(None, f"the data of {item.source} end on {item.valid_time}, before {resolve_by}: pull them again", [])
    evidence = [
        {"call": item.call, "value": item.value, "source": item.source, "known_at": item.known_at.isoformat()} for item in found.evidence
    ]
    return Decision("yes" if found.value else "no", "", evidence or [{"call": rule}])


def _ends_early(last: date, due: date, info: SeriesInfo | None) -> bool:
    frequency = info.frequency if info else "monthly"
    return due - period_end(last, frequency) > timedelta(days=max(3 * STEPS.get(frequency, 30), 10) + (info.lag_days if info else 0))


def _leaves(rule: str, infos: Mapping[str, SeriesInfo], path: tuple[str, ...] = ()) -> list[str]:
    """The series a rule rests on, with those behind a derived one."""
    found: list[str] = []
    for name in sorted(parse(rule).series):
        info = infos.get(name)
        if info is not None and info.formula and name not in path:
            found += _leaves(info.formula, infos, (*path, name))
        else:
            found.append(name)
    return found
