"""A company's cash runway from one year's figures."""

import math

from agents.quant.errors import QuantError
from agents.quant.result import Result

DAYS_A_YEAR = 365


class RunwayResult(Result):
    """A company's year of cash, in the unit of the inputs; no runway means that the cash does not run out."""

    free_cash_flow: float
    runway_years: float | None
    runway_days: float | None
    external_need_12m: float
    funding_gap: float
    ebitda_margin_pct: float | None
    capex_to_ebitda: float | None
    note: str = ""


def runway(capex: float, revenue: float, ebitda: float, cash: float) -> RunwayResult:
    """How long cash lasts at this year's pace: free cash flow is EBITDA less capital spending, before interest and tax.

    Args:
        capex: capital spending of the year, as a positive amount.
        revenue: of the year.
        ebitda: of the year; negative for a loss.
        cash: at the start.

    Returns:
        ``external_need_12m``, what must be raised to spend a whole year at this pace and end it with no cash;
        ``funding_gap`` is the same.

    Raises:
        QuantError: an amount is negative or EBITDA exceeds revenue.
    """
    if not all(map(math.isfinite, (capex, revenue, ebitda, cash))) or min(capex, revenue, cash) < 0:
        raise QuantError("capex, revenue and cash must be finite and not negative: give capital spending as a positive amount")
    if ebitda > revenue:
        raise QuantError("EBITDA cannot exceed revenue: check the order of the inputs")
    flow = ebitda - capex
    years = None if flow >= 0 else cash / -flow
    need = max(0.0, -flow - cash)
    return RunwayResult(
        free_cash_flow=flow, runway_years=years, runway_days=None if years is None else years * DAYS_A_YEAR, external_need_12m=need,
        funding_gap=need, ebitda_margin_pct=100 * ebitda / revenue if revenue else None,
        capex_to_ebitda=capex / ebitda if ebitda > 0 else None,
        note="no burn: cash does not run out" if years is None else "before interest and tax",
        units={
            "free_cash_flow": "unit of the inputs, per year", "runway_years": "years", "runway_days": "days, 365 a year",
            "external_need_12m": "unit of the inputs", "funding_gap": "unit of the inputs", "ebitda_margin_pct": "% of revenue",
            "capex_to_ebitda": "times",
        },
    )  # fmt: skip
