"""Writing a rule of the permissions into stoa.toml, first in the list, and nothing else: checked by reading the file again."""

import re
import tomllib
from pathlib import Path
from typing import Any

from memory.errors import InputError
from orchestrator.tool_permissions import parse_rule


def add_rule(path: Path, rule: str) -> None:
    """Put a rule first among ``[permissions] rules``; one that stands there already is not written twice.

    Raises:
        InputError: the file cannot be changed safely; it is as it was, and the sentence says what to write by hand.
    """
    parse_rule(rule)
    text = path.read_text(encoding="utf-8")
    before = tomllib.loads(text)
    rules = list(before.get("permissions", {}).get("rules", []))
    if rule in rules:
        return
    wanted = {**before, "permissions": {**before.get("permissions", {}), "rules": [rule, *rules]}}
    changed = _with_rule(text, rule, has_table="permissions" in before, has_rules="rules" in before.get("permissions", {}))
    if _read(changed) != wanted:
        raise InputError(f'{path.name} could not be changed safely: write "{rule}" first into rules of [permissions] yourself')
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(changed, encoding="utf-8")
    beside.replace(path)


def _with_rule(text: str, rule: str, *, has_table: bool, has_rules: bool) -> str:
    if not has_table:
        return f'{text.rstrip()}\n\n[permissions]\nrules = [\n    "{rule}",\n]\n'
    if not has_rules:
        return re.sub(
            r"(?m)^(\[permissions\][^\n]*\n?)", lambda found: f'{found[1].rstrip()}\nrules = [\n    "{rule}",\n]\n', text, count=1
        )
    pattern = r"(?ms)^(\[permissions\][^\n]*\n(?:(?!^\[).)*?^\s*rules\s*=\s*\[)"
    return re.sub(pattern, lambda found: f'{found[1]}\n    "{rule}",', text, count=1)


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
