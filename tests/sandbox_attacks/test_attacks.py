"""Each attack is contained with the right reason, each honest script works: in both tiers, as root, as a user, in a container."""

import os
import time
from pathlib import Path

import pytest

from tests.sandbox_attacks.conftest import FULL, SETTINGS, outcome, reason_not_to

HERE = Path(__file__).parent
ATTACKS = sorted(path.stem for path in (HERE / "attacks").glob("*.py"))
HONEST = sorted(path.stem for path in (HERE / "honest").glob("*.py"))


def in_setting(name):
    reason = reason_not_to(name)
    if reason:
        pytest.skip(reason)
    return outcome(name)


def test_the_suite_is_as_large_as_it_promises():
    assert len(ATTACKS) >= 60
    assert len(HONEST) >= 15


@pytest.mark.parametrize("script", ATTACKS)
@pytest.mark.parametrize("setting", FULL)
def test_an_attack_is_contained_with_the_right_reason(setting, script):
    assert in_setting(setting)["found"]["attacks"][script]["problems"] == []


@pytest.mark.parametrize("script", HONEST)
@pytest.mark.parametrize("setting", FULL)
def test_an_honest_script_works(setting, script):
    assert in_setting(setting)["found"]["honest"][script]["problems"] == []


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_uses_the_tier_it_should_and_leaves_no_folder(setting):
    found = in_setting(setting)
    tier = "bubblewrap" if "bubblewrap" in setting else "landlock"
    for folder in found["found"].values():
        assert {answer["tier"] for answer in folder.values()} == {tier}
        assert [name for name, answer in folder.items() if answer["problems"]] == []
    assert found["left"] == []
    assert (found["uid"] == 0) == ("root" in setting)


def test_no_process_of_any_run_is_alive():
    def alive():
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = Path(f"/proc/{name}/cmdline").read_bytes()
                state, parent = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:2]
                owner = Path(f"/proc/{name}").stat().st_uid
            except OSError:
                continue
            # Who was left behind is init's; those of a run that goes on beside this test have a parent.
            if b"marshal.loads(f.read())" in words and state != "Z" and parent == "1" and owner >= 61_184:
                found.append(name)
        return found

    for setting in SETTINGS:
        if not reason_not_to(setting):
            outcome(setting)
    deadline = time.monotonic() + 5
    left = alive()
    while left and time.monotonic() < deadline:
        left = [name for name in left if name in alive()]
    assert left == []
