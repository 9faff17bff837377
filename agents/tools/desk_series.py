"""The desk's series and positions as the quant tools take them: known at the as-of, on common days."""

import difflib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from agents.errors import ToolError
from agents.quant.risk import Exposure
from agents.workbench import Workbench
from memory.observation import SeriesInfo
from memory.thesis import Leg, Position

Align = Literal["shared", "last"]
AGE = {"daily": 5, "weekly": 7, "monthly": 31, "quarterly": 92, "annual": 366}
"""Days for which a value stands, by the frequency of its series."""


class Aligned(NamedTuple):
    """Values of several series on their shared days."""

    days: list[date]
    values: dict[str, list[float]]
    infos: list[SeriesInfo]


def read_series(workbench: Workbench, names: Sequence[str], since: date | None = None, align: Align = "shared") -> Aligned:
    """Series at the workbench's as-of.

    Args:
        workbench: the desk.
        names: of the series.
        since: the first day wanted.
        align: ``shared`` keeps the days that all of them have; ``last`` those of the sparsest series, on which the others count by
            their last value, if it is no older than their own period.

    Raises:
        ToolError: no such series, or they share fewer than two days.
    """
    known = workbench.market.series()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise ToolError(
                f"there is no series {name!r}: " + (f"did you mean {near[0]}?" if near else "data.series lists those there are")
            )
    by_day = {name: {point.valid_time: point.value for point in workbench.reader.points(name, workbench.as_of, since)} for name in names}
    if align == "last":
        sparsest = min(by_day.values(), key=len)
        by_day = {name: _carried(points, sorted(sparsest), AGE.get(known[name].frequency, 7)) for name, points in by_day.items()}
    days = sorted(set.intersection(*(set(points) for points in by_day.values())))
    if len(days) < 2:
        other = '; align="last" takes the last value known on each day' if align == "shared" and len(names) > 1 else ""
        raise ToolError(f"{' and '.join(names)} share {len(days)} days known at {workbench.as_of.date()}, two are needed{other}")
    return Aligned(days, {name: [by_day[name][day] for day in days] for name in names}, [known[name] for name in names])


def _carried(points: Mapping[date, float], days: Sequence[date], age: int) -> dict[date, float]:
    """The last value on or before each day, unless it is older than ``age`` days."""
    own, found = sorted(points), {}
    for day in days:
        at = bisect_right(own, day) - 1
        if at >= 0 and (day - own[at]).days <= age:
            found[day] = points[own[at]]
    return found


def book_exposures(workbench: Workbench, spots: Mapping[str, float]) -> tuple[list[Exposure], list[str]]:
    """Held positions of the book as exposures, and those that cannot be valued, with what is missing.

    A factor is a leg's series, or its instrument where it has none. ``nav_pct`` is the exposure of each leg that is no option; legs of
    other quantities take their share of the largest. A structure of options is valued at expiry: its cost is the position's entry.
    """
    found, left_out = [], []
    for entry in workbench.theses():
        for position in entry.thesis.positions:
            if position.state != "held":
                continue
            name = f"{entry.thesis.slug}/{position.name}"
            exposure = _exposure(name, position, spots)
            if isinstance(exposure, str):
                left_out.append(f"{name}: {exposure}")
            else:
                found.append(exposure)
    return found, left_out


def _exposure(name: str, position: Position, spots: Mapping[str, float]) -> Exposure | str:
    """The exposure, or what is missing for one."""
    if position.nav_pct is None or not position.legs:
        return "it has no size in % of NAV, or no legs"
    options = [leg for leg in position.legs if leg.kind in {"call", "put"}]
    if not options:
        largest = max(abs(leg.quantity) for leg in position.legs)
        betas: dict[str, float] = {}
        for leg in position.legs:
            betas[_factor(leg)] = betas.get(_factor(leg), 0.0) + leg.quantity / largest
        return Exposure(name=name, nav_pct=position.nav_pct, betas=betas)
    factors = {_factor(leg) for leg in position.legs}
    if len(options) < len(position.legs) or len(factors) > 1:
        return "options beside other legs, or on several underlyings, have no single spot"
    (factor,) = factors
    lacking = [what for what, given in (("entry, its cost", position.entry), (f"spots[{factor!r}]", spots.get(factor))) if not given]
    if lacking or any(leg.strike is None for leg in options):
        return f"it needs {' and '.join(lacking) or 'a strike in each leg'}"
    rows: list[list[str | float | None]] = [[leg.kind, leg.quantity, leg.strike, None] for leg in options]
    return Exposure(name=name, nav_pct=position.nav_pct, betas={factor: 1.0}, legs=rows, spot=spots[factor], cost=position.entry)


def _factor(leg: Leg) -> str:
    return leg.series or leg.instrument
