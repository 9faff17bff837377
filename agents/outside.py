"""Tools of servers outside the desk: what a role of a run is offered, and what they said, kept so that it can be quoted.

Text from outside is material, never an order. It is kept as a figure, like every tool's result, and not as a passage: rules read
their facts from passages, and no server may move a conviction.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

from agents.errors import ToolError
from agents.role import Role
from agents.tool import Effect
from agents.workbench import Workbench
from memory.records import Draft, Kind, Record, Trust
from memory.store import Store
from memory.thesis import Evidence

SCHEME = "mcp://"
LISTED = "outside tools"
"""Title of the record of what a run was offered."""
DESCRIBED = 240
"""Characters of a tool's description that every request of a run carries."""


class Offered(NamedTuple):
    """A tool as a model is told of it. A tool that its server does not call read-only sends something out."""

    name: str
    description: str
    schema: dict[str, Any]
    effect: Effect


class Offering(NamedTuple):
    """What a role may call now, and why a server gives it nothing."""

    tools: tuple[Offered, ...] = ()
    problems: tuple[str, ...] = ()


class OutsideResult(BaseModel):
    """What an outside tool said: text that nobody here vouches for."""

    model_config = ConfigDict(frozen=True)

    tool: str
    text: str
    is_error: bool = False
    truncated: bool = False
    trust: Literal[Trust.OUTSIDE] = Trust.OUTSIDE


class OutsideTools(Protocol):
    """Tools of servers outside the desk, named ``SERVER.TOOL``."""

    def offered(self, role: str) -> Offering:
        """What a role may call: on its allow-list, approved by a person, and unchanged since."""
        ...

    def call(self, role: str, name: str, arguments: Mapping[str, Any]) -> OutsideResult:
        """Call one.

        Raises:
            ToolError: the role may not, or nobody approved the tool as it is now.
            OutsideError: the server is not there, or too slow.
        """
        ...


@dataclass(frozen=True)
class Roster:
    """The outside tools of one run, by role: asked for once, so that every request of the run begins with the same bytes."""

    source: OutsideTools | None = None
    by_role: Mapping[str, Offering] = field(default_factory=dict)

    def of(self, role: str) -> Offering:
        """What one role has."""
        return self.by_role.get(role, Offering())

    def role(self, role: Role) -> Role:
        """The role with its outside tools among its own."""
        return role.model_copy(update={"tools": (*role.tools, *(tool.name for tool in self.of(role.name).tools))})

    def lines(self) -> str:
        """Every tool that some role has, a line each."""
        found = {tool.name: tool for offering in self.by_role.values() for tool in offering.tools}
        return "".join(f"\n- {_signature(tool)}: {_described(tool)}" for _, tool in sorted(found.items()))


def roster(source: OutsideTools, roles: Mapping[str, Role], workbench: Workbench) -> Roster:
    """Ask the servers what each role has, and keep the answer with the run: a replay has no server to ask."""
    by_role = {name: source.offered(name) for name in roles}
    there = {name: offering for name, offering in by_role.items() if offering.tools or offering.problems}
    if there:
        shown = {name: [[tool._asdict() for tool in offering.tools], list(offering.problems)] for name, offering in there.items()}
        body = json.dumps(shown, sort_keys=True, ensure_ascii=False)
        _keep(workbench, LISTED, body, Draft(body=body, title=LISTED, source_uri=SCHEME))
    return Roster(source, there)


def keep(workbench: Workbench, name: str, arguments: Mapping[str, Any], result: OutsideResult | str) -> Record:
    """What a call came to, as a record of the run; a text in place of a result says why there is none."""
    server, _, tool = name.partition(".")
    told = isinstance(result, OutsideResult)
    state = "failed" if isinstance(result, str) else "error" if result.is_error else "answered"
    text = result if isinstance(result, str) else result.text or "(nothing)"
    draft = Draft(
        body=text, title=name, author=server if told else "", trust=Trust.OUTSIDE if told else Trust.AGENT,
        source_uri=f"{SCHEME}{server}/{tool}", locator=_asked(arguments), data={"state": state},
    )  # fmt: skip
    return _keep(workbench, f"{name}:{_digest(_asked(arguments))}", text, draft)


def _keep(workbench: Workbench, key: str, body: str, draft: Draft) -> Record:
    place = {
        "kind": Kind.FIGURE, "run_id": workbench.run_id, "known_from": workbench.as_of,
        "idempotency_key": f"{workbench.run_id}:mcp:{key}:{_digest(body)}",
    }  # fmt: skip
    return workbench.store.remember(draft.model_copy(update=place))


def server_of(uri: str) -> str:
    """The server that said what stands under a URI; empty for any other source."""
    return uri.removeprefix(SCHEME).partition("/")[0] if uri.startswith(SCHEME) else ""


def servers_read(workbench: Workbench, evidence: Sequence[Evidence]) -> set[str]:
    """Whose words may stand in front of a turn: those that its evidence cites, and those that anybody in the run has called."""
    said = workbench.store.find(run_id=workbench.run_id, kinds=[Kind.FIGURE])
    found = {server_of(record.source_uri) for record in said if record.trust is Trust.OUTSIDE}
    return (found | {server_of(item.source_uri) for item in evidence}) - {""}


class KeptTools:
    """Fulfils ``OutsideTools`` from what a run left: each call is answered as it was then, in the same order."""

    def __init__(self, store: Store, run_id: str) -> None:
        said = [record for record in store.find(run_id=run_id, kinds=[Kind.FIGURE]) if record.source_uri.startswith(SCHEME)]
        listed: dict[str, Any] = next((json.loads(record.body) for record in said if record.title == LISTED), {})
        self._offered = {
            role: Offering(tuple(Offered(**tool) for tool in tools), tuple(problems)) for role, (tools, problems) in listed.items()
        }
        self._answers: dict[tuple[str, str], list[Record]] = {}
        for record in said:
            self._answers.setdefault((record.title, record.locator), []).append(record)

    def offered(self, role: str) -> Offering:
        """What the role had in that run."""
        return self._offered.get(role, Offering())

    def call(self, role: str, name: str, arguments: Mapping[str, Any]) -> OutsideResult:
        """The answer of that run.

        Raises:
            ToolError: there was none.
        """
        kept = self._answers.get((name, _asked(arguments)), [])
        if not kept:
            raise ToolError(f"{role} did not call {name} with these arguments in that run: the replay differs from it here")
        record = kept.pop(0) if len(kept) > 1 else kept[0]
        if record.data["state"] == "failed":
            raise ToolError(record.body)
        return OutsideResult(tool=name, text=record.body, is_error=record.data["state"] == "error")


def _asked(arguments: Mapping[str, Any]) -> str:
    return json.dumps(dict(arguments), sort_keys=True, ensure_ascii=False, default=str)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _described(tool: Offered) -> str:
    text = " ".join(tool.description.split())
    return text if len(text) <= DESCRIBED else text[:DESCRIBED] + "…"


def _signature(tool: Offered) -> str:
    fields, needed = tool.schema.get("properties", {}), tool.schema.get("required", ())
    return f"{tool.name}({', '.join(name if name in needed else f'{name}?' for name in fields)})"
