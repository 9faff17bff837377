"""What a call costs, by a dated table."""

from functools import cache
from importlib import resources
from typing import Any

from memory.plain_yaml import read_yaml

_MILLION = 1e6
BATCH_SHARE = 0.5
"""What a request in a batch costs, of its usual price."""


@cache
def price_table() -> dict[str, dict[str, Any]]:
    """USD per million tokens by model."""
    text = resources.files("integrations.models").joinpath("prices.yaml").read_text(encoding="utf-8")
    table: dict[str, dict[str, Any]] = read_yaml(text)
    return table


def cost_usd(model: str, usage: dict[str, int]) -> float | None:
    """USD of one call; None when the model has no price.

    Args:
        model: as the endpoint names it; a dated suffix is understood.
        usage: the Messages API's fields: input_tokens, output_tokens, cache_creation_input_tokens,
            cache_read_input_tokens; and ``batch`` when it was sent in one.
    """
    prices = next((row for name, row in price_table().items() if model == name or model.startswith(f"{name}-")), None)
    if prices is None:
        return None
    parts = {
        "input": "input_tokens",
        "output": "output_tokens",
        "cache_write": "cache_creation_input_tokens",
        "cache_read": "cache_read_input_tokens",
    }
    share = BATCH_SHARE if usage.get("batch") else 1.0
    return share * sum(float(prices[price]) * usage.get(field, 0) for price, field in parts.items()) / _MILLION
