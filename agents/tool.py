"""Tools: a typed function, registered once, known everywhere by one name.

From the function come the JSON schema, the call from the command line, and the permission name. A first parameter
annotated ``Workbench`` is filled in by the caller's turn and is not part of the schema; ``Workbench | None`` works without a desk too.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from agents import tracing
from agents.errors import ToolError
from agents.workbench import Workbench
from memory.book import first_problem

Effect = Literal["read", "write", "post", "run"]
Pin = Callable[[Workbench, Mapping[str, Any]], Mapping[str, Any]]
MODULES = (
    "agents.tools.quant",
    "agents.tools.quant_company",
    "agents.tools.quant_risk",
    "agents.tools.memory",
    "agents.tools.data",
    "agents.tools.verdicts",
    "agents.tools.chart",
    "agents.tools.thesis",
    "agents.tools.code",
    "agents.tools.skill",
)


class Tool(NamedTuple):
    """One tool: its name, what it does, what it touches, and how it is called."""

    name: str
    description: str
    effect: Effect
    arguments: type[BaseModel]
    function: Callable[..., BaseModel]
    needs_desk: bool
    takes_desk: bool = False
    pinned: Pin | None = None
    """Adds to the arguments of an agent's call what they stand for now, before it is judged: a yes is to that and nothing else."""

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        return self.arguments.model_json_schema()


_REGISTRY: dict[str, Tool] = {}


def tool(name: str, effect: Effect = "read", pinned: Pin | None = None) -> Callable[[Callable[..., BaseModel]], Callable[..., BaseModel]]:
    """Register a function as the tool ``name``."""

    def register(function: Callable[..., BaseModel]) -> Callable[..., BaseModel]:
        parameters = list(inspect.signature(function, eval_str=True).parameters.values())
        first = parameters[0].annotation if parameters else None
        needs_desk, takes_desk = first is Workbench, first in {Workbench, Workbench | None}
        fields: dict[str, Any] = {
            p.name: (p.annotation, ... if p.default is inspect.Parameter.empty else p.default) for p in parameters[1 if takes_desk else 0 :]
        }
        arguments = create_model(f"{name}.arguments", __config__=ConfigDict(extra="forbid"), **fields)
        _REGISTRY[name] = Tool(name, inspect.getdoc(function) or "", effect, arguments, function, needs_desk, takes_desk, pinned)
        return function

    return register


@cache
def tools() -> Mapping[str, Tool]:
    """Every tool by name, in the order of the names."""
    for module in MODULES:
        import_module(module)
    return dict(sorted(_REGISTRY.items()))


def call(name: str, arguments: Mapping[str, Any], workbench: Workbench | None = None) -> BaseModel:
    """Run a tool.

    Raises:
        ToolError: no such tool, wrong arguments, or the tool says what its caller must mend.
    """
    known = tools().get(name)
    if known is None:
        import difflib

        near = difflib.get_close_matches(name, tools(), 1)
        raise ToolError(f"there is no tool {name!r}: " + (f"did you mean {near[0]}?" if near else "stoa tool list shows them"))
    try:
        given = known.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        raise ToolError(f"{name}: {first_problem(error)}") from error
    values = {field: getattr(given, field) for field in known.arguments.model_fields}
    if workbench is None and known.needs_desk:
        raise ToolError(f"{name} needs a desk: run it with --desk DIR")
    with tracing.span("execute_tool", {tracing.TOOL: name, "gen_ai.tool.type": "function", tracing.EFFECT: known.effect}):
        return known.function(workbench, **values) if known.takes_desk else known.function(**values)
