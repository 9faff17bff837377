"""Risk, regression, score and consistency, with values that are given and on the example desk at its as-of."""

from datetime import UTC, date, datetime

import pytest

from agents.errors import ToolError
from agents.tool import call

PRICES = [100.0, 102.0, 99.0, 101.0, 104.0, 103.0]
DAYS = ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02", "2026-02-09"]


def test_a_series_has_its_return_volatility_drawdown_and_weight_and_says_what_it_is_too_short_for():
    found = call("quant.risk", {"series": {"x": PRICES}, "days": DAYS, "convention": "arithmetic", "target_vol": 0.1}).series["x"]
    assert found.periods == pytest.approx(52.18, abs=0.01)
    assert (found.n, found.streak, found.last_day) == (5, -1, date(2026, 2, 9))
    assert (found.drawdown.peak, found.drawdown.trough) == (date(2026, 1, 12), date(2026, 1, 19))
    assert found.drawdown.max_drawdown == pytest.approx(99 / 102 - 1)
    assert found.weight.weight == pytest.approx(0.1 / found.ewma_vol)
    assert set(found.not_computed) == {"garch", "value_at_risk"}
    assert "100 values are needed" in found.not_computed["garch"]


def test_several_series_have_correlation_beta_and_a_hedge_in_contracts():
    other = [50.0, 50.8, 49.9, 50.4, 51.6, 51.3]
    found = call("quant.risk", {
        "series": {"x": PRICES, "y": other}, "periods": 52, "base": "y",
        "hedge": {"asset": "x", "hedge": "y", "exposure": 1_000_000, "contract_value": 50_000},
    })  # fmt: skip
    assert found.co_movement.beta["y"] == pytest.approx(1)
    assert found.hedge.ratio == pytest.approx(found.co_movement.beta["x"])
    assert found.hedge.contracts == pytest.approx(20 * found.hedge.ratio)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"series": {"x": PRICES}}, "give periods"),
        ({"series": {"x": PRICES}, "days": DAYS, "periods": 252}, "252 values a year do not fit the days, which are 52.2"),
        ({"series": {"x": PRICES}, "days": DAYS[:3], "periods": 52}, "differ in length"),
        ({"series": {"wti": [20.1, -36.98, 10.0]}, "periods": 252}, "has no log return"),
        ({"series": {"x": PRICES}, "periods": 52, "base": "y"}, "at least two series"),
        ({"names": ["lme.base.copper"]}, "run it with --desk DIR"),
        ({"scenarios": {"up": {"x": 0.5}}}, "run it with --desk DIR"),
        ({"scenarios": {"up": {"y": 0.5}}, "book": [{"name": "a", "nav_pct": 5, "betas": {"x": 1}}]}, "the factors of the book are x"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, sentence):
    with pytest.raises(ToolError, match=sentence):
        call("quant.risk", arguments)


def test_series_of_the_desk_are_read_by_name_on_their_shared_days_at_its_as_of(desk, bench):
    arguments = {"names": ["lme.base.copper", "nymex.wti.front"], "align": "last"}
    found = call("quant.risk", arguments, bench)
    assert list(found.series) == arguments["names"]
    assert found.series["lme.base.copper"].periods == 52
    assert len(found.co_movement.correlation) == 2
    then = datetime(2026, 1, 31, 23, tzinfo=UTC)
    earlier = call("quant.risk", arguments, desk.workbench(then))
    assert earlier.as_of == date(2026, 1, 31)
    assert earlier.series["lme.base.copper"].last_day <= date(2026, 1, 31) < found.series["lme.base.copper"].last_day


def test_series_of_different_weekdays_share_no_day_and_the_refusal_says_how_to_align_them(bench):
    with pytest.raises(ToolError, match='share 0 days known at 2026-04-10, two are needed; align="last"'):
        call("quant.risk", {"names": ["lme.base.copper", "nymex.wti.front"]}, bench)
    assert call("quant.risk", {"names": ["nymex.wti.front", "nymex.wti.dec27"]}, bench).co_movement.n > 20


def test_a_series_that_is_not_there_is_named_with_the_nearest(bench):
    with pytest.raises(ToolError, match=r"did you mean lme.base.copper"):
        call("quant.risk", {"names": ["lme.base.coper"]}, bench)


def test_values_and_names_at_once_are_refused(bench):
    with pytest.raises(ToolError, match="not both"):
        call("quant.risk", {"series": {"x": PRICES}, "names": ["lme.base.copper"]}, bench)


def test_scenarios_value_the_book_in_per_cent_of_nav_and_name_what_they_cannot(bench):
    shocks = {"silver up": {"SLV": 0.29, "lme.base.copper": 0.1}, "oil up": {"nymex.wti.front": 0.5}}
    found = call("quant.risk", {"scenarios": shocks, "spots": {"SLV": 69.75}}, bench)
    # SLV at 89.98 makes the 70/90/110 fly pay 19.98 for 2.50: 5 % of NAV times 6.99.
    assert found.scenarios.table["silver up"]["slv-butterfly/fly"] == pytest.approx(5 * ((69.75 * 1.29 - 70) / 2.5 - 1))
    assert found.scenarios.table["oil up"]["metals-over-oil/copper-against-wti"] == pytest.approx(-2)
    assert any(line.startswith("gpu-cloud-credit/straddle: it needs entry") for line in found.left_out)
    without = call("quant.risk", {"scenarios": {"oil": {"nymex.wti.front": 0.1}}}, bench)
    assert any("spots['SLV']" in line for line in without.left_out)


def test_a_regression_takes_values_or_names_but_not_both(bench):
    found = call("quant.regression", {"y": "lme.base.copper", "x": ["nymex.wti.front"], "convention": "log", "align": "last"}, bench)
    assert set(found.coefficients) == {"intercept", "nymex.wti.front"}
    assert found.n > 20
    with pytest.raises(ToolError, match="both as values"):
        call("quant.regression", {"y": "lme.base.copper", "x": {"wti": [1.0, 2.0]}}, bench)


def test_ten_forecasts_have_percentages_and_nine_have_none():
    def record(n):
        rows = [
            {"id": str(i), "thesis": f"t{i % 3}", "probability": 0.3, "outcome": "no", "base_rate": 0.5, "market": 0.4} for i in range(n)
        ]
        return call("quant.score", {"forecasts": rows, "by": "thesis"})

    nine, ten = record(9), record(10)
    assert (nine.hit_rate, nine.murphy, nine.calibration, nine.skill_vs_market) == (None, None, [], None)
    assert "n < 10" in nine.note
    assert ten.hit_rate == 1
    assert ten.hit_rate_interval[1] == pytest.approx(1)
    assert ten.skill_vs_base_rate == pytest.approx(1 - 0.09 / 0.25)
    assert ten.calibration[0].n == 10
    assert (ten.clusters, sorted(ten.groups)) == (3, ["t0", "t1", "t2"])


def test_categories_and_quantiles_have_their_own_scores():
    found = call("quant.score", {
        "ranked": [{"probabilities": [0.2, 0.5, 0.3], "outcome": 1}, {"probabilities": [0.5, 0.5]}],
        "quantiles": [{"quantiles": {"p25": 1, "p50": 2, "p75": 3}, "value": 2.5}],
    })  # fmt: skip
    assert (found.n_ranked, found.ranked_probability_score) == (1, pytest.approx((0.04 + 0.09) / 2))
    assert (found.n_quantile, found.quantile_score) == (1, pytest.approx(2 * (0.25 * 1.5 + 0.5 * 0.5 + 0.25 * 0.5) / 3))


def test_the_desks_own_forecasts_are_scored_when_none_are_given(bench):
    found = call("quant.score", {}, bench)
    assert found.open + found.n == len([item for item in bench.forecasts.all(bench.as_of) if item.draft.probability is not None]) > 0


def test_claims_are_held_against_theses_of_the_book(bench):
    claim = {
        "id": "mine",
        "thesis": "new",
        "subject": "desk forecasts",
        "metric": "hit rate",
        "kind": "rate",
        "low": 95,
        "high": 95,
        "unit": "%",
    }
    found = call("quant.consistency", {"claims": [claim], "theses": ["us-shutdown"]}, bench)
    assert {tuple(item.theses) for item in found.contradictions} == {("new", "us-shutdown"), ("us-shutdown",)}
    with pytest.raises(ToolError, match="no thesis 'nobody'"):
        call("quant.consistency", {"claims": [claim], "theses": ["nobody"]}, bench)
