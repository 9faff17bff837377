"""A rule that a person gives for good is written into stoa.toml, and nothing else is."""

import tomllib

import pytest

from integrations.permission_file import add_rule
from memory.errors import InputError

RULE = f"quant.remember(sha256:{'a' * 64}) -> allow"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", []),
        ('[desk]\nname = "a"  # mine\n', []),
        ("[permissions]\n[desk]\nname = 'b'\n", []),
        ("[permissions] # what agents may do", []),
        ('[permissions]\nrules = []\n[model]\nname = "x"\n', []),
        (
            '[permissions]\nrules = ["*.remember(text=a]b) -> ask", # why\n  "*.x.y(*) -> deny"]\n',
            ["*.remember(text=a]b) -> ask", "*.x.y(*) -> deny"],
        ),
        ('[model]\nrules = 1\n[permissions]\n# rules = [ no ]\n  rules=[\n"*.x.y(*) -> deny",\n]\n', ["*.x.y(*) -> deny"]),
    ],
)
def test_the_rule_comes_first_and_the_rest_of_the_file_stays(tmp_path, text, after):
    path = tmp_path / "stoa.toml"
    path.write_text(text, encoding="utf-8")
    add_rule(path, RULE)
    add_rule(path, RULE)
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    assert read.pop("permissions")["rules"] == [RULE, *after]
    before = tomllib.loads(text)
    before.pop("permissions", None)
    assert read == before
    comments = [line[line.index("#") :] for line in text.splitlines() if "#" in line]
    assert all(comment in path.read_text(encoding="utf-8") for comment in comments)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["permissions = {rules = []}\n", "[ permissions ]\nrules = []\n", "permissions.rules = []\n"])
def test_a_file_that_cannot_be_changed_safely_stays_as_it_is(tmp_path, text):
    path = tmp_path / "stoa.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="yourself"):
        add_rule(path, RULE)
    assert path.read_text(encoding="utf-8") == text


def test_what_is_no_rule_is_never_written(tmp_path):
    path = tmp_path / "stoa.toml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(InputError):
        add_rule(path, 'x"]\n[model]\nname = "y')
    assert path.read_text(encoding="utf-8") == ""
