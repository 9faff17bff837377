"""YAML is read quickly, and nothing that stands in a file ends the process."""

import pytest
import yaml

from memory.plain_yaml import MOST_OPENED, read_yaml, read_yaml_once


@pytest.mark.parametrize("text", ["[" * 200_000, "{a: " * 200_000, "- " * 200_000, "? " * 200_000], ids="[{-?")
def test_what_is_nested_beyond_reason_is_an_error_and_not_the_end_of_the_process(text):
    with pytest.raises(yaml.YAMLError):
        read_yaml(text)


def test_a_long_list_is_read_whichever_reader_has_it():
    for count in (10, MOST_OPENED + 1):
        assert read_yaml("- a\n" * count) == ["a"] * count


def test_a_key_that_stands_twice_is_named_with_its_line():
    with pytest.raises(yaml.YAMLError, match=r"'name' stands twice[\s\S]*line 3"):
        read_yaml_once("name: a\nother:\nname: b\n")
    assert read_yaml("name: a\nname: b\n") == {"name": "b"}
