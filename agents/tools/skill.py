"""Tools over skills: code that worked, kept under a name for others."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from agents import skills
from agents.code_runs import Request, run_code
from agents.errors import ToolError
from agents.sandbox import Input, Limits, SandboxResult
from agents.skills import Skill
from agents.tool import tool
from agents.tools.code import sandbox_of
from agents.workbench import Workbench

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]
Python = Annotated[str, Field(min_length=1, max_length=200_000)]


class SkillState(BaseModel):
    """A skill, and whether it can be called."""

    name: str
    description: str
    input_schema: dict[str, Any]
    status: Literal["live", "quarantined"]
    tests: tuple[str, ...]
    failed: str = Field(default="", description="the test that fails, and why")
    sha256: str = Field(description="of its code")
    record: str
    version: int


class SkillStates(BaseModel):
    """Skills by name."""

    skills: list[SkillState]


class SkillResult(BaseModel):
    """What a skill returned, how its code ended, and the record that opens it."""

    name: str
    sha256: str
    value: Any = Field(description="what run returned; null when the code failed")
    result: SandboxResult
    record: str


def _state(skill: Skill) -> SkillState:
    failed = f"{skill.check.failed}: {skill.check.why}" if skill.check.failed else ""
    return SkillState(
        name=skill.name, description=skill.description, input_schema=skill.input_schema, status="quarantined" if failed else "live",
        tests=skill.check.tests, failed=failed, sha256=skill.sha256, record=skill.record, version=skill.version,
    )  # fmt: skip


@tool("skill.save", effect="write")
def save(workbench: Workbench, name: Name, code: Python, test: Python, input_schema: dict[str, Any]) -> SkillState:
    """Keep code that worked as a skill that others call by name.

    ``code`` defines ``run(…)`` with a docstring (what it returns, units); what it returns must be JSON. ``test`` defines functions
    ``test_…`` that call ``run`` and assert; ``input_schema`` is a JSON Schema of run's arguments. The test is run at once, without the
    desk's data; when it fails the skill is quarantined, and an earlier version that works stays.
    """
    written = skills.Written(name, code, test, input_schema)
    description = skills.description_of(written)
    check = skills.tested(sandbox_of(workbench), code, test)
    return _state(skills.keep(workbench.store, written, description, check, skills.Author(workbench.run_id, workbench.as_of)))


@tool("skill.list")
def list_skills(workbench: Workbench, about: str = "") -> SkillStates:
    """Saved skills, or those that name each word of ``about``: what each computes and takes."""
    words = about.lower().split()
    known = [_state(skill) for skill in skills.found(workbench.store, workbench.as_of)]
    return SkillStates(skills=[item for item in known if all(word in f"{item.name} {item.description}".lower() for word in words)])


def _pinned(workbench: Workbench, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The call with the hash of the code that it means now, so that a yes to it is a yes to that code."""
    name = arguments.get("name")
    if not isinstance(name, str) or not name or arguments.get("sha256"):
        return arguments
    known = skills.found(workbench.store, workbench.as_of, name)
    return {**arguments, "sha256": known[0].sha256} if known else arguments


@tool("skill.run", effect="run", pinned=_pinned)
def run(
    workbench: Workbench,
    name: Name,
    arguments: Annotated[dict[str, Any], Field(description="as the skill's input_schema says")],
    sha256: Annotated[str, Field(description="of the code that is meant; filled in when it is left out")] = "",
    wall_seconds: Annotated[float, Field(gt=0, le=600)] = 60,
) -> SkillResult:
    """Run a saved skill behind walls, on arguments that fit its schema."""
    sandbox = sandbox_of(workbench)
    skill = _one(workbench, name)
    if sha256 and sha256 != skill.sha256:
        raise ToolError(f"the skill {name} is no longer the code {sha256[:12]}: look at it with skill.list and call it again")
    given = skills.check_arguments(skill, arguments)
    if not skill.check.failed and skill.stale:
        skill = _checked(workbench, skill)
    if refusal := skill.refusal():
        raise ToolError(refusal)
    limits = Limits(wall_seconds=wall_seconds, cpu_seconds=max(60, wall_seconds))
    data = workbench.snapshots.at(workbench.as_of) if workbench.snapshots else ()
    with tempfile.TemporaryDirectory(prefix="stoa-skill-") as folder:
        path = Path(folder) / "arguments.json"
        path.write_text(given, encoding="utf-8")
        request = Request(skills.script(skill), [Input(path.name, path), *data], limits, "developer", workbench.run_id)
        done = run_code(workbench.store, sandbox, request)
    value = skills.answer_of(done.result) if done.result.exit_reason == "ok" else None
    return SkillResult(name=name, sha256=skill.sha256, value=value, result=done.result, record=done.record)


@tool("skill.check", effect="run")
def check(workbench: Workbench, name: str = "") -> SkillStates:
    """Run a skill's test again, or every skill's; one that fails is quarantined."""
    chosen = [_one(workbench, name)] if name else skills.found(workbench.store, workbench.as_of)
    return SkillStates(skills=[_state(_checked(workbench, skill)) for skill in chosen])


def _one(workbench: Workbench, name: str) -> Skill:
    known = skills.found(workbench.store, workbench.as_of, name)
    if not known:
        raise ToolError(f"there is no skill {name!r}: skill.list shows them")
    return known[0]


def _checked(workbench: Workbench, skill: Skill) -> Skill:
    """The skill with what its test says now. What was replaced since a replay's as-of is judged and left as it is."""
    found = skills.tested(sandbox_of(workbench), skill.code, skill.test)
    if skill.status == "superseded":
        return skill.model_copy(update={"check": found})
    if found == skill.check:
        return skill
    return skills.kept_check(workbench.store, skill, found, workbench.run_id)
