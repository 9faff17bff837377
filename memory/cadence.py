"""How often a series has a value: what its dates say, and where its periods begin and end."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

STEPS: Final = {"daily": 1, "weekly": 7, "monthly": 30, "quarterly": 91, "annual": 365}
"""Days between two values."""


def infer_frequency(days: Sequence[date]) -> str:
    """daily, weekly, monthly, quarterly or annual by the usual step; empty for fewer than three days."""
    ordered = sorted(set(days))
    if len(ordered) < 3:
        return ""
    step = median((later - day).days for day, later in pairwise(ordered))
    bounds = ((4, "daily"), (11, "weekly"), (45, "monthly"), (150, "quarterly"))
    return next((name for bound, name in bounds if step <= bound), "annual")


def period_index(day: date, frequency: str) -> int:
    """The number of the period that a day lies in: neighbours differ by one. Days and weeks count from year one."""
    match frequency:
        case "monthly":
            return 12 * day.year + day.month - 1
        case "quarterly":
            return 4 * day.year + (day.month - 1) // 3
        case "annual":
            return day.year
        case "weekly":
            return (day.toordinal() - 1) // 7
        case _:
            return day.toordinal()


def period_start(index: int, frequency: str) -> date:
    """The first day of a period."""
    match frequency:
        case "monthly":
            return date(index // 12, index % 12 + 1, 1)
        case "quarterly":
            return date(index // 4, 3 * (index % 4) + 1, 1)
        case "annual":
            return date(index, 1, 1)
        case "weekly":
            return date.fromordinal(7 * index + 1)
        case _:
            return date.fromordinal(index)


def period_end(day: date, frequency: str) -> date:
    """The last day of the period that a date names. A week is named by its own day, as a day is."""
    if frequency not in {"monthly", "quarterly", "annual"}:
        return day
    return period_start(period_index(day, frequency) + 1, frequency) - timedelta(days=1)


def period_name(index: int, frequency: str) -> str:
    """A period as people write it: 2025-10, 2025-Q3, 2025, or the day."""
    start = period_start(index, frequency)
    match frequency:
        case "monthly":
            return f"{start:%Y-%m}"
        case "quarterly":
            return f"{start.year}-Q{index % 4 + 1}"
        case "annual":
            return str(start.year)
        case _:
            return start.isoformat()
