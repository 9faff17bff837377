import time
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.quant.errors import QuantError
from agents.quant.supply_demand import Gate, gated_adoption, growth_for_shortage, stay_in_band, supply_demand

START = date(2026, 1, 8)
GAP = {"utilisation": (0.25, 0.30), "supply_growth": 0.5, "demand_growth": 0.15, "start": START}
PHASE_TWO = (date(2028, 1, 1), date(2030, 12, 31))
GATES = [
    Gate(name="law", share=0.2, first=2029, last=2030),
    Gate(name="finance", share=0.3, first=2031, last=2032),
    Gate(name="robots", share=0.5, first=2030, last=2035),
]
ADOPTION = {"start": 2026, "end": 2045, "rate": 1.0, "half": 3.0}


def month(day):
    return day.strftime("%Y-%m")


def test_the_band_of_10_to_15_per_cent_is_entered_between_december_2027_and_august_2028():
    (crossing,) = supply_demand(**GAP, years=9, levels=[0.15]).crossings
    assert (month(crossing.earliest), month(crossing.latest)) == ("2027-12", "2028-08")


@pytest.mark.parametrize("day", range(1, 23))
def test_any_start_in_the_first_three_weeks_of_2026_gives_the_same_months(day):
    (crossing,) = supply_demand(**{**GAP, "start": date(2026, 1, day)}, years=1, levels=[0.15]).crossings
    assert (month(crossing.earliest), month(crossing.latest)) == ("2027-12", "2028-08")


def test_the_stay_in_the_band_overlaps_phase_two_from_its_first_day():
    found = stay_in_band(**GAP, band=(0.10, 0.15), phase=PHASE_TWO)
    assert [month(day) for day in (*found.entered, *found.left)] == ["2027-12", "2028-08", "2029-06", "2030-02"]
    assert found.overlap == (date(2028, 1, 1), found.left[1])
    assert found.overlap_days == (found.left[1] - date(2028, 1, 1)).days + 1


def test_a_phase_after_the_band_shares_no_day():
    found = stay_in_band(**GAP, band=(0.10, 0.15), phase=(date(2031, 1, 1), date(2032, 1, 1)))
    assert (found.overlap, found.overlap_days) == (None, 0)


def test_a_shortage_of_8_to_50_times_in_2035_needs_demand_to_grow_116_to_170_per_cent_a_year():
    found = supply_demand(**GAP, years=9, shortage=(8, 50), shortage_year=2035).needed_growth
    assert [(times, round(rate)) for times, rate in found] == [(8, 116), (50, 170)]


@given(st.floats(0.5, 50), st.floats(0.05, 1), st.floats(-0.5, 2), st.floats(0.5, 30))
def test_the_growth_that_a_shortage_needs_brings_it_about(times, utilisation, supply, years):
    demand = growth_for_shortage(times, utilisation, supply, years)
    assert utilisation * ((1 + demand) / (1 + supply)) ** years == pytest.approx(times)


def test_utilisation_is_demand_over_supply_in_every_year():
    found = supply_demand(**GAP, years=10)
    for low, high, demand, supply in zip(found.low, found.high, found.demand, found.supply, strict=True):
        assert (low, high) == (pytest.approx(0.25 * demand / supply), pytest.approx(0.30 * demand / supply))
    assert (found.years[0], found.years[-1]) == (2026, 2036)


def test_a_fan_without_volatility_is_the_middle_path():
    found = supply_demand(**GAP, years=5, volatility=0)
    middle = [0.5 * (a + b) for a, b in zip(found.low, found.high, strict=True)]
    assert all(values == pytest.approx(middle) for values in found.fan.values())


def test_quantiles_of_the_fan_follow_the_lognormal_law():
    found = supply_demand(**GAP, years=4, volatility=0.2, paths=40_000, seed=3)
    middle = 0.275 * (1.15 / 1.5) ** 4
    for name, z in (("p05", -1.644854), ("p25", -0.674490), ("p50", 0.0), ("p75", 0.674490), ("p95", 1.644854)):
        assert found.fan[name][4] == pytest.approx(middle * np.exp(z * 0.2 * 2), rel=0.02)


@given(st.integers(0, 2**32 - 1))
def test_the_same_seed_gives_the_same_result_and_quantiles_are_in_order(seed):
    first, second = (supply_demand(**GAP, years=6, levels=[0.15], paths=50, seed=seed) for _ in range(2))
    assert first == second
    rows = np.array([first.fan[name] for name in ("p05", "p25", "p50", "p75", "p95")])
    assert (np.diff(rows, axis=0) >= 0).all()


def test_crossing_dates_of_the_fan_lie_around_the_middle_path_and_count_the_paths_that_never_cross():
    sure, rare = supply_demand(**GAP, years=10, levels=[0.15, 0.35], volatility=0.1, seed=1).crossings
    dates = list(sure.dates.values())
    assert sure.probability == 1
    assert dates == sorted(dates)
    assert abs((sure.dates["p50"] - date(2028, 4, 22)).days) < 45
    assert rare.probability < 0.05
    assert (rare.earliest, rare.latest, rare.dates["p50"]) == (None, None, None)


def test_a_crossing_without_volatility_is_the_date_of_the_middle_path():
    (found,) = supply_demand(**{**GAP, "utilisation": (0.3, 0.3)}, years=10, levels=[0.15], volatility=0).crossings
    assert found.earliest == found.latest
    assert {abs((day - found.earliest).days) for day in found.dates.values()} <= {0, 1}


def test_equal_growth_never_crosses_and_a_level_that_holds_today_is_crossed_today():
    flat = {**GAP, "utilisation": (0.3, 0.3), "demand_growth": 0.5}
    never, today = supply_demand(**flat, years=3, levels=[0.15, 0.3], volatility=0).crossings
    assert (never.earliest, never.probability) == (None, 0)
    assert (today.earliest, today.dates["p50"]) == (START, START)


def test_a_thousand_paths_of_ten_years_take_at_most_50_ms():
    took = []
    for _ in range(5):
        began = time.perf_counter()
        supply_demand(**GAP, years=10, levels=[0.15, 0.10], paths=1000)
        took.append(time.perf_counter() - began)
    assert min(took) <= 0.05


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"utilisation": (0.3, 0.25)}, "band"),
        ({"utilisation": (0.0, 0.25)}, "band"),
        ({"supply_growth": -1.0}, "-100 %"),
        ({"demand_growth": float("nan")}, "growth"),
        ({"years": 0}, "at least 1"),
        ({"volatility": -0.1}, "volatility"),
        ({"volatility": float("nan")}, "volatility"),
        ({"levels": [0.0]}, "levels"),
        ({"shortage": (8, 50), "shortage_year": 2026}, "year after the start"),
        ({"shortage": (8, 50)}, "year after the start"),
    ],
)
def test_inputs_out_of_range_are_refused_in_a_sentence(change, word):
    with pytest.raises(QuantError, match=word):
        supply_demand(**{**GAP, "years": 9, **change})


@pytest.mark.parametrize("change", [{"demand_growth": 0.6}, {"band": (0.1, 0.27)}, {"band": (0.2, 0.1)}])
def test_a_band_that_utilisation_does_not_fall_through_is_refused(change):
    with pytest.raises(QuantError, match="above the band"):
        stay_in_band(**{**GAP, "band": (0.10, 0.15), "phase": PHASE_TWO, **change})


def test_a_band_that_is_passed_after_a_century_is_refused():
    with pytest.raises(QuantError, match="nearly equal"):
        stay_in_band(**{**GAP, "demand_growth": 0.4999}, band=(0.10, 0.15), phase=PHASE_TWO)


def test_nobody_adopts_before_the_first_gate_and_nearly_all_do_in_the_end():
    found = gated_adoption(GATES, **ADOPTION)
    by_year = dict(zip(found.years, found.early, strict=True))
    assert by_year[2029] == 0 < by_year[2030]
    assert found.late[-1] == pytest.approx(1, abs=0.01)
    assert set(found.segments) == {"law", "finance", "robots"}


def test_each_segment_waits_for_its_own_gate():
    found = gated_adoption(GATES, **ADOPTION)
    opened = {name: next(year for year, x in zip(found.years, xs, strict=True) if x > 0) for name, xs in found.segments.items()}
    # The middles of 2029-30, 2031-32 and 2030-35, whole years: 2030.0, 2032.0 and 2033.0; the next start of a year is above zero.
    assert opened == {"law": 2031, "finance": 2033, "robots": 2034}


def test_half_of_a_gated_market_has_adopted_about_half_years_after_its_gate():
    found = gated_adoption([Gate(name="all", share=1, first=2027, last=2027)], start=2027, end=2040, rate=2, half=5)
    assert found.early[5] == pytest.approx(0.5, abs=1e-3)


@given(st.integers(0, 1000), st.floats(0.1, 3), st.floats(0, 6))
def test_adoption_rises_and_the_fan_lies_between_the_late_and_the_early_gates(seed, rate, half):
    found = gated_adoption(GATES, start=2026, end=2040, rate=rate, half=half, paths=40, seed=seed)
    assert found == gated_adoption(GATES, start=2026, end=2040, rate=rate, half=half, paths=40, seed=seed)
    for values in found.fan.values():
        assert (np.diff(values) >= -1e-12).all()
        assert (np.array(found.late) - 1e-9 <= values).all()
        assert (np.array(values) <= np.array(found.early) + 1e-9).all()


@pytest.mark.parametrize(
    ("gates", "change", "word"),
    [
        ([], {}, "at least one gate"),
        ([GATES[0], GATES[0]], {}, "each name once"),
        ([*GATES, Gate(name="more", share=0.1, first=2029, last=2030)], {}, "add up to 1"),
        (GATES, {"end": 2026}, "forward"),
        ([Gate(name="back", share=0.1, first=2030, last=2029)], {}, "forward"),
        (GATES, {"rate": 0}, "rate"),
    ],
)
def test_gates_that_make_no_sense_are_refused(gates, change, word):
    with pytest.raises(QuantError, match=word):
        gated_adoption(gates, **{**ADOPTION, **change})
