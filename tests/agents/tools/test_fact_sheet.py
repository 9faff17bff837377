"""Every bracketed remark of the example's fact sheet, to the digits given there, by a tool call by name."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from agents.errors import ToolError
from agents.tool import call

FLY = [["call", 1, 70, None], ["call", -2, 90, None], ["call", 1, 110, None]]
GPU = {"spread": 0.07, "T": 5}
CPI = Path(__file__).parents[4] / "shared" / "data" / "market" / "us_cpi_monthly.csv"


@pytest.fixture(scope="session")
def contradictions(bench):
    """What cannot both be true in the example's book, by kind and theses."""
    found = call("quant.consistency", {}, bench)
    return {(item.kind, tuple(item.theses)): item for item in found.contradictions}


def test_silver_calendar_the_fair_june_the_spread_and_what_a_dollar_is_worth():
    found = call("quant.calendar_spread", {
        "near": 76.93, "r": 0.037, "t": 0.25, "multiplier": 5000, "contract": "comex.silver", "months": ["2026-03", "2026-06"],
    })  # fmt: skip
    assert (round(found.fair_far, 4), round(found.fair_spread, 4), found.value_per_point) == (77.6449, -0.7149, 5000)
    assert found.note == "June 2026 is not an active month of comex.silver: those are March, May, July, September, December"


def test_slv_butterfly_twenty_gross_seven_times_net_its_break_evens_and_its_volatility():
    years = (date(2026, 6, 18) - date(2026, 1, 8)).days / 365
    found = call("quant.structure", {
        "legs": FLY, "cost": 2.5, "S": 69.75, "t": years, "r": 0.037, "nav_pct": 5, "at": [69.75 * 1.5],
    })  # fmt: skip
    assert (max(value for _, value in found.payoff), found.max_profit, found.net_multiple) == (20, 17.5, 7.0)
    assert found.breakevens == [72.5, 107.5]
    assert round(found.flat_vols_that_match_cost[-1], 2) == 0.83
    assert round(dict(found.payoff)[69.75 * 1.5], 2) == pytest.approx(5.38, abs=0.005)


def test_slv_butterfly_at_plus_fifty_it_is_past_its_own_peak(contradictions):
    found = contradictions["payoff past its peak", ("silver-squeeze", "slv-butterfly")]
    assert "at +50 % (104.62) the 70/90/110 butterfly pays 5.38 of a maximum 20: its peak is behind it" in found.text


def test_venue_basis_parameters_absent_is_a_data_request():
    with pytest.raises(ToolError, match="cannot be known without the price at LBMA on the same day, the cost finance, the cost freight"):
        call("quant.basis", {
            "here": {"price": 76.93, "venue": "COMEX", "unit": "oz", "currency": "USD"}, "there": {"price": None, "venue": "LBMA"},
            "costs": {"refining": None},
        })  # fmt: skip


def test_metals_over_oil_the_falsifier_fires_on_wti_at_114_58(desk):
    found = call("data.rule", {"rule": "nymex.wti.front > 90"}, desk.workbench(datetime(2026, 4, 8, 23, tzinfo=UTC)))
    assert (found.state, found.value) == ("true", True)
    assert "114.58" in str(found.evidence)
    assert "2026-04-07" in str(found.evidence) or "2026, 4, 7" in str(found.evidence)


def test_copper_demand_of_35_to_40_per_cent_against_supply_of_3():
    low, high = (call("quant.deficit", {"demand_growth": growth, "supply_growth": 0.03, "years": 5}) for growth in (0.35, 0.40))
    assert (round(low.demand_cagr, 1), round(high.demand_cagr, 1)) == (6.2, 7.0)
    assert (round(low.deficit_pct_of_supply, 1), round(high.deficit_pct_of_supply, 1)) == (16.5, 20.8)


def test_copper_tonnes_per_data_centre_are_not_tonnes_per_megawatt():
    claim = {"subject": "data centres", "metric": "copper", "kind": "level", "low": 20, "high": 40}
    claims = [
        claim | {"id": "a", "thesis": "copper", "unit": "t per data centre"},
        claim | {"id": "b", "thesis": "industry", "unit": "t per MW"},
    ]
    found = call("quant.consistency", {"claims": claims})
    assert found.not_compared == ["copper/a and industry/b: t per data centre and t per MW cannot be compared, use one unit"]


def test_photonics_a_missile_costs_two_hundred_drones():
    assert call("quant.growth_gap", {"target": 200, "factors": {"missile over drone": 10_000_000 / 50_000}}).consistent


def test_compute_gap_when_the_band_is_entered_what_it_overlaps_and_what_the_shortage_needs():
    found = call("quant.supply_demand", {
        "utilisation": [0.25, 0.30], "supply_growth": 0.5, "demand_growth": 0.15, "start": "2026-01-08", "years": 9, "levels": [0.15],
        "shortage": [8, 50], "shortage_year": 2035, "band": [0.10, 0.15], "phase": ["2028-01-01", "2030-12-31"], "seed": 7,
    })  # fmt: skip
    assert [day.strftime("%b %Y") for day in found.stay.entered] == ["Dec 2027", "Aug 2028"]
    assert (found.crossings[0].earliest, found.crossings[0].latest) == found.stay.entered
    assert found.stay.overlap_days > 365
    assert [round(rate) for _, rate in found.needed_growth] == [116, 170]


def test_token_demand_twelve_needs_users_times_two(contradictions):
    found = call(
        "quant.growth_gap",
        {"target": 12, "factors": {"queries": 3, "tokens per query": 2}, "expected": ["users", "queries", "tokens per query"]},
    )
    assert (found.product, found.missing_factor, found.missing_name) == (6, 2, "users")
    assert "a factor of 2" in contradictions["missing factor", ("token-demand",)].text


def test_token_demand_a_constant_price_against_a_fall_of_a_thousand(contradictions):
    found = contradictions["disjoint values", ("ai-value-to-people", "token-demand")]
    assert "1000x" in found.text


def test_gpu_cloud_credit_the_band_of_equity_volatility_its_two_firms_and_what_80_is():
    found = call("quant.merton", GPU | {"equity_vol": 0.8})
    assert [round(root.leverage, 4) for root in found.roots] == [0.3657, 1.2540]
    assert all(round(root.spread_bp, 6) == 700 for root in found.roots)
    band = call("quant.merton_band", GPU | {"low": 0.2, "high": 1.0, "equity_vol": 0.8})
    assert (round(band.lowest, 2), round(band.highest, 2), band.verdict) == (0.74, 0.87, "fair to rich")


def test_gpu_cloud_credit_its_cash():
    found = call("quant.runway", {"capex": 26, "revenue": 12, "ebitda": 8, "cash": 2})
    assert (found.free_cash_flow, round(found.runway_days, 1), found.external_need_12m) == (-18, 40.6, 16)


def test_us_shutdown_its_brier_scores():
    def brier(probability, outcome):
        return round(call("quant.score", {"forecasts": [{"probability": probability, "outcome": outcome}]}).brier, 2)

    assert [brier(p, "no") for p in (0.2, 0.3)] == [0.04, 0.09]
    assert [brier(p, "yes") for p in (0.3, 0.2)] == [0.49, 0.64]


def test_us_exceptionalism_right_on_the_dollar_wrong_on_the_index_and_undecided_where_no_rule_was_set(desk):
    names = ["fx.eur.eurusd", "equity.index.sp500"]
    found = call("quant.risk", {"names": names, "since": "2025-02-01"}, desk.workbench(datetime(2026, 1, 8, 23, tzinfo=UTC)))
    euro, index = (found.series[name] for name in names)
    assert (euro.first_day, euro.last_day, euro.last) == (date(2025, 2, 1), date(2025, 12, 1), 1.1710)
    assert round(euro.last / (1 + euro.total_change), 4) == 1.0413
    assert round(100 * index.total_change, 1) == 13.5
    record = call("quant.score", {"forecasts": [
        {"probability": 0.7, "outcome": "yes"}, {"probability": 0.7, "outcome": "no"}, {"probability": 0.7, "outcome": "ambiguous"},
    ]})  # fmt: skip
    assert (record.n, record.ambiguous) == (2, 1)


def rises(yearly):
    found = call("quant.risk", {"series": {"CPI y/y": yearly}, "periods": 12, "convention": "difference"}).series["CPI y/y"]
    return round(found.last, 1), found.streak


def test_fed_dilemma_three_per_cent_was_up_for_four_months_not_six():
    # US Bureau of Labor Statistics, CPI-U over twelve months, August 2024 to January 2025, as published.
    assert rises([2.5, 2.4, 2.6, 2.7, 2.9, 3.0]) == (3.0, 4)


@pytest.mark.skipif(not CPI.exists(), reason="the real consumer prices are not on this machine")
def test_fed_dilemma_the_real_index_says_so_too():
    with CPI.open(encoding="utf-8") as file:
        index = {row["Date"][:7]: float(row["Index"]) for row in csv.DictReader(file)}
    months = [f"2024-{month:02}" for month in range(6, 13)] + ["2025-01"]
    assert rises([100 * (index[month] / index[f"{int(month[:4]) - 1}{month[4:]}"] - 1) for month in months]) == (3.0, 4)


def test_the_record_eighty_per_cent_against_what_the_best_reach(contradictions):
    found = contradictions["disjoint values", ("us-shutdown",)]
    assert "80 %" in found.text
    assert "55–60 %" in found.text


def test_the_trough_against_phase_two(contradictions):
    found = contradictions["exclusive states", ("compute-gap",)]
    assert "2028–2029" in found.text


def test_the_shared_drivers(bench):
    bets = {tuple(bet.drivers): bet for bet in call("quant.consistency", {}, bench).bets}
    silver = next(bet for drivers, bet in bets.items() if "silver-squeeze" in drivers)
    assert {"silver-squeeze", "silver-calendar", "slv-butterfly", "venue-basis"} <= set(silver.theses)
    build = next(bet for drivers, bet in bets.items() if "datacentre-buildout" in drivers)
    assert {"copper", "tin", "photonics"} <= set(build.theses)
    assert "compute-gap" in build.against
