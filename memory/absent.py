"""Series that a desk does not have: said at once, with what would settle the question, never filled with a guess."""

import difflib
import re
from collections.abc import Sequence
from typing import Final

from memory.errors import NotFoundError
from memory.market import Market
from memory.observation import SeriesInfo

SETTLES: Final[Sequence[tuple[str, str]]] = (
    (
        r"option|chain|implied|vol_surface|\bslv\..*(call|put|iv)",
        (
            "an option chain is sold by the exchange or a broker: put its quotes (date, strike, expiry, type, bid, ask) under data/ as a "
            "long table; until then a price is a model's at a volatility that you state"
        ),
    ),
    (
        r"lease",
        (
            "London lease rates are quoted by dealers: put a dated table of them under data/; the difference of the forward and the "
            "deposit rate stands in for them when both are there"
        ),
    ),
    (
        r"lbma|london|loco",
        (
            "the London price belongs to LBMA and ICE Benchmark Administration and needs their licence: put its daily file under data/ "
            "(date, usd_am, usd_pm); the World Bank's monthly average (kind pink_sheet) settles questions by the month only"
        ),
    ),
    (r"comex.*(stock|inventor|warehouse)", "COMEX stocks are a daily file of the exchange: put it under data/ with date and ounces"),
    (r"lme", "LME prices need a licence: put the daily file under data/, or take the monthly average of kind pink_sheet"),
    (r"sge|shanghai", "the Shanghai benchmark is published by the exchange: put its daily file under data/, with CNY per gram as unit"),
    (r"freight|insurance|refin", "freight, insurance and refining are quoted by dealers: put the quotes with their dates under data/"),
)
"""What would settle a question whose series is missing, by what its name says."""


def what_settles(name: str) -> str:
    """What would have to be had, for names that are often asked for and not free; empty for others."""
    return next((text for pattern, text in SETTLES if re.search(pattern, name, re.IGNORECASE)), "")


def require(market: Market, name: str) -> SeriesInfo:
    """The description of a series.

    Raises:
        NotFoundError: there is none: the nearest name, and what would settle the question.
    """
    info = market.info(name)
    if info is not None:
        return info
    raise NotFoundError(missing(market, name))


def missing(market: Market, name: str) -> str:
    """The sentence that says that a series is not there, and what to do."""
    near = difflib.get_close_matches(name, sorted(market.series()), 1, 0.7)
    hint = f"did you mean {near[0]}?" if near else what_settles(name) or "stoa data list shows those there are, stoa data pull brings more"
    return f"there is no series {name!r} and no number is made up for it: {hint}"
