"""Making a desk: an empty one, or a copy of an example that comes with the package."""

import shutil
from importlib import resources
from pathlib import Path

from memory.errors import InputError

SETTINGS = """\
# Settings of this desk. Everything has a default; see docs/settings.md.
[desk]
name = "{name}"
"""


def make_desk(folder: Path, example: str = "") -> Path:
    """Make ``folder`` a desk.

    Raises:
        InputError: it is one already, it is not empty, or there is no such example.
    """
    if (folder / "stoa.toml").exists():
        raise InputError(f"{folder} is a desk already: use it with --desk {folder}, or name another folder")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: name a new one")
    if example:
        _copy_example(example, folder)
    else:
        for name in ("theses", "sources", "data"):
            (folder / name).mkdir(parents=True)
        (folder / "stoa.toml").write_text(SETTINGS.format(name=folder.resolve().name), encoding="utf-8")
    return folder.resolve()


def examples() -> list[str]:
    """The examples that come with the package."""
    root = resources.files("integrations.examples")
    return sorted(item.name for item in root.iterdir() if item.is_dir() and item.joinpath("stoa.toml").is_file())


def _copy_example(name: str, folder: Path) -> None:
    if name not in examples():
        raise InputError(f"there is no example {name!r}: there is {', '.join(examples())}")
    with resources.as_file(resources.files("integrations.examples").joinpath(name)) as source:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
