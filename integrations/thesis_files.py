"""Thesis files: YAML that people write, read with one clear sentence for each mistake."""

import difflib
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path

import yaml
from pydantic import ValidationError

from memory.book import first_problem
from memory.errors import InputError
from memory.observation import SeriesInfo
from memory.plain_yaml import read_yaml_once
from memory.rules import check, parse
from memory.thesis import Thesis


def parse_thesis(text: str, name: str) -> Thesis:
    """A thesis from the text of its file.

    Raises:
        InputError: what is wrong, where, and how to mend it.
    """
    try:
        raw = read_yaml_once(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise InputError(
            f"{name} is no valid YAML{where}: {getattr(error, 'problem', '') or str(error).splitlines()[0] or 'mend it'}"
        ) from error
    if not isinstance(raw, dict):
        raise InputError(f"{name} holds no fields: start from another thesis file")
    for field in raw:
        if field not in Thesis.model_fields:
            near = difflib.get_close_matches(str(field), Thesis.model_fields, 1)
            hint = f"did you mean {near[0]}?" if near else "remove it"
            raise InputError(f"{name}: there is no field {field!r}: {hint}")
    try:
        return Thesis.model_validate(raw)
    except ValidationError as error:
        raise InputError(f"{name}: {first_problem(error)}") from error


def check_rules(thesis: Thesis, infos: Mapping[str, SeriesInfo]) -> None:
    """Hold every rule of a thesis against the series there are.

    Raises:
        InputError: names the signal, falsifier or forecast whose rule is wrong.
    """
    measures = {measure.name for measure in thesis.measures}
    named = [*((item.name, item.rule) for item in thesis.signals), *((item.name, item.rule) for item in thesis.falsifiers),
             *((item.name, item.rule) for item in thesis.forecasts if item.rule)]  # fmt: skip
    for name, text in named:
        try:
            rule = parse(text)
            check(rule, infos)
        except InputError as error:
            raise InputError(f"{thesis.slug}, {name}: {error}") from error
        unknown = sorted(rule.facts - measures)
        if unknown:
            raise InputError(f"{thesis.slug}, {name}: no measure is called {unknown[0]!r}: add it under measures")


def dump_thesis(thesis: Thesis) -> str:
    """A thesis as a file that reads back equal; what the desk keeps for itself is left out."""
    raw = thesis.model_dump(mode="json", exclude_defaults=True, exclude={"applied"})
    return yaml.safe_dump(raw, allow_unicode=True, sort_keys=False, width=110)


def effective(thesis: Thesis, now: datetime) -> datetime:
    """Since when the desk holds a thesis: the day it was opened, else now."""
    return datetime.combine(thesis.opened, time(12), tzinfo=UTC) if thesis.opened else now


def thesis_paths(folder: Path) -> list[Path]:
    """The thesis files of a folder, by name."""
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
