"""Skills: code that worked, kept under a name with what it says of itself, a test, and a schema of what it takes.

A skill is a record. Its code defines ``run``, its test functions named ``test_…``. Both run in the sandbox alone. One whose test
fails is quarantined: it stays readable, and nobody can call it until its test passes again.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agents.errors import ToolError
from agents.sandbox import Limits, Sandbox, SandboxResult
from memory.errors import ConflictError
from memory.records import Draft, Kind, Record, Relation, Status
from memory.store import Store

LIBRARIES = ("numpy", "pandas", "duckdb", "pyarrow", "matplotlib", "scipy", "quantlib")
"""Distributions whose versions a test's outcome stands for."""
KEYWORDS = frozenset({
    "$schema", "title", "description", "default", "examples", "type", "enum", "const", "properties", "required", "additionalProperties",
    "items", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
})  # fmt: skip
"""Of JSON Schema. References, patterns and combinations are left out: with them a schema could keep its reader busy for ever."""
DEEPEST = 20
TEST_LIMITS = Limits(wall_seconds=60)

_RUN = """

if __name__ == "__main__":
    import json

    with open("in/arguments.json", encoding="utf-8") as file:
        given = json.load(file)
    answer = run(**given)
    with open("out/result.json", "w", encoding="utf-8") as file:
        json.dump(answer, file, ensure_ascii=False, allow_nan=False, default=lambda value: value.tolist() if hasattr(value, "tolist") else str(value))
"""  # noqa: E501 - it is read as a script
_TEST = """

def run_tests(names):
    import json

    passed = []
    for name in [*names, ""]:
        with open("out/tests.json", "w", encoding="utf-8") as file:
            json.dump({{"passed": passed, "running": name}}, file)
        if name:
            globals()[name]()
            passed.append(name)


run_tests({names})
"""


class Check(BaseModel):
    """What the test of a skill said, and under which versions."""

    model_config = ConfigDict(frozen=True)

    tests: tuple[str, ...]
    failed: str = Field(default="", description="the test that failed; empty when all passed")
    why: str = ""
    under: dict[str, str] = Field(default_factory=dict, description="version by library, Python's too")


class Skill(BaseModel):
    """One skill as it stands."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str
    code: str
    test: str
    input_schema: dict[str, Any]
    check: Check
    record: str
    version: int
    status: Literal["live", "quarantined", "superseded"]

    @property
    def sha256(self) -> str:
        """The hash of its code."""
        return hashlib.sha256(self.code.encode()).hexdigest()

    @property
    def stale(self) -> bool:
        """Whether its test has not been run with the libraries that are installed now."""
        return self.check.under != versions()

    def refusal(self) -> str:
        """Why it cannot be called; empty when it can."""
        test, why = self.check.failed, self.check.why
        return f"the skill {self.name} is quarantined, because its test {test} fails ({why}): mend it and save it again" if test else ""


class Written(NamedTuple):
    """A skill as its writer gives it."""

    name: str
    code: str
    test: str
    input_schema: dict[str, Any]


def versions() -> dict[str, str]:
    """What a test's outcome depends on besides the skill: Python and the libraries."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def description_of(written: Written) -> str:
    """The docstring of ``run``.

    Raises:
        ToolError: the code, its test or its schema is not as it must be; the message says what to change.
    """
    check_schema(written.input_schema)
    run = next((node for node in _parsed(written.code, "code") if isinstance(node, ast.FunctionDef) and node.name == "run"), None)
    said = ast.get_docstring(run) if run else None
    if run is None or not said:
        raise ToolError("the code must define run(…) with a docstring that says what it returns, with units")
    taken = {item.arg for item in (*run.args.args, *run.args.kwonlyargs)}
    if unknown := sorted(set(written.input_schema["properties"]) - taken) if run.args.kwarg is None else []:
        raise ToolError(f"the schema has {', '.join(unknown)}, which run does not take: name its arguments alike in both")
    test_names(written.test)
    return said


def test_names(test: str) -> tuple[str, ...]:
    """The test functions of a test, in order.

    Raises:
        ToolError: there is none, or one that cannot fail.
    """
    found = [node for node in _parsed(test, "test") if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    if not found:
        raise ToolError("the test must define functions named test_… that call run and assert what it returns")
    for node in found:
        if not any(isinstance(part, ast.Assert | ast.Raise) for part in ast.walk(node)):
            raise ToolError(
                f"{node.name} asserts nothing, so that it cannot fail: assert what run returns for inputs whose answer you know"
            )
    return tuple(node.name for node in found)


def _parsed(text: str, what: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ToolError(f"the {what} is no Python ({error}): mend it") from error


def check_schema(schema: Mapping[str, Any]) -> None:
    """That a schema can be used for arguments.

    Raises:
        ToolError: it cannot; the message says why.
    """
    from jsonschema import Draft202012Validator, SchemaError

    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        raise ToolError(
            'the schema must be of type object, with properties: {"type": "object", "properties": {"spot": {"type": "number"}}}'
        )
    _check_keywords(schema, 0)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ToolError(f"the schema is no JSON Schema: {error.message[:200]}") from error


def _check_keywords(schema: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ToolError(f"the schema is nested deeper than {DEEPEST}: make it flatter")
    if not isinstance(schema, dict):
        return  # what is neither true nor false is found by the schema of schemas
    if unknown := sorted(set(schema) - KEYWORDS):
        raise ToolError(f"the schema uses {unknown[0]}, which is not taken here: use {', '.join(sorted(KEYWORDS))}")
    properties = schema.get("properties")
    inner = [*(properties.values() if isinstance(properties, dict) else ()), schema.get("items"), schema.get("additionalProperties")]
    for part in inner:
        _check_keywords(part, depth + 1)


def check_arguments(skill: Skill, arguments: Mapping[str, Any]) -> str:
    """The arguments as the JSON that the code reads.

    Raises:
        ToolError: they do not fit the skill's schema.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = {"additionalProperties": False, **skill.input_schema}
    wrong = best_match(Draft202012Validator(schema).iter_errors(dict(arguments)))
    if wrong is not None:
        at = ".".join(map(str, wrong.absolute_path))
        raise ToolError(f"{skill.name}: {f'{at}: ' if at else ''}{wrong.message[:300]}")
    try:
        return json.dumps(dict(arguments), ensure_ascii=False, allow_nan=False, sort_keys=True)
    except ValueError as error:
        raise ToolError(f"{skill.name}: the arguments are no JSON ({error})") from error


def script(skill: Skill) -> str:
    """The code with what calls it."""
    return skill.code + _RUN


def tested(sandbox: Sandbox, code: str, test: str) -> Check:
    """Run a skill's test.

    Raises:
        SandboxRefusedError: no walls can be put up here.
        ToolError: it has no test that could be run.
    """
    names = test_names(test)
    result = sandbox.run(f"{code}\n\n{test}{_TEST.format(names=list(names))}", (), TEST_LIMITS)
    said = _json_file(result, "tests.json")
    passed = said.get("passed") if isinstance(said, dict) else []
    if result.exit_reason == "ok" and passed == list(names):
        return Check(tests=names, under=versions())
    running = said.get("running") if isinstance(said, dict) else ""
    last = next((line for line in reversed(result.stderr.splitlines()) if line.strip()), "")
    ended = "it ended before its test did" if result.exit_reason == "ok" else f"it ended with {result.exit_reason}"
    why = last if result.exit_reason == "error" and last else ended
    return Check(tests=names, failed=running if running in names else names[0], why=why[:300], under=versions())


def _json_file(result: SandboxResult, name: str) -> Any:
    path = next((file.path for file in result.files if file.name == name), None)
    return json.loads(Path(path).read_text(encoding="utf-8-sig")) if path else None


def answer_of(result: SandboxResult) -> Any:
    """What ``run`` returned; None when it did not get there."""
    return _json_file(result, "result.json")


def found(store: Store, as_of: datetime, name: str = "") -> list[Skill]:
    """The skills that were known at ``as_of``, by name: each as it stands, live or quarantined; of ``name`` or all."""
    heads: dict[str, Record] = {}
    for record in store.find(kinds=[Kind.SKILL], source_uri=f"skill:{name}" if name else "", live=False):
        usable = record.known_at <= as_of and record.status not in {Status.RETRACTED, Status.EXPIRED}
        # A candidate that failed its test does not push out the version that works.
        if usable and (record.title not in heads or heads[record.title].status is not Status.LIVE):
            heads[record.title] = record
    return [_skill(heads[title]) for title in sorted(heads)]


def _skill(record: Record) -> Skill:
    fields = {"name": record.title, "code": record.body, "record": record.id, "version": record.version, "status": record.status.value}
    return Skill.model_validate({**record.data, **fields})


class Author(NamedTuple):
    """For whom a skill is kept."""

    run_id: str
    known_from: datetime


def keep(store: Store, written: Written, description: str, check: Check, author: Author) -> Skill:
    """Keep a skill as the newest of its name; one that fails its test is quarantined, and the one that works stays.

    Raises:
        ToolError: somebody else changed the skill meanwhile.
    """
    before = found(store, author.known_from, written.name)
    return _written(store, written, description, check, author, before[0] if before else None, replace=not check.failed)


def kept_check(store: Store, skill: Skill, check: Check, run_id: str) -> Skill:
    """Keep what a skill's test says now: as a version that stands in place of the one before, quarantined when it fails.

    Raises:
        ToolError: somebody else changed the skill meanwhile.
    """
    known = store.get(skill.record).known_at
    written = Written(skill.name, skill.code, skill.test, skill.input_schema)
    return _written(store, written, skill.description, check, Author(run_id, known), skill, replace=True)


def _written(  # noqa: PLR0913 - what a record of a skill is made of
    store: Store, written: Written, description: str, check: Check, author: Author, before: Skill | None, *, replace: bool
) -> Skill:
    draft = Draft(
        kind=Kind.SKILL, title=written.name, body=written.code, author_role="developer", run_id=author.run_id,
        source_uri=f"skill:{written.name}", known_from=author.known_from, content_hash=hashlib.sha256(written.code.encode()).hexdigest(),
        data={
            "description": description, "test": written.test, "input_schema": written.input_schema, "check": check.model_dump(mode="json"),
        },
    )  # fmt: skip
    live = before is not None and before.status == "live"
    linked = [(Relation.SUPERSEDES, before.record)] if before and replace and not live else []
    try:
        record = store.remember(draft, supersedes=before.record if before and replace and live else "", linked=linked)
        if check.failed:
            store.end(record.id, Status.QUARANTINED, f"its test {check.failed} fails: {check.why}")
    except ConflictError as error:
        raise ToolError(f"the skill {written.name} was changed by somebody else meanwhile: look at it with skill.list") from error
    return _skill(store.get(record.id))
