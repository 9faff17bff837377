"""The servers that speak the Messages API, each with what it leaves out."""

from dataclasses import dataclass, field, replace
from typing import Any

_CITABLE = frozenset({"document", "search_result"})
_TEXT_AND_TOOLS = frozenset({"text", "tool_use", "tool_result"})


@dataclass(frozen=True)
class Profile:
    """``drops`` are left out without a word, ``only`` is what is let in (everything, if empty)."""

    name: str = "anthropic"
    drops: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    strict: bool = True
    formats: bool = True
    caching: bool = True
    citations: bool = True
    signatures: bool = True
    usage: bool = True
    request_ids: bool = True
    batches: bool = True
    counts: bool = True
    own_errors: bool = False


_LOCAL = Profile(strict=False, formats=False, caching=False, citations=False, request_ids=False, batches=False)

PROFILES = {
    "anthropic": Profile(),
    "ollama": replace(_LOCAL, name="ollama", drops=_CITABLE, signatures=False, counts=False),
    "llamacpp": replace(_LOCAL, name="llamacpp", drops=_CITABLE, signatures=False),
    "vllm": replace(_LOCAL, name="vllm", only=_TEXT_AND_TOOLS | {"image", "thinking", "redacted_thinking"}, own_errors=True),
    "lmstudio": replace(_LOCAL, name="lmstudio", only=_TEXT_AND_TOOLS, signatures=False, counts=False),
}


def profile(name: str, **changes: Any) -> Profile:
    """A profile by its name, changed where a test wants it: ``profile("ollama", usage=False)``."""
    return replace(PROFILES[name], **changes)


@dataclass(frozen=True)
class Facts:
    """What a server knows of a model, in tokens."""

    context_window: int = 200_000
    max_output: int = 64_000
    cache_minimum: int = 1024
    prefill: bool = True
    forced_tools: bool = True


@dataclass(frozen=True)
class Catalogue:
    """The models of a server. Without names every model is known, as on a local server that takes any."""

    names: tuple[str, ...] = ()
    facts: Facts = field(default_factory=Facts)
    own: dict[str, Facts] = field(default_factory=dict)

    def find(self, name: str) -> Facts | None:
        if name in self.own:
            return self.own[name]
        return self.facts if not self.names or name in self.names else None

    def listed(self) -> list[str]:
        return sorted({*self.names, *self.own}) or ["local-model"]


CLAUDE = (
    "claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-5-5", "claude-opus-4-5", "claude-opus-4-5-20251101", "claude-opus-5",
    "claude-opus-5-5", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "claude-sonnet-5", "claude-sonnet-5-5",
)  # fmt: skip
