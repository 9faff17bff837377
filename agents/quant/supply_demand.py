"""Supply against demand: utilisation when capacity outgrows use, when it crosses a level, and adoption behind gates."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from agents.quant.errors import QuantError
from agents.quant.result import Result

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
YEAR = 365.25
"""Days a year, for dates of crossings."""
_UNITS = {
    "supply": "start = 1", "demand": "start = 1", "low": "per 1.00", "high": "per 1.00", "fan": "per 1.00",
    "crossings": "level per 1.00, probability before the horizon", "needed_growth": "(shortage x, % a year)",
}  # fmt: skip
FARTHEST = 100.0
"""Crossings later than this many years are none."""


class Crossing(Result):
    """When utilisation reaches a level: on the two deterministic paths, and over the paths of the fan.

    ``earliest`` and ``latest`` are the dates of the low and the high start; None when neither gets there. ``dates`` are
    quantiles of the first crossing of the fan, None where fewer paths than that cross before the horizon.
    """

    level: float
    earliest: date | None
    latest: date | None
    probability: float
    dates: dict[str, date | None]


class SupplyDemandResult(Result):
    """Year by year: utilisation from a band of starts, its fan, and the growth that a claimed shortage would need."""

    years: list[float]
    supply: list[float]
    demand: list[float]
    low: list[float]
    high: list[float]
    fan: dict[str, list[float]]
    crossings: list[Crossing]
    needed_growth: list[tuple[float, float]]
    seed: int


class BandStay(Result):
    """When a band of utilisation is entered and left, (earliest, latest), and the days it shares with another phase."""

    entered: tuple[date, date]
    left: tuple[date, date]
    overlap: tuple[date, date] | None
    overlap_days: int


class Gate(BaseModel):
    """A part of the market that cannot adopt before its gate opens, some time in the years ``first`` to ``last``, both whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    share: float = Field(gt=0, le=1, description="of the whole market, per 1.00")
    first: int
    last: int


class AdoptionResult(Result):
    """Share of the market that has adopted at the start of each year.

    ``early`` and ``late`` open every gate at its first and last day; ``segments`` at the middle; in ``fan`` each gate opens
    on a day drawn evenly between them.
    """

    years: list[float]
    early: list[float]
    late: list[float]
    segments: dict[str, list[float]]
    fan: dict[str, list[float]]
    seed: int


def supply_demand(
    *, utilisation: tuple[float, float], supply_growth: float, demand_growth: float, start: date, years: int,
    levels: Sequence[float] = (), shortage: tuple[float, float] | None = None, shortage_year: int | None = None,
    volatility: float = 0.1, paths: int = 1000, seed: int = 0,
) -> SupplyDemandResult:  # fmt: skip
    """Utilisation ``u ((1 + demand) / (1 + supply))^n`` from a band of starts, with a seeded fan around its middle.

    Above 1.00 it is a shortage: demand over supply. With 25 to 30 % on 8 January 2026, supply +50 % and demand +15 % a
    year, 15 % is reached between December 2027 and August 2028.

    Args:
        utilisation: the band at ``start``, per 1.00.
        supply_growth: per year, 0.5 for +50 %.
        demand_growth: per year.
        start: the day the band holds; a year is 365.25 days, and the years of the result are start.year + n.
        years: how far the path and the fan go.
        levels: utilisations whose crossing dates are wanted.
        shortage: a claimed shortage, e.g. (8, 50) times, for which the demand growth it needs is solved.
        shortage_year: the year of the claimed shortage, counted in calendar years from ``start``'s; needed with ``shortage``.
        volatility: of the yearly log growth of demand relative to supply, for the fan; the median is the middle path.
        paths: Monte Carlo paths.
        seed: of the generator; the same seed gives the same fan.

    Raises:
        QuantError: an input is out of its range.
    """
    import numpy as np

    ratio = _ratio(utilisation, supply_growth, demand_growth)
    if years < 1 or paths < 1 or not 0 <= volatility < math.inf or not all(0 < level < math.inf for level in levels):
        raise QuantError("years and paths must be at least 1, volatility not negative, and levels above zero")
    middle = 0.5 * sum(utilisation)
    shocks = np.random.default_rng(seed).normal(math.log(ratio), volatility, size=(paths, years))
    logs = math.log(middle) + np.concatenate([np.zeros((paths, 1)), np.cumsum(shocks, axis=1)], axis=1)
    ends = zip(shortage or (), sorted(utilisation, reverse=True), strict=False)
    span = (shortage_year or start.year) - start.year
    return SupplyDemandResult(
        years=[float(start.year + n) for n in range(years + 1)],
        supply=[(1 + supply_growth) ** n for n in range(years + 1)], demand=[(1 + demand_growth) ** n for n in range(years + 1)],
        low=[utilisation[0] * ratio**n for n in range(years + 1)], high=[utilisation[1] * ratio**n for n in range(years + 1)],
        fan=_fan(np.exp(logs)), crossings=[_crossing(level, utilisation, ratio, start, logs) for level in levels],
        needed_growth=[(times, growth_for_shortage(times, u, supply_growth, span) * 100) for times, u in ends], seed=seed, units=_UNITS,
    )  # fmt: skip


def growth_for_shortage(times: float, utilisation: float, supply_growth: float, years: float) -> float:
    """The yearly demand growth after which demand is ``times`` supply: ``(times / u)^(1 / years) (1 + supply) - 1``.

    8x from 30 % and 50x from 25 % over the nine years 2026 to 2035, with supply +50 % a year: +116 to +170 %.

    Raises:
        QuantError: an input is not above zero.
    """
    if min(times, utilisation, years) <= 0 or supply_growth <= -1:
        raise QuantError(
            "a shortage needs a year after the start, and it and the utilisation must be above zero, supply growth above -100 %"
        )
    return float((times / utilisation) ** (1 / years) * (1 + supply_growth) - 1)


def stay_in_band(
    *,
    utilisation: tuple[float, float],
    supply_growth: float,
    demand_growth: float,
    start: date,
    band: tuple[float, float],
    phase: tuple[date, date],
) -> BandStay:
    """When falling utilisation is inside ``band``, and for how long that coincides with a phase that is claimed as well.

    The stay runs from the earliest entry to the latest exit: before and after it, no start in the band is inside.

    Args:
        utilisation: the band of starts, per 1.00.
        supply_growth: per year; must exceed the demand growth.
        demand_growth: per year.
        start: the day of the starts.
        band: (lower, upper) level, both under the starts.
        phase: first and last day of the other claim.

    Raises:
        QuantError: utilisation does not fall, or starts inside or under the band.
    """
    ratio = _ratio(utilisation, supply_growth, demand_growth)
    lower, upper = band
    if ratio >= 1 or not 0 < lower < upper <= utilisation[0]:
        raise QuantError("utilisation must start above the band and fall: supply has to grow faster than demand")
    entered = _dates(upper, utilisation, ratio, start)
    left = _dates(lower, utilisation, ratio, start)
    if None in (*entered, *left):
        raise QuantError(f"the band is not passed within {FARTHEST:g} years: the two growth rates are nearly equal")
    days = [day for day in (*entered, *left) if day]
    first, last = max(days[0], phase[0]), min(days[3], phase[1])
    shared = max(0, (last - first).days + 1)
    return BandStay(
        entered=(days[0], days[1]), left=(days[2], days[3]), overlap=(first, last) if shared else None, overlap_days=shared,
        units={"entered": "(earliest, latest) date", "left": "(earliest, latest) date", "overlap_days": "days"},
    )  # fmt: skip


def gated_adoption(
    gates: Sequence[Gate], *, start: int, end: int, rate: float, half: float, paths: int = 1000, seed: int = 0
) -> AdoptionResult:
    """Logistic adoption (Griliches 1957) that starts in each part of the market only when its gate opens.

    ``x`` years after opening the part stands at ``(L(x) - L(0)) / (1 - L(0))`` with ``L(x) = 1 / (1 + exp(-rate (x - half)))``:
    the logistic curve, shifted to be zero at the gate.

    Args:
        gates: parts of the market; an open one has ``first`` and ``last`` before ``start``. Shares add up to at most 1.
        start: first year of the result.
        end: last year of the result.
        rate: steepness per year.
        half: years from the opening to the middle of the curve.
        paths: Monte Carlo paths for the days of opening.
        seed: of the generator.

    Raises:
        QuantError: no gates, two of one name, shares above 1, or years in the wrong order.
    """
    import numpy as np

    names = [gate.name for gate in gates]
    if not gates or len(set(names)) < len(names) or sum(gate.share for gate in gates) > 1 + 1e-9:
        raise QuantError("give at least one gate, each name once, and shares that add up to 1 at most")
    if end <= start or rate <= 0 or half < 0 or paths < 1 or any(gate.last < gate.first for gate in gates):
        raise QuantError("years must run forward, rate and paths be above zero, and half not negative")
    times = np.arange(start, end + 1, dtype=float)
    opens = np.array([[gate.first, gate.last + 1] for gate in gates], dtype=float)
    shares = np.array([gate.share for gate in gates])

    def adopted(at: "NDArray[np.float64]") -> "NDArray[np.float64]":
        base = 1 / (1 + math.exp(rate * half))
        since = np.maximum(0.0, times[:, None] - at[..., None, :])
        return shares * (1 / (1 + np.exp(-rate * (since - half))) - base) / (1 - base)

    drawn = np.random.default_rng(seed).uniform(opens[:, 0], opens[:, 1], size=(paths, len(gates)))
    middle = adopted(opens.mean(axis=1))
    return AdoptionResult(
        years=times.tolist(), early=adopted(opens[:, 0]).sum(axis=-1).tolist(), late=adopted(opens[:, 1]).sum(axis=-1).tolist(),
        segments={name: middle[:, i].tolist() for i, name in enumerate(names)}, fan=_fan(adopted(drawn).sum(axis=-1)), seed=seed,
        units=dict.fromkeys(("early", "late", "segments", "fan"), "share of the market, per 1.00"),
    )  # fmt: skip


def _ratio(utilisation: tuple[float, float], supply_growth: float, demand_growth: float) -> float:
    known = all(math.isfinite(value) for value in (*utilisation, supply_growth, demand_growth))
    if not known or not 0 < utilisation[0] <= utilisation[1] or min(supply_growth, demand_growth) <= -1:
        raise QuantError("utilisation must be a band (low, high) above zero, growth above -100 %")
    return (1 + demand_growth) / (1 + supply_growth)


def _fan(values: "NDArray[np.float64]") -> dict[str, list[float]]:
    """Quantiles over the paths, by year; values are [path, year]."""
    import numpy as np

    rows = np.quantile(values, list(QUANTILES.values()), axis=0)
    return {name: row.tolist() for name, row in zip(QUANTILES, rows, strict=True)}


def _dates(level: float, band: tuple[float, float], ratio: float, start: date) -> tuple[date | None, date | None]:
    """When the low and the high start reach ``level``, in the order of time; None where they do not."""
    found = []
    for u in band:
        n = 0.0 if level == u else math.log(level / u) / math.log(ratio) if ratio != 1 else math.inf
        found.append(start + timedelta(days=n * YEAR) if 0 <= n < FARTHEST else None)
    known = sorted(day for day in found if day)
    return (known[0], known[-1]) if known else (None, None)


def _crossing(level: float, band: tuple[float, float], ratio: float, start: date, logs: "NDArray[np.float64]") -> Crossing:
    import numpy as np

    earliest, latest = _dates(level, band, ratio, start)
    after = _first_crossing(logs, math.log(level))
    # The inverted distribution, not interpolation: a path that never crosses is later than any date.
    spread = np.quantile(after, list(QUANTILES.values()), method="inverted_cdf")
    return Crossing(
        level=level, earliest=earliest, latest=latest, probability=float(np.isfinite(after).mean()),
        dates={
            name: start + timedelta(days=float(n) * YEAR) if math.isfinite(n) else None
            for name, n in zip(QUANTILES, spread, strict=True)
        },
        units={"level": "per 1.00", "probability": "of crossing before the horizon, per 1.00"},
    )  # fmt: skip


def _first_crossing(logs: "NDArray[np.float64]", target: float) -> "NDArray[np.float64]":
    """Years to the first crossing of each path, straight in logarithms between two years; infinite for none."""
    import numpy as np

    gaps = logs - target
    crossed = gaps * np.sign(gaps[:, :1]) <= 0
    step = np.argmax(crossed, axis=1)
    rows = np.arange(len(logs))
    before = gaps[rows, np.maximum(step - 1, 0)]
    width = np.where(step > 0, before - gaps[rows, step], 1.0)
    years = np.where(step > 0, step - 1 + before / np.where(width == 0, 1.0, width), 0.0)
    return np.where(crossed[rows, step], years, np.inf)
