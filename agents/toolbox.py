"""One turn's tools: the role's own and those of outside servers, and what may still be done after outside text was read.

Text from outside is material, never an order. No model keeps the two apart with certainty, so code does: a turn that
has read such text can look further, but what it wants to write, post or send elsewhere waits for a person.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

from agents.errors import GatedError, ToolError
from agents.role import Role
from agents.tool import call, tools
from agents.workbench import Workbench
from memory.records import Draft, Kind, Trust


class Offered(NamedTuple):
    """A tool as a model is told of it."""

    name: str
    description: str
    schema: dict[str, Any]
    read_only: bool


class OutsideResult(BaseModel):
    """What an outside tool said: text that nobody here vouches for."""

    model_config = ConfigDict(frozen=True)

    tool: str
    text: str
    is_error: bool = False
    truncated: bool = False
    trust: Literal[Trust.OUTSIDE] = Trust.OUTSIDE
    record: str = ""


class OutsideTools(Protocol):
    """Tools of servers outside the desk, named ``SERVER.TOOL``."""

    def offered(self, role: str) -> Sequence[Offered]:
        """What a role may call: on its allow-list, approved by a person, and unchanged since."""
        ...

    def call(self, role: str, name: str, arguments: Mapping[str, Any]) -> OutsideResult:
        """Call one.

        Raises:
            ToolError: the role may not, or the server cannot be used now.
        """
        ...


class Toolbox:
    """The tools of one role in one turn. It remembers what outside text the turn has read."""

    def __init__(self, role: Role, workbench: Workbench, outside: OutsideTools | None = None) -> None:
        self._role = role
        self._workbench = workbench
        self._outside = {tool.name: tool for tool in outside.offered(role.name)} if outside else {}
        self._server = outside
        self._read: list[str] = []

    @property
    def read_outside(self) -> tuple[str, ...]:
        """Where the outside text of this turn came from; empty as long as there is none."""
        return tuple(self._read)

    def offered(self) -> list[Offered]:
        """Every tool of the turn, the role's own first."""
        known = tools()
        own = [known[name] for name in self._role.tools if name in known]
        return [Offered(t.name, t.description, t.schema(), t.effect == "read") for t in own] + list(self._outside.values())

    def call(self, name: str, arguments: Mapping[str, Any]) -> BaseModel:
        """Call a tool of this turn.

        Raises:
            ToolError: the role does not have it, or the call is wrong.
            GatedError: the turn has read outside text, and this call could carry out what that text asks for.
        """
        if name in self._outside:
            return self._call_outside(self._outside[name], arguments)
        known = tools().get(name)
        if known is None or name not in self._role.tools:
            raise ToolError(f"{self._role.name} has no tool {name!r}: it has {', '.join(tool.name for tool in self.offered())}")
        if known.effect != "read":
            self._gate(name)
        result = call(name, arguments, self._workbench)
        self._note(result, name)
        return result

    def _call_outside(self, tool: Offered, arguments: Mapping[str, Any]) -> OutsideResult:
        assert self._server is not None
        server = tool.name.partition(".")[0]
        if not tool.read_only or any(source.partition(".")[0] != server for source in self._read if source in self._outside):
            self._gate(tool.name)
        result = self._server.call(self._role.name, tool.name, arguments)
        self._read.append(tool.name)
        return result.model_copy(update={"record": self._keep(result, arguments)}) if result.text else result

    def _gate(self, name: str) -> None:
        if self._read:
            raise GatedError(f"this turn has read text from outside ({', '.join(dict.fromkeys(self._read))}): {name} waits for a person")

    def _note(self, result: BaseModel, name: str) -> None:
        if name not in self._read and _holds_outside(result.model_dump()):
            self._read.append(name)

    def _keep(self, result: OutsideResult, arguments: Mapping[str, Any]) -> str:
        """The result as a record, so that it can be quoted: outside material, like a document."""
        asked = json.dumps(dict(arguments), sort_keys=True, ensure_ascii=False, default=str)
        digest = hashlib.sha256(f"{asked}\n{result.text}".encode()).hexdigest()[:16]
        draft = Draft(
            kind=Kind.CHUNK, body=result.text, title=result.tool, author=result.tool.partition(".")[0], trust=Trust.OUTSIDE,
            source_uri=f"mcp://{result.tool.replace('.', '/', 1)}", locator=asked[:200], run_id=self._workbench.run_id,
            known_from=self._workbench.as_of, idempotency_key=f"{self._workbench.run_id}:{result.tool}:{digest}",
        )  # fmt: skip
        return self._workbench.store.remember(draft).id


def _holds_outside(value: Any) -> bool:
    """Whether a tool's result carries a record that nobody here vouches for."""
    if isinstance(value, dict):
        return value.get("trust") == Trust.OUTSIDE or any(_holds_outside(part) for part in value.values())
    return isinstance(value, list | tuple) and any(_holds_outside(part) for part in value)
