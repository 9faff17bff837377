"""Roles: a Markdown file with frontmatter each; a desk may change them or add its own by dropping a file in."""

from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.errors import RoleError
from memory.book import first_problem
from memory.plain_yaml import read_yaml


class Persona(BaseModel):
    """How a role appears to people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    icon: str = ""
    colour: str = "white"


class Role(BaseModel):
    """Who an agent is, which tools it has, and what it is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    description: str
    tools: tuple[str, ...] = ()
    model: str = ""
    effort: str = ""
    persona: Persona
    instructions: str


def parse_role(text: str, source: str) -> Role:
    """A role from its file; no ``tools`` line means no tools.

    Raises:
        RoleError: names the file and the field that is wrong.
    """
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise RoleError(f"{source}: a role file starts with frontmatter between two lines of ---")
    try:
        fields = read_yaml(parts[1])
        if isinstance(fields, dict) and isinstance(fields.get("tools"), str):
            fields["tools"] = [name.strip() for name in fields["tools"].split(",") if name.strip()]
        return Role(**fields, instructions=parts[2].strip())
    except yaml.YAMLError as error:
        raise RoleError(f"{source}: its frontmatter is no valid YAML: mend {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        raise RoleError(f"{source}: {first_problem(error)}") from error
    except TypeError as error:
        raise RoleError(f"{source}: its frontmatter must be fields with values") from error


def roles(folder: Path | None = None) -> dict[str, Role]:
    """The five roles of the package, changed or joined by those of a desk's folder, by name."""
    found: dict[str, Role] = {}
    for entry in sorted(resources.files("agents.roles").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".md"):
            role = parse_role(entry.read_text(encoding="utf-8"), entry.name)
            found[role.name] = role
    if folder and folder.is_dir():
        for path in sorted(folder.glob("*.md")):
            role = parse_role(path.read_text(encoding="utf-8"), path.name)
            found[role.name] = role
    return found
