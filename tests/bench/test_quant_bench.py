"""What the quant computes within a promised time: a million prices, a fan, a structure. Floors are of an idle machine."""

from datetime import date

import numpy as np

from agents.quant.options import prices
from agents.tool import call

FLY = [["call", 1, 70, None], ["call", -2, 90, None], ["call", 1, 110, None]]
CALENDAR = [["call", -1, 80, None, 0.25], ["call", 1, 80, None, 0.5]]


def test_a_million_european_prices_in_a_tenth_of_a_second(benchmark):
    seeded, n = np.random.default_rng(1), 1_000_000
    given = {
        "spot": seeded.uniform(50, 150, n), "strike": seeded.uniform(50, 150, n), "years": seeded.uniform(0.05, 2, n),
        "rate": seeded.uniform(0, 0.05, n), "sigma": seeded.uniform(0.1, 0.8, n),
    }  # fmt: skip
    found = benchmark.pedantic(lambda: prices("call", **given), rounds=9, warmup_rounds=1)
    assert np.isfinite(found).all()
    assert benchmark.stats.stats.min <= 0.1


def test_a_fan_of_a_thousand_paths_over_ten_years_in_fifty_milliseconds(benchmark):
    given = {
        "utilisation": (0.25, 0.3), "supply_growth": 0.5, "demand_growth": 0.15, "start": date(2026, 1, 8), "years": 10,
        "levels": [0.15, 0.10], "paths": 1000, "seed": 7,
    }  # fmt: skip
    found = benchmark.pedantic(lambda: call("quant.supply_demand", given), rounds=20, warmup_rounds=2)
    assert len(found.fan["p50"]) == 11
    assert benchmark.stats.stats.min <= 0.05


def test_a_butterfly_in_five_milliseconds(benchmark):
    given = {"legs": FLY, "cost": 2.5, "S": 69.75, "t": 0.4411, "r": 0.037, "sigma": 0.6, "nav_pct": 5}
    found = benchmark.pedantic(lambda: call("quant.structure", given), rounds=40, warmup_rounds=2)
    assert found.net_multiple == 7
    assert benchmark.stats.stats.min <= 0.005


def test_a_calendar_in_five_milliseconds(benchmark):
    given = {"legs": CALENDAR, "S": 76.93, "r": 0.037, "sigma": 0.6}
    found = benchmark.pedantic(lambda: call("quant.structure", given), rounds=40, warmup_rounds=2)
    assert len(found.breakevens) == 2
    assert benchmark.stats.stats.min <= 0.005


def test_an_american_option_with_its_sensitivities(benchmark):
    given = {"type": "put", "S": 100, "K": 100, "t": 1, "r": 0.05, "sigma": 0.25, "style": "american"}
    found = benchmark.pedantic(lambda: call("quant.option", given), rounds=10, warmup_rounds=1)
    assert found.engine == "fixed-point"
