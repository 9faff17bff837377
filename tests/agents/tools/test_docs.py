"""Every example of docs/quant.md runs and gives what the page shows."""

import json
import re
from pathlib import Path

import pytest

from agents.tool import call, tools

PAGE = (Path(__file__).parents[3] / "docs" / "quant.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```\nstoa tool call (\S+) '([^\n]+)'\n```\n```json\n(.+?)\n```", PAGE, re.DOTALL)


def test_the_page_has_every_quant_tool_with_an_example():
    named = {name for name in tools() if name.startswith("quant.")}
    assert set(re.findall(r"^### (\S+)$", PAGE, re.MULTILINE)) == named == {name for name, _, _ in EXAMPLES}
    assert len(EXAMPLES) == PAGE.count("stoa tool call quant.")


@pytest.mark.parametrize(("name", "arguments", "shown"), EXAMPLES, ids=[f"{i}-{name}" for i, (name, _, _) in enumerate(EXAMPLES)])
def test_an_example_gives_what_the_page_shows(name, arguments, shown):
    found = call(name, json.loads(arguments)).model_dump(mode="json")
    for field, value in json.loads(shown).items():
        same(found[field], value, field)


def same(found, shown, where):
    """Equal to the six digits shown; units are left out on the page."""
    if isinstance(shown, dict):
        assert set(found) - {"units"} == set(shown), where
        for key, value in shown.items():
            same(found[key], value, f"{where}.{key}")
    elif isinstance(shown, list):
        assert len(found) == len(shown), where
        for i, value in enumerate(shown):
            same(found[i], value, f"{where}[{i}]")
    elif isinstance(shown, float):
        assert found == pytest.approx(shown, rel=1e-5, abs=1e-9), where
    else:
        assert found == shown, where
