"""Root's children have given up its rights, whichever command takes them away."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.sandbox import spawner

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")

READ = "print(open('/proc/self/status').read())"


def rights_of_a_child(user):
    ours, theirs = os.pipe()
    try:
        process = spawner.start([sys.executable, "-I", "-S", "-c", READ], {}, spawner.Streams(theirs, theirs, ()), user)
        os.close(theirs)
        with open(ours, closefd=False, encoding="utf-8") as file:
            lines = file.read()
        assert process.wait() == 0, lines
    finally:
        os.close(ours)
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines.splitlines())}


def check(rights, user):
    assert rights["Uid"] == rights["Gid"] == [str(user)] * 4
    assert rights["Groups"] == []
    assert [rights[f"Cap{kind}"] for kind in ("Prm", "Eff", "Amb")] == [["0" * 16]] * 3
    assert rights["Umask"] == ["0022"]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed: it comes with util-linux")
def test_by_setpriv():
    assert spawner._setpriv() is not None
    user = spawner.free_user()
    check(rights_of_a_child(user), user)


def test_by_the_interpreter_where_there_is_no_setpriv(monkeypatch):
    monkeypatch.setattr(spawner, "_setpriv", lambda: None)
    user = spawner.free_user()
    check(rights_of_a_child(user), user)


def test_a_setpriv_that_knows_fewer_options_is_not_used(monkeypatch, tmp_path):
    small = tmp_path / "setpriv"
    small.write_text("#!/bin/sh\necho unrecognised option >&2\nexit 1\n", encoding="utf-8")
    small.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert spawner._setpriv.__wrapped__() is None


def test_a_large_process_is_not_copied(tmp_path):
    """The start is by vfork: no child of ours is seen with our own memory."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    code = "from integrations.sandbox import spawner; spawner._setpriv(); spawner.start(['/bin/true'], {}, spawner.Streams(1, 2, ()), 61200).wait()"
    log = tmp_path / "calls"
    subprocess.run(
        [strace, "-f", "-e", "trace=process", "-o", str(log), sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3]
    )
    started = [line for line in log.read_text(encoding="utf-8").splitlines() if "execve" in line and "setpriv" in line]
    assert started
    forks = [line for line in log.read_text(encoding="utf-8").splitlines() if "fork(" in line or "clone" in line]
    assert not any("SIGCHLD" in line and "CLONE_VFORK" not in line and "vfork" not in line for line in forks), forks
