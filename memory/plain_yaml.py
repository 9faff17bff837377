"""YAML as the desk reads it: plain values only, through libyaml where the package brings it, which takes a tenth of the time."""

from functools import cache
from typing import Any

import yaml

MOST_OPENED = 5_000
"""What a text may open before the slower reader has it: libyaml's reader ends the process where nesting overruns its stack."""


def read_yaml(text: str) -> Any:
    """The one document of a text.

    Raises:
        yaml.YAMLError: it is none; the first line of the error says what is wrong.
    """
    return _load(text, _loader)


def read_yaml_once(text: str) -> Any:
    """``read_yaml``, where a key that stands twice is an error: the last one would win in silence.

    Raises:
        yaml.YAMLError: it is none, or names the key that stands twice.
    """
    return _load(text, _unique_keys)


def _load(text: str, made: Any) -> Any:
    opened = sum(text.count(sign) for sign in ("[", "{", "- ", "? "))
    try:
        return yaml.load(text, Loader=made(opened <= MOST_OPENED))  # noqa: S506 - they are safe loaders
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error


def _loader(quick: bool) -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader) if quick else yaml.SafeLoader


@cache
def _unique_keys(quick: bool) -> Any:
    made: Any = type("UniqueKeys", (_loader(quick),), {})
    made.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
    return made


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
        seen.add(key)
    found: dict[Any, Any] = loader.construct_mapping(node)
    return found
