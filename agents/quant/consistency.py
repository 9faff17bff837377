"""Two claims, one book: where the desk contradicts itself, and where several theses are one bet.

How a claim is read, by ``kind`` (``subject`` and ``metric`` are compared without regard to case):

- ``level``, ``rate``, ``change_pct``, ``multiple``: the metric lies in [low, high] at all times of the window; a missing end
  is open, one figure is low = high. +50 % and 1.5x are the same; so are 0.8 of unit "share" and 80 %.
- ``state``: the subject is in ``state`` during the window; ``opposite_states`` cannot hold at the same time.
- ``window``: the event that ``metric`` names falls into the window.
- ``multiple`` with ``factors``: the claimed multiple is their product; ``expected_factors`` names all that it should have.
- ``position_payoff``: an option structure at expiry; ``factors`` are ``spot`` and either ``low``, ``middle``, ``high`` of a
  call butterfly, or legs such as ``call 70: 1``. It is held against every ``change_pct`` of its subject.

Dates are ``2027``, ``2027-Q3``, ``2027-07``, ``2027-07-15`` or a fraction of a year, ``2027.5``; both ends belong to the window, and a
missing one is open.
"""

import math
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator

from agents.quant.errors import QuantError
from agents.quant.growth import ROUNDING, growth_gap
from agents.quant.legs import Leg, legs_of, payoff_at
from agents.quant.result import Result
from memory.thesis import Claim, Thesis

ContradictionKind = Literal["disjoint values", "exclusive states", "disjoint windows", "missing factor", "payoff past its peak"]
Severity = Literal["high", "medium", "low"]

GIVEN_UP = 0.25
"""A position past its peak is reported when the claimed move gives up more than this fraction of the best payoff before it."""
_PER_CENT = {"%": 1.0, "share": 100.0, "per 1.00": 100.0, "bp": 0.01}
_DATE = re.compile(r"(\d{4})(?:(\.\d+)|-?[Qq]([1-4])|-(\d{1,2})(?:-(\d{1,2}))?)?")
_LEG = re.compile(r"(call|put) (\d+(?:\.\d+)?)")


Moment = Annotated[str, BeforeValidator(str)]
"""A date as text; a year, a fraction of one or a date may stand without quotes."""


class HeldClaim(Claim):
    """A claim with the thesis that holds it and the words it was taken from."""

    thesis: str
    start: Moment = ""
    end: Moment = ""
    quote: str = ""
    expected_factors: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """Thesis and id, one name in the whole book."""
        return f"{self.thesis}/{self.id}"


class Contradiction(Result):
    """What cannot both be true, in one sentence with the numbers, and what would settle it.

    ``severity`` grades how far apart the two are: the gap relative to the nearer value, the part of a claimed multiple or
    payoff that is missing, the part of the shorter window that is shared, the part of a year between two windows; low under
    5 %, high from 25 %.
    """

    kind: ContradictionKind
    claims: list[str]
    theses: list[str]
    text: str
    severity: Severity
    settle: str


class Bet(Result):
    """Theses that stand on one driver: they win and lose together; ``against`` holds those on the other side."""

    drivers: list[str]
    theses: list[str]
    against: list[str]


class ConsistencyResult(Result):
    """Everything found, in a fixed order; ``not_compared`` says which claims could not be read or compared, and why."""

    contradictions: list[Contradiction]
    bets: list[Bet]
    not_compared: list[str]


class _Read(NamedTuple):
    """A claim whose dates and numbers make sense."""

    claim: HeldClaim
    first: date
    last: date


class _Band(NamedTuple):
    """A range in a base unit that others of its ``dimension`` can be held against."""

    low: float
    high: float
    dimension: str


def consistency(theses: Sequence[Thesis]) -> ConsistencyResult:
    """Hold every claim and position of the book against every other, and group theses that are one bet."""
    claims = [HeldClaim(**claim.model_dump() | {"thesis": thesis.slug}) for thesis in theses for claim in thesis.claims]
    return check_claims(claims, {thesis.slug: thesis.drivers for thesis in theses})


def check_claims(claims: Sequence[HeldClaim], drivers: Mapping[str, Iterable[str]] | None = None) -> ConsistencyResult:
    """Hold claims against each other; the result does not depend on their order.

    Args:
        claims: of any theses.
        drivers: drivers by thesis, for ``one_bet``.
    """
    read, problems = [], []
    for claim in sorted(claims, key=lambda item: (item.thesis, item.id, item.model_dump_json())):
        try:
            read.append(_read(claim))
        except QuantError as error:
            problems.append(str(error))
    pairs = [(a, b) for a, b in combinations(read, 2) if _same(a.claim.subject, b.claim.subject)]
    found = [*_disjoint(pairs), *_exclusive(pairs), *_windows(pairs), *_factors(read), *_payoffs(pairs)]
    return ConsistencyResult(contradictions=found, bets=one_bet(drivers or {}), not_compared=[*problems, *_strangers(pairs)])


def one_bet(drivers: Mapping[str, Iterable[str]]) -> list[Bet]:
    """Groups of theses by shared driver; a driver with a leading minus is the other side of the bet."""
    sides: dict[str, tuple[set[str], set[str]]] = {}
    for thesis, names in drivers.items():
        for name in names:
            sides.setdefault(name.removeprefix("-"), (set(), set()))[name.startswith("-")].add(thesis)
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for driver, (with_it, against) in sorted(sides.items()):
        if len(with_it | against) > 1:
            groups.setdefault((tuple(sorted(with_it)), tuple(sorted(against))), []).append(driver)
    return [Bet(drivers=names, theses=list(a), against=list(b)) for (a, b), names in groups.items()]


def _read(claim: HeldClaim) -> _Read:
    first, last = _day(claim, claim.start, date.min, 0), _day(claim, claim.end, date.max, 1)
    numbers = [value for value in (claim.low, claim.high, *claim.factors.values()) if value is not None]
    if first > last or not all(math.isfinite(value) for value in numbers):
        raise QuantError(f"{claim.ref}: mend the claim, its window ends before it starts or a number is not finite")
    if claim.low is not None and claim.high is not None and claim.low > claim.high:
        raise QuantError(f"{claim.ref}: mend the claim, low {claim.low:g} is above high {claim.high:g}")
    if claim.kind == "position_payoff":
        _structure(claim)
    if claim.kind == "multiple" and claim.factors and any(value <= 0 for value in numbers):
        raise QuantError(f"{claim.ref}: mend the claim, a multiple and its factors are above zero")
    return _Read(claim, first, last)


def _day(claim: HeldClaim, text: str, default: date, end: Literal[0, 1]) -> date:
    """The first or the last day of what the text names."""
    if not text:
        return default
    found = _DATE.fullmatch(text.strip())
    try:
        day = _calendar_day(found, end) if found else None
    except ValueError:
        day = None
    if day is None:
        raise QuantError(f"{claim.ref}: {text!r} is no date: write 2027, 2027-Q3, 2027-07, 2027-07-15 or 2027.5")
    return day


def _calendar_day(found: re.Match[str], end: Literal[0, 1]) -> date:
    year, (fraction, quarter, month, day) = int(found[1]), found.groups()[1:]
    if fraction:
        return date(year, 1, 1) + timedelta(days=int(float(fraction) * (date(year, 12, 31) - date(year, 1, 1)).days))
    months = (3 * int(quarter) - 2, 3 * int(quarter)) if quarter else (int(month), int(month)) if month else (1, 12)
    which = months[end]
    if day:
        return date(year, which, int(day))
    return date(year, which, 1) if end == 0 else date(year, which, monthrange(year, which)[1])


def _same(a: str, b: str) -> bool:
    return a.strip().casefold() == b.strip().casefold()


def _overlap(a: _Read, b: _Read) -> bool:
    return max(a.first, b.first) <= min(a.last, b.last)


def _band(claim: Claim) -> _Band | None:
    """The claim's range; a change in % becomes a multiple, a share becomes %; None when it states none."""
    if claim.kind not in {"level", "rate", "change_pct", "multiple"} or (claim.low is None and claim.high is None):
        return None
    low, high = (-math.inf if claim.low is None else claim.low), (math.inf if claim.high is None else claim.high)
    unit = claim.unit.strip()
    if claim.kind == "change_pct":
        return _Band(1 + low / 100, 1 + high / 100, "x")
    if claim.kind == "multiple" or unit == "x":
        return _Band(low, high, "x")
    scale = _PER_CENT.get(unit)
    return _Band(low, high, unit) if scale is None else _Band(low * scale, high * scale, "%")


def _comparable(pairs: Iterable[tuple[_Read, _Read]]) -> Iterator[tuple[_Read, _Read, _Band, _Band]]:
    for a, b in pairs:
        one, two = _band(a.claim), _band(b.claim)
        if one and two and _same(a.claim.metric, b.claim.metric) and _overlap(a, b):
            yield a, b, one, two


def _disjoint(pairs: Sequence[tuple[_Read, _Read]]) -> list[Contradiction]:
    found = []
    for a, b, one, two in _comparable(pairs):
        above, below = max(one.low, two.low), min(one.high, two.high)
        if one.dimension != two.dimension or above <= below or math.isclose(above, below, rel_tol=1e-9, abs_tol=1e-12):
            continue
        x, y = a.claim, b.claim
        text = f"{x.subject}, {x.metric}: {_said(x)} ({x.thesis}) against {_said(y)} ({y.thesis})"
        settle = f"one measured value of {x.metric} for {x.subject}, with its source and date"
        apart = (above - below) / max(min(abs(above), abs(below)), 1e-9)
        found.append(_contradiction("disjoint values", [x, y], text, settle, apart))
    return found


def _strangers(pairs: Sequence[tuple[_Read, _Read]]) -> list[str]:
    """Claims of one kind on one matter whose units differ: neither a contradiction nor an agreement."""
    return [
        f"{a.claim.ref} and {b.claim.ref}: {one.dimension or 'no unit'} and {two.dimension or 'no unit'} cannot be compared, use one unit"
        for a, b, one, two in _comparable(pairs)
        if a.claim.kind == b.claim.kind and one.dimension != two.dimension
    ]


def _exclusive(pairs: Sequence[tuple[_Read, _Read]]) -> list[Contradiction]:
    found = []
    for a, b in pairs:
        x, y = a.claim, b.claim
        opposite = x.state and y.state and (y.state in x.opposite_states or x.state in y.opposite_states)
        if opposite and _overlap(a, b):
            late, early = (a if a.first >= b.first else b), (a if a.last <= b.last else b)
            text = f"{x.subject}: {x.state} {_when(x)} and {y.state} {_when(y)} share {_span(late.claim.start, early.claim.end)}"
            settle = f"the date at which {x.metric} turns, from a series that both claims accept"
            shorter = min((item.last - item.first).days + 1 for item in (a, b))
            shared = ((early.last - late.first).days + 1) / shorter
            found.append(_contradiction("exclusive states", [x, y], text, settle, shared))
    return found


def _windows(pairs: Sequence[tuple[_Read, _Read]]) -> list[Contradiction]:
    found = []
    for a, b in pairs:
        x, y = a.claim, b.claim
        if x.kind == y.kind == "window" and _same(x.metric, y.metric) and not _overlap(a, b):
            text = f"{x.subject}, {x.metric}: {_when(x)} ({x.thesis}) against {_when(y)} ({y.thesis})"
            years = (max(a.first, b.first) - min(a.last, b.last)).days / 365.25
            found.append(_contradiction("disjoint windows", [x, y], text, f"one dated source for {x.metric}", years))
    return found


def _factors(read: Sequence[_Read]) -> list[Contradiction]:
    """A multiple whose named factors give less, or more, than was claimed, rounding aside."""
    found = []
    for claim in (item.claim for item in read):
        band = _band(claim)
        if claim.kind != "multiple" or not claim.factors or band is None:
            continue
        product = math.prod(claim.factors.values())
        if band.low * (1 - ROUNDING) <= product <= band.high * (1 + ROUNDING):
            continue
        gap = growth_gap(band.low if product < band.low else band.high, claim.factors, expected=claim.expected_factors)
        factor = gap.missing_factor
        named = " × ".join(f"{name} {value:g}" for name, value in sorted(claim.factors.items()))
        unsaid = f"a factor of {factor:.3g}{f' ({gap.missing_name})' if gap.missing_names else ''} is never named"
        text = f"{claim.subject}: {_said(claim)} is claimed, but {named} = {product:g}x; {unsaid}"
        settle = f"name the factor of {factor:.3g}, with a source, or change the multiple to {product:g}x"
        found.append(_contradiction("missing factor", [claim], text, settle, 1 - min(factor, 1 / factor)))
    return found


def _structure(claim: HeldClaim) -> tuple[float, list[Leg]]:
    """The spot and the legs behind a ``position_payoff``."""
    factors = dict(claim.factors)
    spot = factors.pop("spot", 0.0)
    if factors.keys() == {"low", "middle", "high"}:
        factors = {f"call {factors['low']!r}": 1.0, f"call {factors['middle']!r}": -2.0, f"call {factors['high']!r}": 1.0}
    named = [(_LEG.fullmatch(name.strip()), quantity) for name, quantity in factors.items()]
    if spot <= 0 or not named or any(match is None or float(match[2]) <= 0 or quantity == 0 for match, quantity in named):
        raise QuantError(f"{claim.ref}: a position_payoff needs the factors spot and low, middle, high, or legs such as 'call 70'")
    return spot, legs_of([[match[1], quantity, float(match[2]), None] for match, quantity in named if match])


def _payoffs(pairs: Sequence[tuple[_Read, _Read]]) -> list[Contradiction]:
    found = []
    for a, b in pairs:
        position, move = (a, b) if a.claim.kind == "position_payoff" else (b, a)
        band = _band(move.claim)
        if position.claim.kind == "position_payoff" and move.claim.kind == "change_pct" and band and _overlap(a, b):
            found += _past_peak(position.claim, move.claim, band)
    return found


def _past_peak(position: HeldClaim, move: HeldClaim, band: _Band) -> list[Contradiction]:
    """The claimed move, wherever it ends in its range, pays clearly less than a strike that lies on the way to it."""
    spot, legs = _structure(position)
    low, high = spot * max(0.0, band.low), spot * band.high
    strikes = sorted({leg.strike for leg in legs})
    way = [strike for strike in strikes if spot < strike < low or high < strike < spot]
    if not way:
        return []  # the range holds the spot, or nothing happens before it
    ends = [low, high if math.isfinite(high) else 2 * max(low, *strikes), *(strike for strike in strikes if low < strike < high)]
    if math.isinf(high) and sum(leg.quantity for leg in legs if leg.kind == "call") > 0:
        return []  # the payoff has no limit above
    best, reached = max(payoff_at(legs, at) for at in way), max(payoff_at(legs, at) for at in ends)
    if best <= 0 or reached >= (1 - GIVEN_UP) * best:
        return []
    peak = next(at for at in way if payoff_at(legs, at) == best)
    target = (high if math.isfinite(high) else low) if low > spot else low
    paid, claimed = payoff_at(legs, target), 100 * (target / spot - 1)
    pays = f"{_named(legs)} pays {paid:.2f} of a maximum {best:g}"
    text = f"{position.subject}: at {claimed:+.4g} % ({target:.2f}) {pays}: its peak is behind it"
    settle = f"a target near {peak:g}, or strikes around {target:.0f}"
    return [_contradiction("payoff past its peak", [position, move], text, settle, 1 - paid / best)]


def _named(legs: Sequence[Leg]) -> str:
    legs = sorted(legs, key=lambda leg: leg.strike)
    strikes = "/".join(f"{leg.strike:g}" for leg in legs)
    butterfly = [leg.quantity for leg in legs] == [1, -2, 1] and len({leg.kind for leg in legs}) == 1
    return f"the {strikes} {'butterfly' if butterfly else 'structure'}"


def _said(claim: Claim) -> str:
    unit = claim.unit or {"change_pct": "%", "multiple": "x"}.get(claim.kind, "")
    unit = f" {unit}" if unit not in {"", "x"} else unit
    if claim.low is None or claim.high is None:
        return f"at most {claim.high:g}{unit}" if claim.low is None else f"at least {claim.low:g}{unit}"
    return f"{claim.low:g}{unit}" if claim.low == claim.high else f"{claim.low:g}–{claim.high:g}{unit}"


def _when(claim: Claim) -> str:
    return f"in {_span(claim.start, claim.end)}" if claim.start and claim.end else _span(claim.start, claim.end)


def _span(start: str, end: str) -> str:
    if start and end:
        return start if start == end else f"{start}–{end}"
    return f"from {start} on" if start else f"up to {end}" if end else "at all times"


def _contradiction(kind: ContradictionKind, claims: Sequence[HeldClaim], text: str, settle: str, apart: float) -> Contradiction:
    grade: Severity = "high" if apart >= 0.25 else "medium" if apart >= 0.05 else "low"
    return Contradiction(
        kind=kind, claims=[claim.ref for claim in claims], theses=sorted({claim.thesis for claim in claims}), text=text,
        severity=grade, settle=settle,
    )  # fmt: skip
