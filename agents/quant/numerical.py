"""American options and barriers, by QuantLib, which is imported when first needed (0.3 s).

QuantLib counts in days. So that no year is rounded to one, every option lives on a clock of its own on which its life is
100 years of 365 days: rates are scaled by ``t / 100``, volatility by its root, and prices stay what they are. A dividend's day
is exact to ``t / 36,500``.
"""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from agents.quant.errors import QuantError
from agents.quant.options import Terms

Dividends = Sequence[tuple[float, float]]
BarrierKind = Literal["down-and-in", "down-and-out", "up-and-in", "up-and-out"]

_LOCK = threading.Lock()
_DAYS = 36_500
_FINE, _COARSE = (65, 8, 32, 201), (32, 8, 20, 101)
"""Quadrature, iterations, nodes and final quadrature of Andersen, Lake and Offengenden: one scheme to price, one to check it."""
_AGREE = 1e-6
"""Schemes that differ by more than this part of the strike did not converge: low volatility beside a large drift."""


class Grid(NamedTuple):
    """What finite differences give at once."""

    price: float
    delta: float
    gamma: float


@contextmanager
def _quantlib() -> Iterator[Any]:
    """QuantLib with its global evaluation date set to ours, one thread at a time; whoever set it finds it as it was."""
    import QuantLib as ql  # noqa: N813 - the alias of its own documentation

    with _LOCK:
        settings = ql.Settings.instance()
        before = settings.evaluationDate
        today = ql.Date.todaysDate()
        settings.evaluationDate = _start(ql)
        try:
            yield ql
        except RuntimeError as error:
            raise QuantError(f"QuantLib gives no price ({error}): check that volatility, rates and time are of a usual size") from error
        finally:
            # The null date is "whatever today is", which a date that was never set reads as.
            settings.evaluationDate = ql.Date() if before == today else before


def _start(ql: Any) -> Any:
    return ql.Date(1, 1, 2000)


def _process(ql: Any, terms: Terms) -> Any:
    start, clock = _start(ql), ql.Actual365Fixed()
    scale = terms.years * 365 / _DAYS

    def flat(rate: float) -> Any:
        return ql.YieldTermStructureHandle(ql.FlatForward(start, rate * scale, clock))

    vol = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(start, ql.NullCalendar(), terms.sigma * math.sqrt(scale), clock))
    return ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(terms.spot)), flat(terms.dividend), flat(terms.rate), vol)


def _payoff(ql: Any, terms: Terms) -> Any:
    return ql.PlainVanillaPayoff(ql.Option.Call if terms.kind == "call" else ql.Option.Put, terms.strike)


def american(terms: Terms, *, check: bool = True, fine: bool = True) -> float | None:
    """The price of an American option with a continuous yield (Andersen, Lake and Offengenden 2016), to about 1e-8 of the strike.

    Args:
        terms: the option; time and volatility above zero.
        check: price it by a second scheme too, and give None where the two disagree; it has then to be done on a grid.
        fine: False for a third of the work, which differences bear.
    """
    with _quantlib() as ql:
        option = ql.VanillaOption(_payoff(ql, terms), ql.AmericanExercise(_start(ql), _start(ql) + _DAYS))
        process = _process(ql, terms)

        def priced(scheme: tuple[int, int, int, int]) -> float:
            option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpLegendreScheme(*scheme)))
            return float(option.NPV())

        try:
            found = priced(_FINE if fine else _COARSE)
            if check and not abs(found - priced(_COARSE)) <= _AGREE * terms.strike:
                return None
        except RuntimeError:  # a double boundary, q < r < 0, or an iteration that ran away
            return None
        return found if math.isfinite(found) else None


def on_grid(terms: Terms, dividends: Dividends = (), *, early: bool = True, fine: bool = True) -> Grid:
    """Price, delta and gamma by finite differences, to about 1e-6 of the strike; for cash dividends, and where ``american`` gives none.

    The error of exercise on a grid of dates is linear in its step, that of the grid of prices quadratic in its width: both are
    extrapolated to none (Richardson). The spot less the present value of the dividends moves as in ``terms_of``; early
    exercise gives the whole spot.

    Args:
        terms: the option, its spot with the dividends still in it.
        dividends: (years from now, amount), all before expiry.
        early: whether it may be exercised before expiry.
        fine: False for a fifth of the work and errors of 1e-5, which differences cancel.
    """
    with _quantlib() as ql:
        start = _start(ql)
        exercise = ql.AmericanExercise(start, start + _DAYS) if early else ql.EuropeanExercise(start + _DAYS)
        option = ql.VanillaOption(_payoff(ql, terms), exercise)
        process = _process(ql, terms)
        paid = ql.DividendSchedule([ql.FixedDividend(amount, start + round(_DAYS * when / terms.years)) for when, amount in dividends])

        def solved(times: int, prices: int) -> Grid:
            model = ql.FdBlackScholesVanillaEngine.Escrowed
            scheme = ql.FdmSchemeDesc.Douglas()
            option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, paid, times, prices, 0, scheme, False, -1e300, model))
            return Grid(option.NPV(), option.delta(), option.gamma())

        def extrapolated(steps: int) -> Grid:
            return _richardson(solved(steps, 2 * steps), solved(2 * steps, 2 * steps), 2)

        coarse = extrapolated(200)
        return _richardson(coarse, extrapolated(400), 4) if fine else coarse


def _richardson(coarse: Grid, fine: Grid, ratio: int) -> Grid:
    """What two grids point to when the finer one's error is a ``ratio``-th of the other's."""
    return Grid(*((ratio * second - first) / (ratio - 1) for first, second in zip(coarse, fine, strict=True)))


def barrier(terms: Terms, kind: BarrierKind, level: float, rebate: float) -> float:
    """A European option that a level watched all the time brings to life or ends (Reiner and Rubinstein 1991; Haug, ch. 4.17).

    The rebate of a knock-out is paid when the level is hit, that of a knock-in at expiry when it never was.
    """
    with _quantlib() as ql:
        kinds = {
            "down-and-in": ql.Barrier.DownIn, "down-and-out": ql.Barrier.DownOut, "up-and-in": ql.Barrier.UpIn,
            "up-and-out": ql.Barrier.UpOut,
        }  # fmt: skip
        exercise = ql.EuropeanExercise(_start(ql) + _DAYS)
        option = ql.BarrierOption(kinds[kind], level, rebate, _payoff(ql, terms), exercise)
        option.setPricingEngine(ql.AnalyticBarrierEngine(_process(ql, terms)))
        return float(option.NPV())


def american_bounds(terms: Terms, dividends: Dividends = ()) -> tuple[float, float]:
    """Prices between which an American option has a volatility: exercised at the best moment without any, and beyond any.

    Without volatility the spot follows its forward, and between dividends the best moment is an end or where the gain turns.
    """
    sign = 1.0 if terms.kind == "call" else -1.0
    present = [(when, amount * math.exp(-terms.rate * when)) for when, amount in dividends]
    stock = terms.spot - sum(value for _, value in present)

    def gain(at: float, still: Callable[[float], bool]) -> float:
        kept = sum(value for when, value in present if still(when))
        return sign * (stock * math.exp(-terms.dividend * at) + kept - terms.strike * math.exp(-terms.rate * at))

    moments = [0.0, terms.years]
    ratio = terms.dividend * stock / (terms.rate * terms.strike) if terms.rate else 0.0
    if ratio > 0 and terms.dividend != terms.rate:
        moments.append(min(max(0.0, math.log(ratio) / (terms.dividend - terms.rate)), terms.years))
    gains = [gain(at, lambda when, at=at: when > at) for at in moments]  # type: ignore[misc]
    gains += [gain(when, lambda other, when=when: other >= when) for when, _ in present]  # type: ignore[misc]
    if sign > 0:
        return max(0.0, *gains), stock * max(1.0, math.exp(-terms.dividend * terms.years)) + sum(value for _, value in present)
    return max(0.0, *gains), terms.strike * max(1.0, math.exp(-terms.rate * terms.years))
