"""American options, barriers and averages: published values, laws, sensitivities, and what cannot be priced together."""

import math
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.quant import averages, numerical
from agents.quant.contracts import Average, Barrier, Contract, contract_of, engine_of, option, value
from agents.quant.errors import QuantError
from agents.quant.options import FutureTerms, Terms, greeks, price

ATM = Terms("put", 100, 100, 1, 0.05, 0.05, 0.25)


def american(kind, *numbers):
    contract = contract_of(kind, **dict(zip(("S", "K", "t", "r", "q", "sigma"), numbers, strict=True)), style="american")
    return value(contract, engine_of(contract))


def test_the_american_premium_that_andersen_lake_and_offengenden_give_to_twelve_digits():
    # High-performance American option pricing, Journal of Computational Finance 20(1), 2016, table 2.
    assert american("put", 100, 100, 1, 0.05, 0.05, 0.25) - price(ATM) == pytest.approx(0.106952702747, abs=1e-9)


@pytest.mark.parametrize(("spot", "expected"), [(80, 23.22834), (100, 12.60521), (120, 6.482425)])
def test_their_three_year_puts(spot, expected):
    # The same paper's comparison of methods: K 100, r = q = 4 %, sigma 20 %.
    assert american("put", spot, 100, 3, 0.04, 0.04, 0.2) == pytest.approx(expected, abs=1e-5)


GESKE_JOHNSON = {  # strike: price at sigma 20, 30, 40 % and t = 0.0833, 0.3333, 0.5833
    35: [(0.0062, 0.2004, 0.4328), (0.0774, 0.6975, 1.2198), (0.2466, 1.3460, 2.1549)],
    40: [(0.8522, 1.5798, 1.9904), (1.3099, 2.4825, 3.1696), (1.7681, 3.3874, 4.3526)],
    45: [(5.0000, 5.0883, 5.2670), (5.0597, 5.7056, 6.2436), (5.2868, 6.5099, 7.3830)],
}


@pytest.mark.parametrize("strike", [35, 40, 45])
def test_the_short_puts_of_geske_and_johnson_to_four_digits_of_a_tree_of_ten_thousand_steps(strike):
    # Geske and Johnson (1984), S 40, r 4.88 %; the trees of Ju (Review of Financial Studies 11, 1998), table 1.
    for sigma, row in zip((0.2, 0.3, 0.4), GESKE_JOHNSON[strike], strict=True):
        for years, expected in zip((0.0833, 0.3333, 0.5833), row, strict=True):
            assert round(american("put", 40, strike, years, 0.0488, 0, sigma), 4) == pytest.approx(expected, abs=1.5e-4)


@pytest.mark.parametrize(
    ("spot", "sigma", "years", "bermudan"),
    [(36, 0.2, 1, 4.478), (38, 0.2, 2, 3.745), (40, 0.4, 1, 5.312), (42, 0.4, 2, 6.248), (44, 0.2, 1, 1.110)],
)
def test_exercise_at_any_time_is_worth_a_little_more_than_fifty_times_a_year(spot, sigma, years, bermudan):
    # Longstaff and Schwartz (2001), table 1, finite differences with 50 exercise dates a year: K 40, r 6 %.
    assert 0 <= american("put", spot, 40, years, 0.06, 0, sigma) - bermudan < 0.012


def test_roll_geske_and_whaleys_call_with_one_cash_dividend():
    # Haug, The Complete Guide to Option Pricing Formulas, chapter on American options: S 80, K 82, 4.00 after a quarter.
    found = option("call", S=80, K=82, t=1 / 3, r=0.06, sigma=0.3, dividends=[(0.25, 4)], style="american")
    assert found.price == pytest.approx(4.3860, abs=1e-4)
    assert found.engine == "finite-differences"


def test_where_the_fixed_point_runs_away_finite_differences_step_in_and_say_so():
    # A tree of 6,000 steps gives 0.50138; the two quadrature schemes give 0.28 and 0.47.
    found = option("call", S=100, K=100, t=1, r=0.01, q=0.1, sigma=0.05, style="american")
    assert found.price == pytest.approx(0.50138, abs=2e-4)
    assert (found.engine, "does not converge" in found.note) == ("finite-differences", True)
    with pytest.raises(QuantError, match="ask for finite-differences"):
        option("call", S=100, K=100, t=1, r=0.01, q=0.1, sigma=0.05, style="american", engine="fixed-point")


def test_two_negative_rates_with_two_exercise_boundaries_have_a_price():
    found = american("put", 100, 100, 1, -0.02, -0.05, 0.25)
    european = price(Terms("put", 100, 100, 1, -0.02, -0.05, 0.25))
    assert european <= found < european + 1


@pytest.mark.parametrize("dividends", [(), ((0.2, 1.0), (0.6, 1.5))])
def test_on_a_grid_a_european_option_is_its_closed_form(dividends):
    given = {"S": 50, "K": 48, "t": 0.75, "r": 0.05, "sigma": 0.3, "dividends": dividends}
    grid, closed = option("call", engine="finite-differences", **given), option("call", **given)
    for name, within in (("price", 5e-5), ("delta", 2e-5), ("gamma", 2e-5), ("vega", 5e-3), ("theta", 5e-3), ("rho", 5e-3)):
        assert getattr(grid, name) == pytest.approx(getattr(closed, name), abs=within), name


def test_both_american_engines_agree_on_price_and_sensitivities():
    given = {"F": 60, "K": 62, "t": 0.5, "r": 0.06, "sigma": 0.35, "style": "american"}
    one, two = option("put", **given), option("put", engine="finite-differences", **given)
    assert (one.engine, two.engine) == ("fixed-point", "finite-differences")
    for name, within in (("price", 1e-4), ("delta", 1e-4), ("gamma", 1e-4), ("vega", 0.01), ("theta", 0.01), ("rho", 0.01)):
        assert getattr(two, name) == pytest.approx(getattr(one, name), abs=within), name
    assert one.price > price(FutureTerms("put", 60, 62, 0.5, 0.06, 0.06, 0.35))


MARKETS = st.builds(
    Terms, kind=st.sampled_from(["call", "put"]), spot=st.floats(50, 200), strike=st.floats(50, 200), years=st.floats(0.05, 3),
    rate=st.floats(0.0, 0.1), dividend=st.floats(0.0, 0.1), sigma=st.floats(0.15, 0.8),
)  # fmt: skip


@settings(max_examples=25)
@given(MARKETS)
def test_an_american_option_is_worth_its_exercise_its_european_twin_and_less_than_its_bound(terms):
    found = numerical.american(terms)
    if found is None:
        return
    low, high = numerical.american_bounds(terms)
    slack = 2e-6 * terms.strike
    assert max(low, price(terms), (terms.spot - terms.strike) * (1 if terms.kind == "call" else -1)) - slack <= found <= high + slack


@settings(max_examples=15)
@given(MARKETS)
def test_an_american_call_is_the_put_with_spot_and_strike_rates_and_yields_exchanged(terms):
    # McDonald and Schroder (1998).
    other = Terms("put" if terms.kind == "call" else "call", terms.strike, terms.spot, terms.years, terms.dividend, terms.rate, terms.sigma)
    one, two = numerical.american(terms), numerical.american(other)
    if one is not None and two is not None:
        assert one == pytest.approx(two, abs=1e-5 * terms.strike)


@pytest.mark.parametrize("spot", [60.0, 100.0, 160.0])
def test_without_a_yield_an_american_call_is_european(spot):
    assert american("call", spot, 100, 1, 0.05, 0, 0.3) == pytest.approx(price(Terms("call", spot, 100, 1, 0.05, 0, 0.3)), abs=1e-8)


HAUG = {  # Haug (1998), page 72: S 100, t 0.5, r 8 %, carry 4 %, rebate 3; K 90, 100, 110 at sigma 25 % and then 30 %
    ("call", "down-and-out", 95): (9.0246, 6.7924, 4.8759, 8.8334, 7.0285, 5.4137),
    ("call", "down-and-out", 100): (3.0000,) * 6,
    ("call", "up-and-out", 105): (2.6789, 2.3580, 2.3453, 2.6341, 2.4389, 2.4315),
    ("call", "down-and-in", 95): (7.7627, 4.0109, 2.0576, 9.0093, 5.1370, 2.8517),
    ("call", "down-and-in", 100): (13.8333, 7.8494, 3.9795, 14.8816, 9.2045, 5.3043),
    ("call", "up-and-in", 105): (14.1112, 8.4482, 4.5910, 15.2098, 9.7278, 5.8350),
    ("put", "down-and-out", 95): (2.2798, 2.2947, 2.6252, 2.4170, 2.4258, 2.6246),
    ("put", "down-and-out", 100): (3.0000,) * 6,
    ("put", "up-and-out", 105): (3.7760, 5.4932, 7.5187, 4.2293, 5.8032, 7.5649),
    ("put", "down-and-in", 95): (2.9586, 6.5677, 11.9752, 3.8769, 7.7989, 13.3078),
    ("put", "down-and-in", 100): (2.2845, 5.9085, 11.6465, 3.3328, 7.2636, 12.9713),
    ("put", "up-and-in", 105): (1.4653, 3.3721, 7.0846, 2.0658, 4.4226, 8.3686),
}


@pytest.mark.parametrize(("kind", "barrier", "level"), HAUG)
def test_haugs_table_of_barriers(kind, barrier, level):
    for i, expected in enumerate(HAUG[kind, barrier, level]):
        given = {"S": 100, "K": (90, 100, 110)[i % 3], "t": 0.5, "r": 0.08, "q": 0.04, "sigma": (0.25, 0.3)[i // 3]}
        found = option(kind, barrier=Barrier(kind=barrier, H=level, rebate=3), **given)
        assert found.price == pytest.approx(expected, abs=1e-4)


@settings(max_examples=30)
@given(MARKETS, st.floats(0.5, 0.95), st.sampled_from(["down", "up"]))
def test_a_knock_in_and_a_knock_out_without_rebate_are_the_option(terms, distance, side):
    level = terms.spot * distance if side == "down" else terms.spot / distance
    parts = [value(Contract(terms, barrier=Barrier(kind=f"{side}-and-{end}", H=level)), "closed-form") for end in ("in", "out")]
    assert sum(parts) == pytest.approx(price(terms), abs=1e-9 * terms.strike)
    assert min(parts) >= -1e-9 * terms.strike


def test_a_barrier_that_is_touched_leaves_the_rebate_or_the_plain_option():
    given = {"S": 100, "K": 90, "t": 0.5, "r": 0.08, "q": 0.04, "sigma": 0.25}
    out = option("call", barrier=Barrier(kind="down_out", H=101, rebate=3), **given)
    assert (out.price, out.delta, out.vega, out.note) == (3, 0, 0, "the barrier is touched: the rebate is due")
    inside = option("call", barrier=Barrier(kind="down and in", H=101, rebate=3), **given)
    assert (inside.price, inside.gamma) == (option("call", **given).price, option("call", **given).gamma)


LINETSKY = [  # Linetsky, Spectral expansions for Asian options, Operations Research 52 (2004), table 3: K 2
    (0.02, 0.10, 1, 2.0, 0.0559860415), (0.18, 0.30, 1, 2.0, 0.2183875466), (0.0125, 0.25, 2, 2.0, 0.1722687410),
    (0.05, 0.50, 1, 1.9, 0.1931737903), (0.05, 0.50, 1, 2.0, 0.2464156905), (0.05, 0.50, 1, 2.1, 0.3062203648),
    (0.05, 0.50, 2, 2.0, 0.3500952190),
]  # fmt: skip


@pytest.mark.parametrize(("rate", "sigma", "years", "spot", "expected"), LINETSKY)
def test_the_seven_arithmetic_averages_of_linetsky(rate, sigma, years, spot, expected):
    assert averages.arithmetic(Terms("call", spot, 2.0, years, rate, 0, sigma)) == pytest.approx(expected, abs=1e-7)


def test_published_geometric_averages():
    # Haug (1998), page 97, all moments; Clewlow and Strickland, Implementing Derivatives Models, page 118, ten fixings.
    assert averages.geometric(Terms("put", 80, 85, 0.25, 0.05, -0.03, 0.2)) == pytest.approx(4.6922, abs=5e-5)
    assert averages.geometric(Terms("call", 100, 100, 1, 0.06, 0.03, 0.2), 10) == pytest.approx(5.3425606635, abs=1e-10)


@settings(max_examples=15)
@given(MARKETS, st.integers(2, 30))
def test_an_arithmetic_average_is_worth_more_than_a_geometric_and_call_less_put_is_its_forward(terms, fixings):
    call, put = (averages.arithmetic(terms._replace(kind=kind), fixings) for kind in ("call", "put"))
    discounted = math.exp(-terms.rate * terms.years) * (averages.mean(terms, fixings) - terms.strike)
    assert call - put == pytest.approx(discounted, abs=1e-6 * terms.strike)
    assert call >= averages.geometric(terms._replace(kind="call"), fixings) - 1e-6 * terms.strike


def test_two_fixings_are_what_quantlibs_own_quadrature_gives():
    # ChoiAsianEngine of QuantLib 1.44, which takes minutes for more than fifty.
    assert averages.arithmetic(Terms("call", 100, 100, 1, 0.05, 0.02, 0.3), 2) == pytest.approx(10.2136133, abs=2e-6)


def test_an_average_over_an_hour_is_as_exact_and_many_fixings_join_few():
    short = Terms("call", 100, 100, 1e-4, 0, 0, 0.3)
    arithmetic, geometric = averages.arithmetic(short), averages.geometric(short)
    assert geometric < arithmetic < geometric * 1.001
    year = Terms("call", 100, 100, 1, 0.05, 0.02, 0.3)
    few, next_one, many, all_moments = (averages.arithmetic(year, n) for n in (64, 65, 1000, None))
    assert few > next_one > many > all_moments
    assert few - next_one == pytest.approx((few - all_moments) / 65, rel=0.02)


def test_one_fixing_is_the_plain_option():
    assert averages.arithmetic(ATM, 1) == pytest.approx(price(ATM), abs=1e-12)
    assert averages.geometric(ATM, 1) == pytest.approx(price(ATM), abs=1e-12)


@pytest.mark.parametrize("extra", [{"barrier": Barrier(kind="down-and-out", H=1)}, {"average": Average(kind="arithmetic", fixings=1)}])
def test_sensitivities_by_differences_are_those_of_the_formula(extra):
    given = {"S": 100, "K": 95, "t": 0.5, "r": 0.05, "q": 0.02, "sigma": 0.3}
    found, formula = option("call", **given, **extra), greeks(Terms("call", 100, 95, 0.5, 0.05, 0.02, 0.3))
    for name in ("price", "delta", "gamma", "vega", "theta", "rho"):
        assert getattr(found, name) == pytest.approx(getattr(formula, name), rel=2e-4), name


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"style": "bermudan"}, "there is no style 'bermudan': ask for european or american"),
        ({"barrier": Barrier(kind="up-and-out", H=120), "style": "american"}, "a barrier cannot be priced with american exercise"),
        ({"barrier": Barrier(kind="up-and-out", H=120), "dividends": [(0.1, 1)]}, "a barrier cannot be priced with cash dividends"),
        ({"average": Average(kind="geometric"), "barrier": Barrier(kind="up-and-out", H=120)}, "a barrier and an average cannot be priced with both"),
        ({"engine": "fixed-point"}, "the engine fixed-point does not price this option: ask for closed-form or finite-differences"),
        ({"average": Average(kind="arithmetic"), "engine": "closed-form"}, "ask for recursion, or leave engine out"),
        ({"sigma": 0}, "need time and volatility above zero"),
    ],
)  # fmt: skip
def test_what_cannot_be_priced_is_refused_with_what_to_ask_instead(given, sentence):
    with pytest.raises(QuantError, match=sentence):
        option("call", **({"S": 100, "K": 100, "t": 0.5, "r": 0.05, "sigma": 0.3} | given))


def test_quantlibs_global_date_is_left_as_it_was_and_does_not_move_a_price():
    import QuantLib as ql

    before = american("put", 100, 100, 1, 0.05, 0.05, 0.25)
    try:
        ql.Settings.instance().evaluationDate = ql.Date(1, 6, 2150)
        assert american("put", 100, 100, 1, 0.05, 0.05, 0.25) == before
        with pytest.raises(QuantError):
            numerical.barrier(ATM, "down-and-out", 110, 0)
        assert ql.Settings.instance().evaluationDate == ql.Date(1, 6, 2150)
    finally:
        ql.Settings.instance().evaluationDate = ql.Date()


def test_threads_that_price_at_once_get_what_one_gets():
    spots = [80.0 + 5 * i for i in range(8)]
    alone = [american("put", spot, 100, 1, 0.05, 0, 0.25) for spot in spots]
    found = {}
    workers = [threading.Thread(target=lambda s=s: found.update({s: american("put", s, 100, 1, 0.05, 0, 0.25)})) for s in spots]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=5)
    assert [found[spot] for spot in spots] == alone
