"""Which delivery months of a future are traded in earnest: the listed others have next to no open interest."""

from datetime import date

from agents.quant.errors import QuantError

NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
ACTIVE = {
    "comex.gold": (2, 4, 6, 8, 10, 12),
    "comex.silver": (3, 5, 7, 9, 12),
    "comex.copper": (3, 5, 7, 9, 12),
    "nymex.platinum": (1, 4, 7, 10),
    "nymex.palladium": (3, 6, 9, 12),
    "nymex.wti": tuple(range(1, 13)),
    "nymex.natgas": tuple(range(1, 13)),
    "ice.brent": tuple(range(1, 13)),
    "cbot.corn": (3, 5, 7, 9, 12),
    "cbot.wheat": (3, 5, 7, 9, 12),
    "cbot.soybeans": (1, 3, 5, 7, 8, 9, 11),
}
"""The active months of the contract specifications."""


def inactive_months(contract: str, months: list[str]) -> str:
    """One sentence on the months (2026-06) in which the contract is not active; empty when all are.

    Raises:
        QuantError: an unknown contract, or a month that cannot be read.
    """
    if contract not in ACTIVE:
        raise QuantError(f"there are no delivery months for {contract!r}: known are {', '.join(sorted(ACTIVE))}")
    quiet = [month for month in months if _month(month) not in ACTIVE[contract]]
    if not quiet:
        return ""
    named = " and ".join(f"{NAMES[_month(month) - 1]} {month[:4]}" for month in quiet)
    active = ", ".join(NAMES[month - 1] for month in ACTIVE[contract])
    return f"{named} is not an active month of {contract}: those are {active}"


def _month(text: str) -> int:
    try:
        return date.fromisoformat(text if len(text) == 10 else f"{text}-01").month
    except ValueError as error:
        raise QuantError(f"{text!r} is no delivery month: write it as 2026-06") from error
