"""Runs of code as the desk remembers them: what came back is a record that names the code and the inputs, and none is run twice."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agents.sandbox import Input, Limits, Sandbox, SandboxResult
from memory.errors import InputError
from memory.records import Draft, Kind, Record, Relation, Trust
from memory.store import Store

MANIFEST = "data/manifest.json"
"""Says when a snapshot was taken; a later one of the same data is the same input."""


class CodeRun(NamedTuple):
    """A result, and the record that opens its code; no record when the code failed."""

    result: SandboxResult
    record: str


class Request(NamedTuple):
    """What is to be run, and for whom it is remembered."""

    code: str
    inputs: Sequence[Input]
    limits: Limits
    author_role: str = ""
    run_id: str = ""
    tier: str = ""
    """Reuse only what ran in this tier; any when empty."""


def digest(path: Path) -> str:
    """The sha256 of a file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"the input {path} cannot be read ({error.strerror}): check the path") from error


def run_code(store: Store, sandbox: Sandbox, request: Request) -> CodeRun:
    """Run code, or return what the same code gave on the same inputs; remember it when it worked.

    Raises:
        SandboxRefusedError: no walls can be put up here.
        InputError: an input cannot be used.
    """
    code_hash = hashlib.sha256(request.code.encode()).hexdigest()
    hashes = {item.name: digest(item.path) for item in request.inputs if item.name != MANIFEST}
    known = _known(store, code_hash, hashes, request.tier)
    if known is not None:
        return known
    result = sandbox.run(request.code, request.inputs, request.limits)
    if result.exit_reason != "ok":
        return CodeRun(result, "")
    return CodeRun(result, _remember(store, request, result, code_hash, hashes).id)


def _known(store: Store, code_hash: str, hashes: Mapping[str, str], tier: str) -> CodeRun | None:
    for record in reversed(store.find(content_hash=code_hash, kinds=[Kind.FIGURE])):
        if record.data.get("inputs") != hashes or "result" not in record.data:
            continue
        result = SandboxResult.model_validate(record.data["result"])
        if (not tier or result.tier == tier) and all(Path(file.path).exists() for file in result.files):
            usage = result.usage.model_copy(update={"reused": True})
            return CodeRun(result.model_copy(update={"usage": usage}), record.id)
    return None


def _remember(store: Store, request: Request, result: SandboxResult, code_hash: str, hashes: Mapping[str, str]) -> Record:
    common: dict[str, Any] = {"author_role": request.author_role, "run_id": request.run_id, "trust": Trust.AGENT}
    made = store.remember(
        Draft(
            kind=Kind.FIGURE, title=f"code {code_hash[:12]}", body=request.code or "\n", source_uri="sandbox", content_hash=code_hash,
            data={"code_sha256": code_hash, "inputs": dict(hashes), "limits": request.limits.model_dump(),
                  "result": result.model_dump(mode="json")}, **common,
        )
    )  # fmt: skip
    on = ", ".join(f"{name} {value[:12]}" for name, value in hashes.items()) or "no inputs"
    for file in result.files:
        store.remember(
            Draft(
                kind=Kind.FIGURE, title=file.name, body=f"{file.name} ({file.kind}), made by code {code_hash[:12]} from {on}",
                source_uri=file.path, parent_id=made.id, content_hash=digest(Path(file.path)),
                data={"code_sha256": code_hash, "inputs": dict(hashes), "name": file.name, "file_kind": file.kind}, **common,
            ),
            linked=[(Relation.DERIVED_FROM, made.id)],
        )  # fmt: skip
    return made
