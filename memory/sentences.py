"""Small parts of the sentences that people read."""

from decimal import Decimal


def number(value: float, figures: int = 4) -> str:
    """A number with so many figures, and always all before the point: ``13,420``, ``5.74``, ``0.00012``; never a power of ten."""
    return f"{value:,.0f}" if abs(value) >= 10 ** (figures - 1) else format(Decimal(f"{value:.{figures}g}"), ",f")


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 post``, ``2 posts``; ``many`` where an s does not make the plural."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
