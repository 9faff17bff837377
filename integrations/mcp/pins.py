"""What a person approves of an outside tool: all that a model is told of it, and where it is served."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from memory.access import Pin, definition_hash

if TYPE_CHECKING:
    from mcp import Tool

    from integrations.settings import McpServerSettings

State = Literal["approved", "new", "changed", "refused"]
_NAME = r"[A-Za-z0-9_-]{1,64}"


class Standing(NamedTuple):
    """A tool that a server offers now, held against what was approved."""

    tool: str
    state: State
    definition: str
    before: str
    reason: str


def definition(settings: "McpServerSettings", tool: "Tool") -> str:
    """One text for one tool: the endpoint, and everything of the tool that reaches a model. JSON, sorted."""
    told = tool.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"icons", "meta"})
    where = settings.url or [settings.command, *settings.args]
    return json.dumps({"endpoint": where, "tool": told}, sort_keys=True, ensure_ascii=False, indent=1)


def standing(settings: "McpServerSettings", offered: "Sequence[Tool]", pins: Mapping[str, Pin]) -> list[Standing]:
    """Each tool and whether it is as it was approved.

    A name that would not survive as one word, and a definition with invisible or control characters, is refused: a
    person cannot approve what a person cannot see.
    """
    found = []
    for tool in sorted(offered, key=lambda item: item.name):
        text = definition(settings, tool)
        pin = pins.get(tool.name)
        problem = _problem(tool.name, text)
        if problem:
            found.append(Standing(tool.name, "refused", text, "", problem))
        elif pin is None:
            found.append(Standing(tool.name, "new", text, "", "nobody has approved it"))
        elif pin.hash != definition_hash(text):
            found.append(Standing(tool.name, "changed", text, pin.definition, f"it changed since {pin.approved_by} approved it"))
        else:
            found.append(Standing(tool.name, "approved", text, pin.definition, ""))
    return found


def _problem(name: str, text: str) -> str:
    if not re.fullmatch(_NAME, name):
        return "its name is no plain word"
    seen = {unicodedata.category(letter) for part in _strings(json.loads(text)) for letter in part if letter not in "\n\r\t"}
    return "its definition holds characters that cannot be seen" if seen & {"Cc", "Cf", "Co", "Cs", "Cn"} else ""


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
