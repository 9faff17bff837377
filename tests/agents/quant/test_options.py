"""Options in closed form: published prices, laws, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agents.errors import ToolError
from agents.quant.contracts import option
from agents.quant.errors import QuantError
from agents.quant.options import (
    Terms,
    delta,
    greeks,
    implied_vol,
    normal_cdf,
    normal_cdfs,
    price,
    prices,
    terms_of,
    vega,
)
from memory.errors import InputError

HULL_CALL = Terms("call", 42, 40, 0.5, 0.1, 0.0, 0.2)
KINDS = st.sampled_from(["call", "put"])
TERMS = st.builds(
    Terms, kind=KINDS, spot=st.floats(1, 500), strike=st.floats(1, 500), years=st.floats(0.02, 5),
    rate=st.floats(-0.02, 0.2), dividend=st.floats(0, 0.1), sigma=st.floats(0.05, 2),
)  # fmt: skip


def test_a_refused_option_is_an_input_error_that_the_model_is_told():
    assert issubclass(QuantError, InputError)
    assert issubclass(QuantError, ToolError)


@pytest.mark.parametrize(
    ("kind", "given", "expected", "digits"),
    [
        # Hull, Options, Futures, and Other Derivatives, example 15.6 (S 42, K 40, r 10 %, sigma 20 %, half a year).
        ("call", {"S": 42, "K": 40, "t": 0.5, "r": 0.1, "sigma": 0.2}, 4.76, 2),
        ("put", {"S": 42, "K": 40, "t": 0.5, "r": 0.1, "sigma": 0.2}, 0.81, 2),
        # Hull, example 17.1: an index call, S 930, K 900, r 8 %, q 3 %, sigma 20 %, two months.
        ("call", {"S": 930, "K": 900, "t": 2 / 12, "r": 0.08, "q": 0.03, "sigma": 0.2}, 51.83, 2),
        # Hull, example 18.6: a put on a future by Black (1976).
        ("put", {"F": 20, "K": 20, "t": 4 / 12, "r": 0.09, "sigma": 0.25}, 1.12, 2),
        # Hull, example 15.9: two cash dividends of 0.50 after two and five months, S 40, K 40, sigma 30 %, r 9 %.
        ("call", {"S": 40, "K": 40, "t": 0.5, "r": 0.09, "sigma": 0.3, "dividends": [(2 / 12, 0.5), (5 / 12, 0.5)]}, 3.67, 2),
        # Haug, The Complete Guide to Option Pricing Formulas (2nd ed.), chapter 1.1: no yield, a yield, Black (1976).
        ("call", {"S": 60, "K": 65, "t": 0.25, "r": 0.08, "sigma": 0.3}, 2.1334, 4),
        ("put", {"S": 100, "K": 95, "t": 0.5, "r": 0.1, "q": 0.05, "sigma": 0.2}, 2.4648, 4),
        ("call", {"F": 19, "K": 19, "t": 0.75, "r": 0.1, "sigma": 0.28}, 1.7011, 4),
    ],
)
def test_published_prices_are_found(kind, given, expected, digits):
    assert round(option(kind, **given).price, digits) == expected


@given(TERMS)
def test_a_call_less_a_put_is_the_forward(terms):
    gap = price(terms._replace(kind="call")) - price(terms._replace(kind="put"))
    held = terms.spot * math.exp(-terms.dividend * terms.years) - terms.strike * math.exp(-terms.rate * terms.years)
    assert gap == pytest.approx(held, abs=1e-12 * max(terms.spot, terms.strike))


@given(TERMS, st.floats(1.0, 2.0))
def test_a_price_rises_with_volatility_and_falls_or_rises_with_the_strike_as_its_kind_says(terms, factor):
    slack = 1e-12 * max(terms.spot, terms.strike) * factor
    assert price(terms._replace(sigma=terms.sigma * factor)) >= price(terms) - slack
    higher = price(terms._replace(strike=terms.strike * factor))
    assert (higher <= price(terms) + slack) if terms.kind == "call" else (higher >= price(terms) - slack)


@given(TERMS, st.floats(0.5, 2.0))
def test_a_price_is_convex_in_the_strike(terms, width):
    left, middle, right = (price(terms._replace(strike=terms.strike * (1 + width * i))) for i in range(3))
    assert left + right - 2 * middle >= -1e-11 * terms.strike * (1 + 2 * width)


def _differences(kind, given):
    def at(**change):
        return price(terms_of(kind, **(given | change)))

    name = "S" if "S" in given else "F"
    level, h = given[name], 1e-4
    up, mid, down = at(**{name: level + h * level}), at(), at(**{name: level - h * level})
    k = 1e-5
    return {
        "delta": (up - down) / (2 * h * level),
        "gamma": (up - 2 * mid + down) / (h * level) ** 2,
        "vega": (at(sigma=given["sigma"] + k) - at(sigma=given["sigma"] - k)) / (2 * k),
        "rho": (at(r=given["r"] + k) - at(r=given["r"] - k)) / (2 * k),
    }


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize(
    "given",
    [
        {"S": 100.0, "K": 110.0, "t": 0.75, "r": 0.04, "q": 0.02, "sigma": 0.35},
        {"F": 60.0, "K": 60.0, "t": 0.5, "r": 0.05, "sigma": 0.25},
        {"S": 50.0, "K": 45.0, "t": 1.5, "r": 0.06, "sigma": 0.4, "dividends": [(0.4, 1.0), (0.9, 1.5), (2.0, 9.0)]},
    ],
)
def test_every_sensitivity_is_the_slope_of_the_price(kind, given):
    found = option(kind, **given)
    for name, slope in _differences(kind, given).items():
        assert getattr(found, name) == pytest.approx(slope, rel=2e-5), name
    k = 1e-5
    sooner = given | {"t": given["t"] - k}
    later = given | {"t": given["t"] + k}
    if "dividends" in given:  # as time passes the dividends come nearer too
        sooner["dividends"] = [(when - k, amount) for when, amount in given["dividends"]]
        later["dividends"] = [(when + k, amount) for when, amount in given["dividends"]]
    theta = (price(terms_of(kind, **sooner)) - price(terms_of(kind, **later))) / (2 * k)
    assert found.theta == pytest.approx(theta, rel=2e-5)


def test_on_a_future_a_higher_rate_only_discounts_more():
    found = option("call", F=60, K=60, t=0.5, r=0.05, sigma=0.25)
    assert found.rho == pytest.approx(-0.5 * found.price)


def test_traders_units_are_a_hundredth_and_a_day():
    found = option("put", S=49, K=50, t=20 / 52, r=0.05, sigma=0.2)
    assert (found.vega_per_pct * 100, found.rho_per_pct * 100, found.theta_per_day * 365) == pytest.approx(
        (found.vega, found.rho, found.theta)
    )
    assert set(found.units) == set(type(found).model_fields) - {"units", "engine", "note"}


def test_a_result_can_be_neither_changed_nor_extended():
    found = greeks(HULL_CALL)
    with pytest.raises(ValueError, match="frozen"):
        found.price = 1.0
    with pytest.raises(ValueError, match="Extra inputs"):
        type(found)(**found.model_dump(), colour="red")


@given(TERMS)
def test_price_delta_and_vega_alone_agree_with_the_whole(terms):
    found = greeks(terms)
    assert (found.price, found.delta, found.vega) == (price(terms), delta(terms), vega(terms))


@given(TERMS)
def test_an_implied_volatility_is_the_one_that_made_the_price(terms):
    low = price(terms._replace(sigma=0.0))
    time_value = price(terms) - low
    assume(time_value > 1e-6 * terms.spot)
    assume(vega(terms) > 1e-4 * terms.spot)
    found = implied_vol(terms, price(terms))
    assert found.sigmas == [pytest.approx(terms.sigma, rel=1e-6)]
    assert found.bounds[0] == low < price(terms) < found.bounds[1]


@given(st.floats(0.05, 1.0), st.floats(1.5, 5.0))
def test_far_out_of_the_money_no_digit_of_the_implied_volatility_is_lost(sigma, moneyness):
    terms = Terms("call", 100.0, 100.0 * moneyness, 0.5, 0.03, 0.0, sigma)
    assume(price(terms) > 1e-250)
    assert implied_vol(terms, price(terms)).sigmas == [pytest.approx(sigma, rel=1e-9)]


@pytest.mark.parametrize(
    ("terms", "target", "word"),
    [
        (HULL_CALL, 3.9, "under the intrinsic value 3.95"),
        (HULL_CALL, 42.0, "upper bound 42"),
        (HULL_CALL._replace(kind="put"), 38.5, "upper bound 38.0492"),
        (HULL_CALL._replace(years=0.0), 5.0, "time to expiry"),
        (HULL_CALL, math.nan, "finite price"),
        (HULL_CALL._replace(years=0.0001), 41.0, "volatility over 1000%"),
    ],
)
def test_a_price_that_no_volatility_gives_is_refused_with_the_reason(terms, target, word):
    with pytest.raises(QuantError, match=word):
        implied_vol(terms, target)


@pytest.mark.parametrize("terms", [HULL_CALL._replace(strike=100.0, years=0.1), HULL_CALL])
def test_a_price_at_its_lower_bound_gives_one_volatility_of_zero_and_says_why(terms):
    found = implied_vol(terms, price(terms._replace(sigma=0.0)))
    assert found.sigmas == [0.0]
    assert "lower bound" in found.note


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"S": None}, "either the spot S or the future F"),
        ({"F": 42}, "either the spot S or the future F"),
        ({"S": -1}, "above zero"),
        ({"K": 0}, "above zero"),
        ({"S": math.inf}, "above zero"),
        ({"t": -0.1}, "not negative"),
        ({"sigma": -0.1}, "not negative"),
        ({"r": math.nan}, "finite"),
        ({"S": None, "F": 42, "q": 0.03}, "a future pays no dividend"),
        ({"dividends": [(0.1, -1)]}, "neither of them negative"),
        ({"dividends": [(0.1, 50)]}, "worth more than the spot"),
        ({"t": 0}, "sensitivities need time"),
        ({"sigma": 0}, "sensitivities need time"),
    ],
)
def test_terms_out_of_range_are_refused_by_name(change, word):
    with pytest.raises(QuantError, match=word):
        option("call", **({"S": 42, "K": 40, "t": 0.5, "r": 0.1, "sigma": 0.2} | change))


def test_at_expiry_a_price_is_the_intrinsic_value():
    assert price(HULL_CALL._replace(years=0.0)) == 2
    assert price(HULL_CALL._replace(years=0.0, kind="put")) == 0
    assert price(HULL_CALL._replace(years=0.0, strike=42)) == 0


@pytest.mark.parametrize(
    ("x", "expected"),
    [  # by mpmath with 30 digits
        (-37, 5.7255712225245768227e-300),
        (-20, 2.7536241186062336951e-89),
        (-8, 6.2209605742717841235e-16),
        (-5, 2.8665157187919391167e-7),
        (-1, 0.15865525393145705141),
        (-0.0, 0.5),
        (0, 0.5),
        (0.1, 0.53982783727702898147),
        (2, 0.9772498680518207928),
        (6, 0.99999999901341235496),
        (math.inf, 1.0),
        (-math.inf, 0.0),
    ],
)
def test_the_normal_distribution_function_has_its_known_values(x, expected):
    assert normal_cdf(x) == pytest.approx(expected, rel=1e-13)
    (found,) = normal_cdfs([x])
    assert found == pytest.approx(expected, rel=1e-8)
    assert found == pytest.approx(expected, abs=1e-15)


def test_the_normal_distribution_of_arrays_agrees_with_the_scalar_to_1e_15_everywhere():
    x = np.linspace(-40, 40, 40_001)
    exact = np.array([normal_cdf(float(value)) for value in x])
    assert np.abs(normal_cdfs(x) - exact).max() < 1e-15


def test_arrays_of_prices_agree_with_the_scalar_across_blocks():
    seeded = np.random.default_rng(7)
    n = 40_000
    columns = {
        "spot": seeded.uniform(1, 200, n), "strike": seeded.uniform(1, 200, n), "years": seeded.uniform(0, 3, n),
        "rate": seeded.uniform(-0.02, 0.1, n), "sigma": seeded.uniform(0, 1.5, n), "dividend": seeded.uniform(0, 0.05, n),
    }  # fmt: skip
    columns["years"][::100] = 0.0
    columns["sigma"][50::100] = 0.0
    for kind in ("call", "put"):
        found = prices(kind, **columns)
        for i in range(0, n, 50):
            alone = price(Terms(kind, *(float(columns[c][i]) for c in ("spot", "strike", "years", "rate", "dividend", "sigma"))))
            assert found[i] == pytest.approx(alone, abs=1e-13 * 200)


def test_prices_broadcast_a_surface_and_a_single_number():
    surface = prices("call", 100.0, np.array([[90.0], [100.0], [110.0]]), np.array([0.25, 1.0]), 0.03, 0.2)
    assert surface.shape == (3, 2)
    assert surface[2, 1] == pytest.approx(price(Terms("call", 100, 110, 1.0, 0.03, 0.0, 0.2)))
    assert prices("put", 42, 40, 0.5, 0.1, 0.2) == pytest.approx(0.8086, abs=5e-5)
    assert prices("call", 60, 60, 0.0, 0.0, 0.0) == 0


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"spot": [1.0, -1.0]}, "spot must be finite and above zero"),
        ({"strike": [math.nan]}, "strike must be finite"),
        ({"years": [-1.0]}, "years must be finite and not negative"),
        ({"sigma": [math.inf]}, "sigma must be finite"),
        ({"rate": [math.nan]}, "rate must be finite"),
        ({"spot": []}, "spot is empty"),
    ],
)
def test_an_array_with_one_bad_element_is_refused_by_name(change, word):
    with pytest.raises(QuantError, match=word):
        prices("call", **({"spot": 42, "strike": 40, "years": 0.5, "rate": 0.1, "sigma": 0.2} | change))
