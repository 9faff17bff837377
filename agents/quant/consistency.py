"""Two claims, one book: where the desk contradicts itself, and where several theses are one bet."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from agents.quant.result import Result
from memory.thesis import Claim, Thesis

ContradictionKind = Literal["disjoint values", "exclusive states", "missing factor", "payoff past its peak"]


class Held(NamedTuple):
    """A claim and the thesis that holds it."""

    thesis: str
    claim: Claim


class Contradiction(Result):
    """What cannot both be true, in one sentence with the numbers, and what would settle it."""

    kind: ContradictionKind
    claims: list[str]
    theses: list[str]
    text: str
    settle: str


class Bet(Result):
    """Theses that stand on one driver: they win and lose together; ``against`` holds those on the other side."""

    drivers: list[str]
    theses: list[str]
    against: list[str]


class ConsistencyResult(Result):
    """Everything found, in a fixed order."""

    contradictions: list[Contradiction]
    bets: list[Bet]


def consistency(theses: Sequence[Thesis]) -> ConsistencyResult:
    """Hold every claim and position of the book against every other."""
    held = [Held(thesis.slug, claim) for thesis in theses for claim in thesis.claims]
    found = [*_disjoint(held), *_exclusive(held), *_factors(held), *_payoffs(held)]
    return ConsistencyResult(contradictions=found, bets=one_bet(theses))


def _same_matter(held: Sequence[Held]) -> Iterable[tuple[Held, Held]]:
    ordered = sorted(held, key=lambda item: (item.thesis, item.claim.id))
    for a, b in combinations(ordered, 2):
        if (a.claim.subject, a.claim.metric) == (b.claim.subject, b.claim.metric) and _overlap(a.claim, b.claim):
            yield a, b


def _overlap(a: Claim, b: Claim) -> bool:
    """Whether the windows share a day; a claim without a date holds at all times."""
    starts, ends = [c.start for c in (a, b) if c.start], [c.end for c in (a, b) if c.end]
    return not starts or not ends or max(starts) <= min(_whole(end) for end in ends)


def _whole(end: str) -> str:
    return end + "~"  # "2029" ends after "2029-07": "~" sorts after every digit and hyphen


def _disjoint(held: Sequence[Held]) -> list[Contradiction]:
    found = []
    for a, b in _same_matter(held):
        x, y = a.claim, b.claim
        if x.unit != y.unit or None in (x.low, x.high, y.low, y.high) or "state" in (x.kind, y.kind):
            continue
        if max(x.low or 0, y.low or 0) > min(x.high or 0, y.high or 0):
            found.append(
                _contradiction(
                    "disjoint values",
                    a,
                    b,
                    f"{x.subject}, {x.metric}: {_band(x)} ({a.thesis}) against {_band(y)} ({b.thesis})",
                    f"one measured value of {x.metric} for {x.subject}, with its source and date",
                )
            )
    return found


def _exclusive(held: Sequence[Held]) -> list[Contradiction]:
    found = []
    for a, b in _same_matter(held):
        x, y = a.claim, b.claim
        if x.state and y.state and (y.state in x.opposite_states or x.state in y.opposite_states):
            found.append(
                _contradiction(
                    "exclusive states",
                    a,
                    b,
                    f"{x.subject}: {x.state} in {x.start}–{x.end} and {y.state} in {y.start}–{y.end} share "
                    f"{max(x.start, y.start)}–{min(x.end, y.end)}",
                    f"the date at which {x.metric} turns, from a series that both claims accept",
                )
            )
    return found


def _factors(held: Sequence[Held]) -> list[Contradiction]:
    from agents.quant.growth import growth_gap

    found = []
    for item in held:
        claim = item.claim
        if claim.kind == "multiple" and claim.factors and claim.low:
            gap = growth_gap(claim.low, claim.factors)
            if not gap.consistent:
                named = " × ".join(f"{name} {value:g}" for name, value in claim.factors.items())
                found.append(
                    _contradiction(
                        "missing factor",
                        item,
                        item,
                        f"{claim.subject}: {claim.low:g}x is claimed, but {named} = {gap.product:g}x; "
                        f"a factor of {gap.missing_factor:g} is never named",
                        f"name the factor of {gap.missing_factor:g}, with a source, or lower the multiple to {gap.product:g}x",
                    )
                )
    return found


def _payoffs(held: Sequence[Held]) -> list[Contradiction]:
    """A position that pays less at the thesis's own target than at its best: it is past its peak there."""
    found = []
    moves = [item for item in held if item.claim.kind == "change_pct" and item.claim.high is not None]
    for position in held:
        if position.claim.kind != "position_payoff" or not position.claim.factors:
            continue
        for move in moves:
            if move.claim.subject == position.claim.subject:
                found += _past_peak(position, move)
    return found


def _past_peak(position: Held, move: Held) -> list[Contradiction]:
    from agents.quant.structures import legs_of, payoff_at

    factors = position.claim.factors
    low, middle, high = factors["low"], factors["middle"], factors["high"]
    legs = legs_of([["call", 1, low, None], ["call", -2, middle, None], ["call", 1, high, None]])
    reached = factors["spot"] * (1 + (move.claim.high or 0) / 100)
    paid, best = payoff_at(legs, reached), payoff_at(legs, middle)
    if reached <= middle or paid >= 0.75 * best:
        return []
    return [
        _contradiction(
            "payoff past its peak",
            position,
            move,
            f"{position.claim.subject}: at {move.claim.high:+g} % ({reached:.2f}) the {low:g}/{middle:g}/{high:g} butterfly "
            f"pays {paid:.2f} of a maximum {best:g}: its peak is behind it",
            f"a target near {middle:g}, or strikes around {reached:.0f}",
        )
    ]


def one_bet(theses: Sequence[Thesis]) -> list[Bet]:
    """Groups of theses by shared driver; a driver with a leading minus is the other side of the bet."""
    sides: dict[str, tuple[list[str], list[str]]] = {}
    for thesis in sorted(theses, key=lambda item: item.slug):
        for driver in thesis.drivers:
            sides.setdefault(driver.lstrip("-"), ([], []))[driver.startswith("-")].append(thesis.slug)
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for driver, (with_it, against) in sorted(sides.items()):
        if len(with_it) + len(against) > 1:
            groups.setdefault((tuple(with_it), tuple(against)), []).append(driver)
    return [Bet(drivers=names, theses=list(a), against=list(b)) for (a, b), names in groups.items()]


def _band(claim: Claim) -> str:
    unit = "" if claim.unit == "" else f" {claim.unit}"
    if claim.low == claim.high:
        return f"{claim.low:g}{unit}"
    return f"{claim.low:g}–{claim.high:g}{unit}"


def _contradiction(kind: ContradictionKind, a: Held, b: Held, text: str, settle: str) -> Contradiction:
    both = [a, b] if a != b else [a]
    return Contradiction(
        kind=kind, claims=[f"{item.thesis}/{item.claim.id}" for item in both],
        theses=sorted({item.thesis for item in both}), text=text, settle=settle,
    )  # fmt: skip
