"""The prompt cache and the bill, kept as the service keeps them and apart from any code of ours.

A cache entry is the hash of everything up to a breakpoint; it exists only where an earlier request had one. A breakpoint
looks back over at most 20 blocks, itself the first. An entry can be read once the answer that wrote it has begun.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from tests.fakes.messages_api.prompt import Block, Body, evidence, flat, input_tokens, schema_of, talk

LOOK_BACK = 20
TTL = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}
BATCH_SHARE = Decimal("0.5")


class Usage(NamedTuple):
    """Tokens of one call; the three kinds of input add up to the prompt."""

    input_tokens: int
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    @property
    def whole(self) -> int:
        return self.input_tokens + self.cache_read + self.cache_write_5m + self.cache_write_1h

    def wire(self, output_tokens: int, caching: bool = True, tier: str = "standard") -> Body:
        usage: Body = {"input_tokens": self.input_tokens, "output_tokens": output_tokens}
        if caching:
            usage |= {
                "cache_creation_input_tokens": self.cache_write_5m + self.cache_write_1h, "cache_read_input_tokens": self.cache_read,
                "cache_creation": {"ephemeral_5m_input_tokens": self.cache_write_5m, "ephemeral_1h_input_tokens": self.cache_write_1h},
                "service_tier": tier,
            }  # fmt: skip
        return usage


class Reading(NamedTuple):
    """What a request finds in the cache, and the entries to keep when its answer begins."""

    usage: Usage
    entries: tuple[tuple[str, str], ...]


class PromptCache:
    """Entries by prefix; they live from their last use on."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[datetime, str]] = {}
        self._lock = threading.Lock()

    def read(self, body: Body, minimum: int) -> Reading:
        blocks = flat(body)
        hashes, sums = _prefixes(blocks, body)
        marks = [place for place, block in enumerate(blocks) if block.cache and sums[place] >= minimum]
        with self._lock:
            hit = max((self._hit(hashes, place) for place in marks), default=-1)
            found = [(hashes[hit], self._entries[hashes[hit]][1])] if hit >= 0 else []
        read = sums[hit] if hit >= 0 else 0
        hour = max((sums[place] for place in marks if _ttl(blocks[place]) == "1h"), default=0)
        last = max((sums[place] for place in marks), default=0)
        write_1h = max(0, hour - read)
        write_5m = max(0, last - max(read, hour))
        usage = Usage(input_tokens(body) - max(read, last), read, write_5m, write_1h)
        kept = [(hashes[place], _ttl(blocks[place])) for place in marks if place > hit]
        return Reading(usage, (*found, *kept))

    def _hit(self, hashes: list[str], place: int) -> int:
        now = self._clock()
        for earlier in range(place, max(-1, place - LOOK_BACK), -1):
            entry = self._entries.get(hashes[earlier])
            if entry and now < entry[0]:
                return earlier
        return -1

    def keep(self, reading: Reading) -> None:
        """The answer begins: what it read lives on, what it wrote can be read."""
        now = self._clock()
        with self._lock:
            for prefix, ttl in reading.entries:
                self._entries[prefix] = (now + TTL[ttl], ttl)


def _ttl(block: Block) -> str:
    return (block.cache or {}).get("ttl") or "5m"


def _prefixes(blocks: list[Block], body: Body) -> tuple[list[str], list[int]]:
    """Hash and tokens up to each block. What changes a level apart from its blocks stands at that level's head."""
    kinds = {block.get("type") for _, block in talk(body)}
    heads = {
        "tools": body.get("model"),
        "system": [schema_of(body), any(item.cited for item in evidence(body))],
        "messages": [body.get("tool_choice"), body.get("thinking"), "image" in kinds],
    }
    hashes, sums, level, digest, count = [], [], "", hashlib.sha256(json.dumps(heads["tools"]).encode()), 0
    for block in blocks:
        if block.level != level:
            digest.update(_between(heads, level, block.level).encode())
            level = block.level
        digest.update(f"\x00{block.identity}".encode())
        count += block.tokens
        hashes.append(digest.hexdigest())
        sums.append(count)
    return hashes, sums


def _between(heads: Mapping[str, Any], before: str, now: str) -> str:
    """The heads that lie between two levels: a request without a system text still carries what belongs to that level."""
    order = list(heads)
    start = order.index(before) + 1 if before else 1
    return json.dumps([heads[level] for level in order[start : order.index(now) + 1]], sort_keys=True)


@dataclass
class Charge:
    """One call on the bill; ``output_tokens`` grows while a stream is sent."""

    number: int
    model: str
    usage: Usage
    output_tokens: int = 0
    batch: bool = False
    complete: bool = False

    def usd(self, price: Mapping[str, float]) -> Decimal:
        """USD by prices per million tokens; an hour's cache write costs 1.6 times that of five minutes unless it is given."""
        rate = {name: Decimal(str(value)) for name, value in price.items()}
        hour = rate.get("cache_write_1h", rate["cache_write"] * Decimal("1.6"))
        used = self.usage
        total = (
            used.input_tokens * rate["input"] + self.output_tokens * rate["output"] + used.cache_read * rate["cache_read"]
            + used.cache_write_5m * rate["cache_write"] + used.cache_write_1h * hour
        ) / 1_000_000  # fmt: skip
        return total * BATCH_SHARE if self.batch else total


@dataclass
class Bill:
    """All calls that were answered, to the end or in part."""

    charges: list[Charge] = field(default_factory=list)

    def usd(self, prices: Mapping[str, Mapping[str, float]]) -> float:
        return float(sum((charge.usd(_price(prices, charge.model)) for charge in list(self.charges)), Decimal(0)))

    def tokens(self) -> dict[str, int]:
        charges = list(self.charges)
        return {
            "input": sum(charge.usage.input_tokens for charge in charges),
            "cache_read": sum(charge.usage.cache_read for charge in charges),
            "cache_write": sum(charge.usage.cache_write_5m + charge.usage.cache_write_1h for charge in charges),
            "output": sum(charge.output_tokens for charge in charges),
        }

    def cache_share(self) -> float:
        """Share of all input tokens that the cache served."""
        counted = self.tokens()
        whole = counted["input"] + counted["cache_read"] + counted["cache_write"]
        return counted["cache_read"] / whole if whole else 0.0


def _price(prices: Mapping[str, Mapping[str, float]], model: str) -> Mapping[str, float]:
    """The price of a model, or of the alias that its dated name begins with."""
    named = max((name for name in prices if model == name or model.startswith(f"{name}-")), key=len, default=None)
    if named is None:
        raise LookupError(f"no price for {model}: add it to the table that the bill is asked with")
    return prices[named]
