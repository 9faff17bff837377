"""Hooks of the packages that are installed beside Stoa: entry points of the group ``stoa.hooks``, and nothing of the desk's folder."""

import sysconfig
from functools import cache
from importlib.metadata import EntryPoint, distributions
from importlib.util import find_spec
from pathlib import Path

from agents.hooks import Hook, Hooks
from memory.errors import InputError

GROUP = "stoa.hooks"


def installed_hooks(desk: Path, site: tuple[Path, ...] = ()) -> Hooks:
    """Every hook, by name.

    Args:
        desk: the desk's folder: what lies in it is material, and never run.
        site: folders of installed packages; this interpreter's own when empty.

    Raises:
        InputError: one cannot be loaded. It may be what protects, so nothing goes on without it.
    """
    places = site or tuple(dict.fromkeys(Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")))
    found = _entries(places)
    return Hooks([_loaded(name, found[name, value], desk.resolve(), places) for name, value in sorted(found)])


@cache
def _entries(places: tuple[Path, ...]) -> dict[tuple[str, str], EntryPoint]:
    """What is installed when it is first asked for: the metadata of every package is read for it."""
    found: dict[tuple[str, str], EntryPoint] = {}
    for item in distributions(path=[str(place) for place in places]):
        for entry in item.entry_points.select(group=GROUP):
            found[f"{entry.name} of {item.metadata['Name']}", entry.value] = entry
    return found


def _loaded(name: str, entry: EntryPoint, desk: Path, places: tuple[Path, ...]) -> Hook:
    mend = "mend or uninstall its package"
    origin = _origin(entry.module)
    if origin and origin.is_relative_to(desk) and not any(origin.is_relative_to(place) for place in places):
        raise InputError(f"the hook {name} would be loaded from the desk's folder ({origin}): {mend}, or start Stoa from elsewhere")
    try:
        made = entry.load()
    except Exception as error:
        # The edge to code that is not ours.
        raise InputError(f"the hook {name} cannot be loaded ({error}): {mend}") from error
    parts = {part: getattr(made, part, None) for part in ("before_tool", "after_tool")}
    if not any(callable(part) for part in parts.values()):
        raise InputError(f"the hook {name} has neither before_tool nor after_tool: {mend}")
    return Hook(name, parts["before_tool"], parts["after_tool"])


def _origin(module: str) -> Path | None:
    """The file that a module's package would be loaded from."""
    spec = find_spec(module.partition(".")[0])
    where = spec and (spec.origin or next(iter(spec.submodule_search_locations or ()), None))
    return Path(where).resolve() if where else None
