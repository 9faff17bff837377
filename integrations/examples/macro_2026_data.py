"""Makes the example desk's data tables, from a seed.

Run it with ``python -m integrations.examples.macro_2026_data``.

Nobody gave the series of the example desk, so they are drawn here and marked synthetic in ``series.yaml``. A few values
are known and fixed: silver 76.93 $/oz on 2026-01-08, WTI 114.58 $/bbl on 2026-04-07, EURUSD 1.0413 in February and
1.1710 in December 2025, and US inflation of 3.0 % in January 2025. Paths between them mean nothing.
"""

import csv
import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

SEED = 2026
FOLDER = Path(__file__).parent / "macro-2026" / "data"


def weekly(first: date, last: date) -> list[date]:
    """Days seven apart."""
    return [first + timedelta(days=7 * i) for i in range((last - first).days // 7 + 1)]


def monthly(first: date, count: int) -> list[date]:
    """Firsts of months."""
    return [date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1) for i in range(count)]


def through(days: Sequence[date], anchors: dict[date, float], noise: float, draw: random.Random, digits: int = 2) -> list[float]:
    """A line through the anchors with noise that vanishes on them."""
    marks = sorted(anchors)
    values = []
    for day in days:
        before = max((m for m in marks if m <= day), default=marks[0])
        after = min((m for m in marks if m >= day), default=marks[-1])
        share = (day - before).days / max(1, (after - before).days)
        level = anchors[before] + (anchors[after] - anchors[before]) * share
        free = 0.0 if day in anchors else 1.0
        values.append(round(level * (1 + free * noise * draw.gauss(0, 1)), digits))
    return values


def write(name: str, days: Sequence[date], columns: dict[str, list[float]]) -> None:
    """One wide table."""
    with (FOLDER / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["date", *columns])
        table.writerows([day.isoformat(), *row] for day, row in zip(days, zip(*columns.values(), strict=True), strict=True))


def _metals(line: Callable[..., list[float]]) -> None:
    first, last = date(2025, 9, 4), date(2026, 4, 9)
    days = weekly(first, last)
    silver = line(days, {first: 41.2, date(2026, 1, 8): 76.93, date(2026, 2, 26): 84.1, last: 88.4}, 0.012)
    spread = line(days, {first: -0.44, date(2026, 1, 8): -0.71, date(2026, 2, 19): 0.12, last: 0.95}, 0.0)
    near = [round(value, 2) for value in silver]
    far = [round(value - gap, 2) for value, gap in zip(silver, spread, strict=True)]
    write(
        "comex.silver",
        days,
        {
            "near": near,
            "far": far,
            "stocks": line(days, {first: 531.0, date(2026, 1, 8): 450.0, last: 417.0}, 0.003, 1),
        },
    )
    write(
        "lbma.silver",
        days,
        {"lease_1m": line(days, {first: 1.1, date(2025, 10, 9): 9.8, date(2026, 1, 8): 5.2, last: 7.4}, 0.04)},
    )
    write("sge.silver", days, {"premium": line(days, {first: 0.4, date(2026, 1, 8): 2.6, last: 3.9}, 0.05)})
    write("nyse.slv", days, {"close": [round(value * 0.9067, 2) for value in silver]})
    write("lme.base", days, {
        "copper": line(days, {first: 9890, date(2026, 1, 8): 12850, last: 13420}, 0.012, 0),
        "tin": line(days, {first: 34200, date(2026, 1, 8): 44100, last: 47900}, 0.015, 0),
    })  # fmt: skip


def _energy(line: Callable[..., list[float]]) -> None:
    first, last = date(2025, 9, 2), date(2026, 4, 7)
    days = weekly(first, last)
    write("nymex.wti", days, {
        "front": line(days, {first: 63.6, date(2026, 1, 6): 57.1, date(2026, 2, 24): 66.2, date(2026, 3, 24): 96.4, last: 114.58}, 0.012),
        "dec27": line(days, {first: 62.8, date(2026, 1, 6): 60.2, last: 78.3}, 0.006),
    })  # fmt: skip
    write("nymex.gas", days, {"henry_hub": line(days, {first: 2.95, date(2026, 1, 6): 3.6, last: 3.15}, 0.03)})
    write("spot.uranium", days, {"u3o8": line(days, {first: 76.0, last: 89.5}, 0.01)})


def _rates(line: Callable[..., list[float]]) -> None:
    first, last = date(2025, 9, 5), date(2026, 4, 10)
    days = weekly(first, last)
    write("rates.japan", days, {
        "jgb_10y": line(days, {first: 1.58, date(2026, 1, 9): 2.1, last: 2.31}, 0.008),
        "usdjpy": line(days, {first: 147.4, date(2026, 1, 9): 157.6, last: 152.8}, 0.006),
    })  # fmt: skip
    write("rates.china", days, {
        "usdcny_fixing": line(days, {first: 7.106, last: 6.94}, 0.001, 4),
        "lgfv_spread": line(days, {first: 148, last: 236}, 0.02, 0),
    })  # fmt: skip
    write("rates.us", days, {
        "vix": line(days, {first: 15.2, date(2026, 3, 27): 28.4, last: 24.7}, 0.05),
        "put_carry": line(days, {first: 2.4, last: 3.1}, 0.03),
        "private_default": line(days, {first: 4.6, last: 5.8}, 0.01),
    })  # fmt: skip
    write("credit.gpu", days, {
        "spread": line(days, {first: 540, date(2026, 1, 9): 715, last: 842}, 0.015, 0),
        "equity_vol": line(days, {first: 74, date(2026, 1, 9): 80, last: 88}, 0.02, 1),
    })  # fmt: skip
    write(
        "prediction.shutdown",
        days,
        {"price": line(days, {first: 0.32, date(2026, 1, 9): 0.24, date(2026, 1, 30): 0.07, last: 0.0}, 0.0)},
    )


def _slow(line: Callable[..., list[float]]) -> None:
    months = monthly(date(2024, 1, 1), 27)
    write(
        "us.prices",
        months,
        {"cpi": line(months, {months[0]: 308.4, date(2025, 1, 1): 317.7, date(2026, 1, 1): 326.3, months[-1]: 329.1}, 0.0, 1)},
    )
    write(
        "fx.eur",
        months,
        {
            "eurusd": line(
                months,
                {months[0]: 1.0905, date(2025, 2, 1): 1.0413, date(2025, 12, 1): 1.171, months[-1]: 1.158},
                0.004,
                4,
            )
        },
    )
    write("equity.index", months, {
        "sp500": line(months, {months[0]: 4800, date(2025, 2, 1): 6040, date(2025, 12, 1): 6855, months[-1]: 6610}, 0.008, 0),
        "world_ex_us": line(months, {months[0]: 320, date(2025, 2, 1): 341, date(2025, 12, 1): 424, months[-1]: 431}, 0.006, 1),
    })  # fmt: skip
    write(
        "policy.trade",
        months,
        {"export_curbs": line(months, {months[0]: 41, date(2026, 1, 1): 66, months[-1]: 71}, 0.0, 0)},
    )
    write("health.glp1", months, {"prescriptions": line(months, {months[0]: 3.1, months[-1]: 6.4}, 0.01)})
    write("labour.us", months, {
        "coding_jobs": line(months, {months[0]: 100, months[-1]: 91.5}, 0.003, 1),
        "care_jobs": line(months, {months[0]: 100, months[-1]: 108.9}, 0.002, 1),
    })  # fmt: skip
    quarters = months[::3]
    write("compute.market", quarters, {
        "utilisation": line(quarters, {quarters[0]: 38, date(2026, 1, 1): 27, quarters[-1]: 27}, 0.0, 1),
        "token_price": line(quarters, {quarters[0]: 12.0, quarters[-1]: 0.9}, 0.0),
        "tokens_per_user": line(quarters, {quarters[0]: 1.0, quarters[-1]: 3.4}, 0.0),
        "photonics_orders": line(quarters, {quarters[0]: 100, quarters[-1]: 188}, 0.01, 0),
    })  # fmt: skip
    write(
        "loans.student",
        quarters,
        {"delinquency": line(quarters, {quarters[0]: 0.7, date(2025, 1, 1): 7.7, quarters[-1]: 12.4}, 0.0, 1)},
    )


def main() -> None:
    """Write every table anew; the same seed gives the same bytes."""
    draw = random.Random(SEED)  # noqa: S311 - a drawing, not a secret

    def line(days: Sequence[date], anchors: dict[date, float], noise: float, digits: int = 2) -> list[float]:
        return through(days, anchors, noise, draw, digits)

    FOLDER.mkdir(parents=True, exist_ok=True)
    for part in (_metals, _energy, _rates, _slow):
        part(line)


if __name__ == "__main__":
    main()
