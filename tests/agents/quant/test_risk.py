import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.quant import risk
from agents.quant.errors import QuantError

WTI = [18.31, -36.98, 8.91]
"""The spot price of April 2020, which went under zero for a day."""
FLY = {"legs": [["call", 1, 70, None], ["call", -2, 90, None], ["call", 1, 110, None]], "spot": 69.75, "cost": 2.5}
PRICES = st.lists(st.floats(1, 1000), min_size=2, max_size=40)
DAY_RETURNS = st.lists(st.floats(-0.2, 0.2), min_size=5, max_size=60)


def simulated_garch(n, alpha, beta, seed):
    rng = np.random.default_rng(seed)
    variance, omega = 1e-4, 1e-4 * (1 - alpha - beta)
    values = []
    for shock in rng.standard_normal(n):
        values.append(math.sqrt(variance) * shock)
        variance = omega + alpha * values[-1] ** 2 + beta * variance
    return values


@given(PRICES)
def test_returns_of_each_convention_give_the_last_price_back(prices):
    first, last = prices[0], prices[-1]
    assert first * math.exp(sum(risk.returns(prices, 252).values)) == pytest.approx(last)
    assert first * math.prod(1 + r for r in risk.returns(prices, 252, "arithmetic").values) == pytest.approx(last)
    assert first + sum(risk.returns(prices, 252, "difference").values) == pytest.approx(last, abs=1e-9)


@given(PRICES)
def test_the_return_of_a_year_is_one_compound_growth_whatever_the_convention(prices):
    periods = len(prices) - 1
    grown = prices[-1] / prices[0] - 1
    for convention in ("log", "arithmetic"):
        assert risk.returns(prices, periods, convention).annual_return == pytest.approx(grown, abs=1e-9)


def test_a_year_of_growth_that_no_number_holds_is_none():
    for convention in ("log", "arithmetic"):
        assert risk.returns([1, 1000], 252, convention).annual_return is None


def test_volatility_is_the_sample_deviation_times_the_root_of_the_periods():
    found = risk.returns([100, 110, 99], 252, "arithmetic")
    assert found.annual_vol == pytest.approx(np.std([0.1, -0.1], ddof=1) * math.sqrt(252))
    assert risk.returns([100, 110], 252).annual_vol is None


def test_a_price_under_zero_has_no_log_return_and_the_refusal_says_what_to_ask_for():
    with pytest.raises(QuantError, match=r"-36\.98 has no log return: ask for arithmetic returns or differences"):
        risk.returns(WTI, 252)


def test_a_price_under_zero_has_arithmetic_returns_whose_sign_is_that_of_the_change():
    found = risk.returns(WTI, 252, "arithmetic")
    assert found.values == [pytest.approx(-36.98 / 18.31 - 1), pytest.approx((8.91 + 36.98) / 36.98)]
    assert found.annual_return is None
    assert "nothing to compound" in found.note
    assert risk.returns(WTI, 252, "difference").values == [pytest.approx(-55.29), pytest.approx(45.89)]


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: risk.returns([100], 252), "at least 2"),
        (lambda: risk.returns([100, 101], 0), "periods"),
        (lambda: risk.returns([100, float("nan"), 101], 252), "value 2 is no number"),
        (lambda: risk.returns([1, 0, 1], 252, "arithmetic"), "price of 0"),
        (lambda: risk.ewma_vol([0.1, 0.2], 252, 1.0), "decay"),
        (lambda: risk.garch([0.01] * 99, 252), "at least 100"),
        (lambda: risk.garch([0.01] * 100, 252), "does not vary"),
        (lambda: risk.co_movement({"a": [1, 2, 3]}, "a"), "two series"),
        (lambda: risk.co_movement({"a": [1, 2, 3], "b": [1, 2, 4]}, "c"), "base 'c'"),
        (lambda: risk.co_movement({"a": [1, 2, 3], "b": [1, 2, 3, 4]}, "a"), "length"),
        (lambda: risk.co_movement({"a": [1, 2, 3], "b": [0.1, 0.1, 0.1]}, "a"), "b does not vary"),
        (lambda: risk.value_at_risk([0.1] * 10, 0.95), "no tail"),
        (lambda: risk.value_at_risk([0.1] * 10, 0.4), "level"),
        (lambda: risk.vol_target_weight(0.3, 0), "above zero"),
        (lambda: risk.regression([1, 2, 3, 4], {}), "at least one regressor"),
        (lambda: risk.regression([1, 2, 3, 4], {"x": [1, 2, 3, 4, 5]}), "4 values"),
        (lambda: risk.regression([1, 2, 3, 4], {"x": [5, 5, 5, 5]}), "constant"),
        (lambda: risk.regression([1, 2, 3, 5], {"x": [1, 2, 3, 4], "z": [2, 4, 6, 8]}), "sum of others"),
        (lambda: risk.regression([1, 1, 1, 1], {"x": [1, 2, 3, 4]}), "does not vary"),
        (lambda: risk.regression([1, 2, 3, 5], {"x": [1, 2, 4, 4]}, lags=4), "lags"),
    ],
)
def test_what_has_no_answer_is_refused_in_a_sentence(call, word):
    with pytest.raises(QuantError, match=word):
        call()


@given(DAY_RETURNS, st.floats(0.5, 0.99))
def test_ewma_obeys_the_recursion_of_riskmetrics(values, decay):
    above, below = 0.0, 0.0
    for value in values:
        above, below = decay * above + value**2, decay * below + 1
    assert risk.ewma_vol(values, 252, decay).next_vol == pytest.approx(math.sqrt(above / below))


def test_ewma_of_equal_moves_is_their_size_and_recent_moves_weigh_more():
    assert risk.ewma_vol([0.02, -0.02] * 20, 252).annual_vol == pytest.approx(0.02 * math.sqrt(252))
    assert risk.ewma_vol([0.01] * 20 + [0.05], 252).next_vol > risk.ewma_vol([0.05] + [0.01] * 20, 252).next_vol


def test_garch_finds_the_parameters_of_a_simulated_series():
    found = risk.garch(simulated_garch(4000, 0.08, 0.90, seed=11), 252)
    assert found.parameters["alpha"] == pytest.approx(0.08, abs=0.025)
    assert found.parameters["beta"] == pytest.approx(0.90, abs=0.035)
    assert found.long_run_vol == pytest.approx(0.01 * math.sqrt(252), rel=0.1)
    persistence = found.parameters["alpha"] + found.parameters["beta"]
    assert persistence**found.half_life == pytest.approx(0.5)


def gaussian_log_likelihood(values, alpha, beta):
    squares = (np.array(values) - np.mean(values)) ** 2
    target = variance = squares.mean()
    total = 0.0
    for square in squares:
        total -= 0.5 * (math.log(2 * math.pi * variance) + square / variance)
        variance = target * (1 - alpha - beta) + alpha * square + beta * variance
    return total, math.sqrt(variance)


def test_the_garch_likelihood_is_the_highest_of_all_parameters_tried():
    values = simulated_garch(600, 0.15, 0.75, seed=5)
    found = risk.garch(values, 252)
    alpha, beta = found.parameters["alpha"], found.parameters["beta"]
    best, ahead = gaussian_log_likelihood(values, alpha, beta)
    assert found.log_likelihood == pytest.approx(best)
    assert found.next_vol == pytest.approx(ahead)
    rng = np.random.default_rng(1)
    around = [(alpha + da, beta + db) for da, db in rng.uniform(-0.01, 0.01, (20, 2)) if alpha + da + beta + db < 0.9995]
    anywhere = [(p * s, p * (1 - s)) for p, s in rng.uniform(0, 0.999, (40, 2))]
    assert all(gaussian_log_likelihood(values, a, b)[0] <= best + 1e-3 for a, b in [*around, *anywhere])


def test_returns_without_clusters_give_a_constant_volatility_and_say_so():
    found = risk.garch([0.01, -0.01] * 60, 252)
    assert found.half_life is None
    assert "no clustering" in found.note
    assert found.annual_vol == pytest.approx(found.long_run_vol)


def test_correlation_and_beta_of_a_leveraged_and_an_inverse_fund():
    market = [0.01, -0.02, 0.015, 0.003]
    found = risk.co_movement({"twice": [2 * r for r in market], "inverse": [0.001 - r for r in market], "market": market}, "market")
    assert found.names == ["twice", "inverse", "market"]
    assert found.correlation == [pytest.approx(row) for row in ([1, -1, 1], [-1, 1, -1], [1, -1, 1])]
    assert found.beta == {"twice": pytest.approx(2), "inverse": pytest.approx(-1), "market": pytest.approx(1)}
    assert found.alpha["inverse"] == pytest.approx(0.001)


@given(DAY_RETURNS, st.integers(0, 1000))
def test_the_minimum_variance_hedge_leaves_less_variance_than_any_other_ratio(hedge, seed):
    assume(np.std(hedge) > 1e-4)
    rng = np.random.default_rng(seed)
    asset = np.array(hedge) * 0.7 + rng.normal(0, 0.02, len(hedge))
    found = risk.hedge_ratio(asset.tolist(), hedge)
    left = np.var(asset - found.ratio * np.array(hedge))
    assert left <= min(np.var(asset - other * np.array(hedge)) for other in found.ratio + rng.uniform(-1, 1, 10)) + 1e-12
    assert left == pytest.approx(np.var(asset) * (1 - found.effectiveness), abs=1e-12)


def test_a_hedge_of_known_sizes_says_how_many_contracts():
    asset, hedge = [0.02, -0.02, 0.01, -0.01], [0.01, -0.01, 0.005, -0.005]
    assert risk.hedge_ratio(asset, hedge, exposure=1_000_000, contract_value=100_000).contracts == pytest.approx(20)
    assert risk.hedge_ratio(asset, hedge).contracts is None


def days(n):
    return [date(2020, 1, 1) + timedelta(days=i) for i in range(n)]


def test_a_drawdown_names_its_peak_its_trough_and_its_recovery():
    found = risk.drawdown(days(7), [100, 120, 90, 100, 120, 130, 117])
    assert found.max_drawdown == pytest.approx(-0.25)
    assert (found.peak, found.trough, found.recovered) == (date(2020, 1, 2), date(2020, 1, 3), date(2020, 1, 5))
    assert (found.current, found.current_peak) == (pytest.approx(-0.1), date(2020, 1, 6))


def test_a_fall_that_is_not_made_good_has_no_recovery_and_starts_on_the_last_day_at_the_peak():
    found = risk.drawdown(days(4), [120, 120, 90, 100])
    assert (found.peak, found.recovered) == (date(2020, 1, 2), None)


def test_a_price_under_zero_falls_by_more_than_all_of_it():
    assert risk.drawdown(days(3), WTI).max_drawdown == pytest.approx(-36.98 / 18.31 - 1)


@given(PRICES)
def test_no_fall_between_any_two_days_is_deeper_than_the_drawdown(values):
    found = risk.drawdown(days(len(values)), values)
    worst = min(values[j] / values[i] - 1 for i in range(len(values)) for j in range(i, len(values)))
    assert found.max_drawdown == pytest.approx(worst)
    assert found.peak <= found.trough


@pytest.mark.parametrize(
    ("dates", "values", "word"),
    [
        (days(2), [1, 2, 3], "one date a value"),
        (days(2)[::-1], [1, 2], "rising order"),
        (days(2), [-36.98, 2], "no percentage"),
    ],
)
def test_a_drawdown_of_what_cannot_fall_is_refused(dates, values, word):
    with pytest.raises(QuantError, match=word):
        risk.drawdown(dates, values)


def test_historical_value_at_risk_is_the_kth_worst_return_and_the_shortfall_their_mean():
    values = [i / 100 for i in range(-10, 90)]
    found = risk.value_at_risk(values, 0.95)
    assert (found.value_at_risk, found.expected_shortfall) == (pytest.approx(0.06), pytest.approx(0.08))


def test_normal_value_at_risk_has_the_published_multiples_of_the_deviation():
    # Hull, chapter 22: 1.645 and 2.063 deviations at 95 %, 2.326 and 2.665 at 99 %.
    values = [-0.01, 0.01] * 50
    deviation = np.std(values, ddof=1)
    for level, loss, beyond in ((0.95, 1.645, 2.063), (0.99, 2.326, 2.665)):
        found = risk.value_at_risk(values, level, "normal")
        assert (found.value_at_risk / deviation, found.expected_shortfall / deviation) == (
            pytest.approx(loss, abs=1e-3),
            pytest.approx(beyond, abs=1e-3),
        )


@given(st.lists(st.floats(-0.5, 0.5), min_size=20, max_size=200), st.sampled_from(["historical", "normal"]))
def test_the_mean_loss_beyond_is_never_smaller_than_the_value_at_risk(values, method):
    found = risk.value_at_risk(values, 0.95, method)
    assert found.expected_shortfall >= found.value_at_risk - 1e-12


def test_a_book_of_30_per_cent_volatility_holds_three_eighths_of_an_equity_at_80():
    assert risk.vol_target_weight(0.30, 0.80).weight == pytest.approx(0.375)
    assert risk.vol_target_weight(0.30, 0.10, cap=2).model_dump(exclude={"units"}) == {"weight": 2, "capped": True}


def test_scenarios_show_the_butterfly_past_its_peak_in_per_cent_of_nav():
    book = [
        risk.Exposure(name="fly", nav_pct=5, betas={"silver": 1}, **FLY),
        risk.Exposure(name="short miners", nav_pct=-10, betas={"silver": 2, "equities": 1}),
    ]
    found = risk.scenario_table(
        book, {"+50 %": {"silver": 0.5, "equities": 0.1}, "flat": {}, "body": {"silver": 90 / 69.75 - 1}, "crash": {"silver": -0.5}}
    )
    assert found.table["+50 %"]["fly"] == pytest.approx(5 * (5.375 / 2.5 - 1))
    assert found.table["body"]["fly"] == pytest.approx(35)
    assert found.table["+50 %"]["short miners"] == pytest.approx(-11)
    assert found.table["flat"]["fly"] == pytest.approx(-5)
    assert found.total["crash"] == pytest.approx(-5 + 10)
    assert found.held_still["crash"] == ["equities"]
    assert found.worst == min(found.total, key=lambda name: found.total[name])
    assert found.units["total"] == "% of NAV"


@given(st.floats(-20, 20), st.floats(-2, 2), st.floats(-0.9, 2))
def test_the_book_is_the_sum_of_its_positions_and_linear_in_the_shock(nav_pct, beta, shock):
    book = [risk.Exposure(name=name, nav_pct=nav_pct, betas={"f": beta}) for name in ("a", "b")]
    found = risk.scenario_table(book, {"one": {"f": shock}, "two": {"f": 2 * shock}})
    assert found.total["one"] == pytest.approx(sum(found.table["one"].values()))
    assert found.total["two"] == pytest.approx(2 * found.total["one"])


@pytest.mark.parametrize(
    ("book", "scenarios", "word"),
    [
        ([], {"a": {}}, "give positions"),
        ([risk.Exposure(name="a", nav_pct=1, betas={"oil": 1})], {}, "scenarios"),
        ([risk.Exposure(name="a", nav_pct=1, betas={"oil": 1})] * 2, {"a": {}}, "each name once"),
        ([risk.Exposure(name="a", nav_pct=1, betas={"oil": 1})], {"a": {"silver": 1}}, "no position has the factor 'silver'"),
        ([risk.Exposure(name="a", nav_pct=1, betas={"oil": 1}, legs=FLY["legs"])], {"a": {}}, "a structure needs spot"),
        ([risk.Exposure(name="a", nav_pct=1, betas={"oil": 1}, **FLY)], {"a": {"oil": -1.5}}, "-100 %"),
    ],
)
def test_a_scenario_that_does_not_fit_the_book_is_refused(book, scenarios, word):
    with pytest.raises(QuantError, match=word):
        risk.scenario_table(book, scenarios)


ANSCOMBE_X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
ANSCOMBE_Y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]


def test_regression_gives_the_published_line_of_anscombe():
    # Anscombe (1973): y = 3.00 + 0.500 x, R squared 0.667, residual sum of squares 13.75.
    found = risk.regression(ANSCOMBE_Y, {"x": ANSCOMBE_X})
    assert (round(found.coefficients["intercept"], 2), round(found.coefficients["x"], 3)) == (3.0, 0.5)
    assert (round(found.r_squared, 3), found.n) == (0.667, 11)
    assert found.residual_vol**2 * 9 == pytest.approx(13.763, abs=0.02)
    assert found.t["x"] == pytest.approx(found.coefficients["x"] / found.errors["x"])


def newey_west(y, x, lags):
    """The definition, pair of rows by pair of rows."""
    design = np.column_stack([np.ones(len(y)), x])
    bread = np.linalg.inv(design.T @ design)
    residuals = np.array(y) - design @ (bread @ design.T @ np.array(y))
    meat = np.zeros((2, 2))
    for i in range(len(y)):
        for j in range(len(y)):
            weight = max(0.0, 1 - abs(i - j) / (lags + 1))
            meat += weight * residuals[i] * residuals[j] * np.outer(design[i], design[j])
    return np.sqrt(np.diag(bread @ meat @ bread))


@pytest.mark.parametrize("lags", [0, 1, 2, 5])
def test_hac_errors_are_those_of_the_definition(lags):
    found = risk.regression(ANSCOMBE_Y, {"x": ANSCOMBE_X}, lags=lags)
    assert list(found.errors.values()) == pytest.approx(newey_west(ANSCOMBE_Y, ANSCOMBE_X, lags))


def test_the_default_lag_grows_with_the_sample_and_trending_residuals_widen_the_error():
    rng = np.random.default_rng(2)
    x = np.cumsum(rng.normal(size=400))
    noise = np.zeros(400)
    for i, shock in enumerate(rng.normal(size=400)):
        noise[i] = 0.9 * noise[i - 1] + shock
    found = risk.regression((x + noise).tolist(), {"x": x.tolist()})
    white = risk.regression((x + noise).tolist(), {"x": x.tolist()}, lags=0)
    assert found.lags == math.floor(4 * 4 ** (2 / 9))
    assert found.errors["x"] > 1.3 * white.errors["x"]


@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(0, 500))
def test_an_exact_plane_is_found_whatever_the_scale_of_its_regressors(slope, other, seed):
    assume(abs(slope) > 0.01)
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=30), 1e6 * rng.normal(size=30)
    found = risk.regression((1 + slope * x + other * z).tolist(), {"x": x.tolist(), "z": z.tolist()})
    assert found.coefficients["z"] == pytest.approx(other, abs=1e-6)
    assert found.r_squared == pytest.approx(1)


def test_a_result_is_frozen_and_refuses_what_it_does_not_know():
    with pytest.raises(ValidationError):
        risk.vol_target_weight(0.3, 0.8).weight = 2.0
    with pytest.raises(ValidationError, match="extra"):
        risk.WeightResult(weight=1, capped=False, other=1)
