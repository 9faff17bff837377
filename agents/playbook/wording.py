"""How playbooks write: plain sentences, numbers that read well on a phone."""

import math
from collections.abc import Sequence


def number(value: float) -> str:
    """A number with as many digits as matter; large ones in words that both languages' readers know."""
    if not math.isfinite(value):
        return "none"
    size = abs(value)
    for limit, name in ((1e12, "tn"), (1e9, "bn"), (1e6, "m")):
        if size >= limit:
            return f"{value / limit:,.4g} {name}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4f}".rstrip("0").rstrip(".") if size < 1 else f"{value:.2f}".rstrip("0").rstrip(".")


def quoted(sentence: str) -> str:
    """A quote in quotation marks, verbatim."""
    return f"“{sentence}”"


def said(lines: Sequence[str]) -> str:
    """Findings as one paragraph."""
    return " · ".join(line.strip().rstrip(".") for line in lines) + "."


def signed(value: float) -> str:
    """A change with its sign, a real minus."""
    return f"{value:+.2f}".replace("-", "−")
