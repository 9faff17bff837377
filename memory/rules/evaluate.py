"""Evaluating a rule at an as-of time, with the evidence of every value it read."""

import calendar
import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean, stdev
from typing import Literal, NamedTuple, Protocol

from memory.errors import RuleError
from memory.observation import Point, SeriesInfo, SeriesReader
from memory.rules.syntax import Binary, Call, Node, Number, Rule, Series, Unary, Window, format_rule, parse


class FactValue(NamedTuple):
    """A number found in a document: value, canonical unit, and where it stands."""

    value: float
    unit: str
    record_id: str
    quote: str
    known_at: datetime


class FactReader(Protocol):
    """Extracted facts by name, point in time."""

    def latest(self, name: str, as_of: datetime) -> FactValue | None:
        """The newest value known at ``as_of``; None when no document states one."""
        ...


class ValueEvidence(NamedTuple):
    """One value that a rule read: the call, what it gave, and the newest observation behind it."""

    call: str
    source: str
    value: float
    unit: str
    valid_time: date | None
    known_at: datetime
    points: int
    quote: str = ""


class Evaluation(NamedTuple):
    """What a rule says: true, false, a number, or unknown with the reason."""

    state: Literal["true", "false", "number", "unknown"]
    value: float | bool | None
    reason: str
    evidence: tuple[ValueEvidence, ...]


class _Unknown(Exception):  # noqa: N818 - a third truth value on its way up, not an error
    pass


def check(rule: Rule, infos: Mapping[str, SeriesInfo], extra: Iterable[str] = ()) -> None:
    """Hold a rule against the series there are.

    Raises:
        RuleError: a series is unknown, a derived series refers to itself, or two units do not add up.
    """
    known = {*infos, *extra}
    for name in sorted(rule.series):
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), 1)
            hint = f"did you mean {near[0]}?" if near else "stoa tool call data.series '{}' lists those there are"
            raise RuleError(f"there is no series {name!r}: {hint}")
        _no_cycle(name, infos, ())
    _units(rule.root, infos)


def _no_cycle(name: str, infos: Mapping[str, SeriesInfo], path: tuple[str, ...]) -> None:
    if name in path:
        cycle = " -> ".join((*path[path.index(name) :], name))
        raise RuleError(f"the series {name!r} is derived from itself ({cycle}): break the circle in data/series.yaml")
    info = infos.get(name)
    if info and info.formula:
        for part in sorted(parse(info.formula).series):
            _no_cycle(part, infos, (*path, name))


def _units(node: Node, infos: Mapping[str, SeriesInfo]) -> str:
    """The unit of a node; empty where none is known or where it is a plain number."""
    match node:
        case Series(name):
            return infos[name].unit if name in infos else ""
        case Call(function, Series(name), _) if function in {"last", "prior", "change", "mean", "max", "min", "std"}:
            return infos[name].unit if name in infos else ""
        case Call("abs", subject, _) if not isinstance(subject, str):
            return _units(subject, infos)
        case Unary(_, operand):
            return _units(operand, infos)
        case Binary(operator, left, right):
            units = _units(left, infos), _units(right, infos)
            if operator in {"+", "-", "<", "<=", ">", ">=", "==", "!="} and all(units) and units[0] != units[1]:
                raise RuleError(f"{format_rule(left)} is in {units[0]} and {format_rule(right)} in {units[1]}: convert one of them")
            return (units[0] or units[1]) if operator in {"+", "-"} else ""
        case _:
            return ""


def evaluate(rule: Rule, reader: SeriesReader, as_of: datetime, facts: FactReader | None = None) -> Evaluation:
    """What the rule says at ``as_of``. Missing data makes it unknown, never false and never an exception."""
    evaluation = _Evaluation(reader, as_of, facts)
    try:
        value = evaluation.value(rule.root)
    except _Unknown as unknown:
        return Evaluation("unknown", None, str(unknown), tuple(evaluation.evidence))
    evidence = tuple(evaluation.evidence)
    if isinstance(value, bool):
        return Evaluation("true" if value else "false", value, "", evidence)
    return Evaluation("number", value, "", evidence)


class _Evaluation:
    def __init__(self, reader: SeriesReader, as_of: datetime, facts: FactReader | None) -> None:
        self._reader = reader
        self._as_of = as_of
        self._facts = facts
        self.evidence: list[ValueEvidence] = []

    def value(self, node: Node) -> float | bool:
        match node:
            case Number(value):
                return value
            case Series(_):
                return self._call(Call("last", node))
            case Call():
                return self._call(node)
            case Unary("-", operand):
                return -self._number(operand)
            case Unary(_, operand):
                return not self._truth(operand)
            case Binary("and" | "or" as operator, left, right):
                return self._logic(operator, left, right)
            case Binary(operator, left, right):
                return _operate(operator, self._number(left), self._number(right))

    def _logic(self, operator: str, left: Node, right: Node) -> bool:
        # Kleene: one side that decides is enough, even when the other is unknown.
        deciding = operator == "or"
        unknown: _Unknown | None = None
        for side in (left, right):
            try:
                if self._truth(side) is deciding:
                    return deciding
            except _Unknown as reason:
                unknown = reason
        if unknown:
            raise unknown
        return not deciding

    def _number(self, node: Node) -> float:
        value = self.value(node)
        if isinstance(value, bool):
            raise _Unknown(f"{format_rule(node)} is a yes or no where a number belongs")
        return value

    def _truth(self, node: Node) -> bool:
        value = self.value(node)
        if not isinstance(value, bool):
            raise _Unknown(f"{format_rule(node)} is a number where a yes or no belongs: compare it with something")
        return value

    def _call(self, call: Call) -> float:
        if isinstance(call.subject, str):
            return self._fact(call.subject)
        if call.function == "abs":
            return abs(self._number(call.subject))
        if not isinstance(call.subject, Series):
            raise RuleError(f"{call.function}() takes a series, not {format_rule(call.subject)}")
        name = call.subject.name
        points = self._reader.points(name, self._as_of)
        if not points:
            raise _Unknown(f"{name} has no value known at {self._as_of:%Y-%m-%d}")
        used, value = _FUNCTIONS[call.function](points, call.window, self._as_of)
        if used is None or value is None or not math.isfinite(value):
            raise _Unknown(f"{format_rule(call)} has too few values at {self._as_of:%Y-%m-%d}")
        info = self._reader.info(name)
        unit = _result_unit(call.function, info.unit if info else "")
        newest = max(used)
        self.evidence.append(
            ValueEvidence(format_rule(call), name, value, unit, newest.valid_time, max(p.known_at for p in used), len(used))
        )
        return value

    def _fact(self, name: str) -> float:
        fact = self._facts.latest(name, self._as_of) if self._facts else None
        if fact is None:
            raise _Unknown(f"no document states {name!r} at {self._as_of:%Y-%m-%d}")
        self.evidence.append(ValueEvidence(f'fact("{name}")', fact.record_id, fact.value, fact.unit, None, fact.known_at, 1, fact.quote))
        return fact.value


def _operate(operator: str, left: float, right: float) -> float | bool:
    match operator:
        case "+":
            value: float | bool = left + right
        case "-":
            value = left - right
        case "*":
            value = left * right
        case "/":
            if right == 0:
                raise _Unknown("a division by zero")
            value = left / right
        case "<" | "<=" | ">" | ">=":
            return left < right if operator == "<" else left <= right if operator == "<=" else (
                left > right if operator == ">" else left >= right)  # fmt: skip
        case _:
            return (left == right) is (operator == "==")
    if not math.isfinite(value):
        raise _Unknown("a result too large for a number")
    return value


def _result_unit(function: str, unit: str) -> str:
    if function == "change" and unit == "%":
        return "pp"  # a yield that rises from 2 % to 3 % has not risen by 1 %
    return {"pct_change": "%", "zscore": "σ", "count": "", "days_since": "d"}.get(function, unit)


_Used = tuple[Sequence[Point] | None, float | None]


def _start(day: date, window: Window) -> date:
    """The day ``window`` before ``day``, by the calendar; month ends stay month ends."""
    if window.unit in {"d", "w"}:
        days = window.n * (7 if window.unit == "w" else 1)
        return day - timedelta(days=min(days, day.toordinal() - 1))
    months = window.n * (12 if window.unit == "y" else 1)
    index = max(12, day.year * 12 + day.month - 1 - months)
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _inside(points: Sequence[Point], window: Window | None, as_of: datetime) -> Sequence[Point]:
    if window is None:
        return points
    if window.unit == "obs":
        return points[-window.n :]
    first = _start(as_of.date(), window)
    return [point for point in points if point.valid_time > first]


def _before(points: Sequence[Point], window: Window | None) -> Point | None:
    """The newest point at or before one window ago, counted from the last point's own day."""
    if window is None:
        return None
    if window.unit == "obs":
        return points[-1 - window.n] if len(points) > window.n else None
    limit = _start(points[-1].valid_time, window)
    return max((point for point in points if point.valid_time <= limit), default=None)


def _last(points: Sequence[Point], _window: Window | None, _as_of: datetime) -> _Used:
    return points[-1:], points[-1].value


def _prior(points: Sequence[Point], window: Window | None, _as_of: datetime) -> _Used:
    point = _before(points, window)
    return ([point], point.value) if point else (None, None)


def _change(points: Sequence[Point], window: Window | None, _as_of: datetime) -> _Used:
    point = _before(points, window)
    return ([point, points[-1]], points[-1].value - point.value) if point else (None, None)


def _pct_change(points: Sequence[Point], window: Window | None, _as_of: datetime) -> _Used:
    point = _before(points, window)
    # A percentage of nothing, or of a negative price, has no meaning.
    if point is None or point.value <= 0:
        return None, None
    return [point, points[-1]], 100 * (points[-1].value / point.value - 1)


def _days_since(points: Sequence[Point], _window: Window | None, as_of: datetime) -> _Used:
    return points[-1:], float((as_of.date() - points[-1].valid_time).days)


def _over(summary: Callable[[Sequence[float]], float], least: int = 1) -> Callable[..., _Used]:
    def apply(points: Sequence[Point], window: Window | None, as_of: datetime) -> _Used:
        inside = _inside(points, window, as_of)
        return (inside, summary([point.value for point in inside])) if len(inside) >= least else (None, None)

    return apply


def _zscore(values: Sequence[float]) -> float:
    spread = stdev(values)
    return (values[-1] - fmean(values)) / spread if spread else math.nan


_FUNCTIONS: dict[str, Callable[..., _Used]] = {
    "last": _last, "prior": _prior, "change": _change, "pct_change": _pct_change, "days_since": _days_since,
    "mean": _over(fmean), "max": _over(max), "min": _over(min), "std": _over(stdev, 2), "zscore": _over(_zscore, 3),
    "count": _over(lambda values: float(len(values))),
}  # fmt: skip
