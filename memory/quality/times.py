"""When a value is for, when it was out, and whether it is an average or a close."""

from collections.abc import Sequence
from datetime import date, datetime
from statistics import fmean, median

from memory.cadence import infer_frequency, period_end, period_index
from memory.observation import SeriesInfo
from memory.quality.finding import Finding, Row, finding, known


def reference_dates(info: SeriesInfo, rows: Sequence[Row], released: Sequence[datetime] = ()) -> list[Finding]:
    """Dates that name a period as if they were its release.

    With ``released`` (one a row), values said to be known before their period ended are an error. Without, a series of periods
    that states neither a release nor a lag is: its January, dated the first, is known in February at the earliest.
    """
    numbers = known(rows)
    seen = infer_frequency([item.day for item in numbers])
    if seen not in {"monthly", "quarterly", "annual"}:
        return []
    if released:
        early = [
            f"{row.day} said to be known {at:%Y-%m-%d}, before {period_end(row.day, seen)}"
            for row, at in zip(rows, released, strict=True)
            if row.value is not None and at.date() < period_end(row.day, seen) and info.kind not in {"close", "settle"}
        ]
        if not early:
            return []
        message = f"{len(early)} values are known before their period ends: the dates are reference dates, give release times"
        return [finding("release date", "error", info.series, message, early)]
    if info.release or "lag_days" in info.model_fields_set:
        return []
    first = numbers[-1]
    message = (
        f"its dates name {seen} periods and no release is given: {first.day} cannot be known before {period_end(first.day, seen)}; "
        "state release or lag_days"
    )
    return [finding("release date", "warning", info.series, message, [first.row])]


def average_or_close(monthly: Sequence[Row], daily: Sequence[Row]) -> tuple[str, float]:
    """What a monthly value is of its days: ``average``, ``close`` or ``first``, and the median relative distance to it.

    Empty when fewer than six months are shared or nothing comes within 1 per cent.
    """
    by_month: dict[int, list[tuple[date, float]]] = {}
    for item in known(daily):
        by_month.setdefault(period_index(item.day, "monthly"), []).append((item.day, item.value))
    errors: dict[str, list[float]] = {"average": [], "close": [], "first": []}
    for item in known(monthly):
        days = by_month.get(period_index(item.day, "monthly"), [])
        if len(days) < 15 or item.value == 0:
            continue
        values = [value for _, value in days]
        for name, value in (("average", fmean(values)), ("close", values[-1]), ("first", values[0])):
            errors[name].append(abs(value / item.value - 1))
    if len(errors["average"]) < 6:
        return "", float("nan")
    best, error = min(((name, median(found)) for name, found in errors.items()), key=lambda pair: pair[1])
    return (best, error) if error < 0.01 else ("", error)


def averaging(info: SeriesInfo, monthly: Sequence[Row], daily: Sequence[Row], source: str) -> list[Finding]:
    """A monthly series described as a close that is the average of its days, or the other way round."""
    seen, error = average_or_close(monthly, daily)
    stated = {"settle": "close"}.get(info.kind, info.kind)
    if not seen or seen == stated or stated not in {"average", "close"}:
        return []
    message = (
        f"it is described as {info.kind}, but is the {seen} of the days of {source} (median distance {error:.2%}): correct kind; "
        "returns of averages are smoother than returns of closes"
    )
    return [finding("average or close", "error", info.series, message)]
