"""What the keeper does with requests for signals: for its own descendants, at once, whatever is asked and whoever reads along."""

import errno
import os
import signal
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations.sandbox.inside import signals

if sys.platform != "linux":
    pytest.skip("the keeper is for Linux", allow_module_level=True)


class Asking:
    """A script's side of the pipe and of the page, as a script that uses them by hand has it."""

    def __init__(self):
        self.requests = signals.Requests(kin_only=True)
        self.pipe = os.dup(self.requests._outgoing)
        self.requests.receive()

    def ask(self, who, number, place=7):
        os.write(self.pipe, struct.pack("=iiH", who, number, place))
        assert self.requests.serve()
        return self.requests._answers[place % 4096]


@pytest.fixture
def asking(monkeypatch):
    monkeypatch.setattr(signals, "_BUDGET", float("inf"))  # of a keeper's life, which a test process has outlived
    made = Asking()
    yield made
    os.close(made.pipe)


def test_a_descendant_gets_the_signal_and_nobody_else_does(asking):
    with subprocess.Popen(["sleep", "30"]) as child:
        assert asking.ask(child.pid, 0) == 0
        assert asking.ask(child.pid, 999) == errno.EINVAL
        assert asking.ask(child.pid, signal.SIGTERM, place=65535) == 0
        assert child.wait(5) == -signal.SIGTERM
    assert asking.ask(child.pid, 0) == errno.ESRCH
    for other in (os.getpid(), os.getppid(), 1, 0, -1, -(2**31)):
        assert asking.ask(other, 0) == errno.EPERM


def test_a_group_of_the_family_gets_the_signal(asking):
    with subprocess.Popen(["sleep", "30"], process_group=0) as leader, subprocess.Popen(["sleep", "30"], process_group=leader.pid) as other:
        assert asking.ask(-leader.pid, 999) == errno.EINVAL
        assert asking.ask(-leader.pid, 0) == 0
        assert asking.ask(-leader.pid, signal.SIGKILL) == 0
        assert [leader.wait(5), other.wait(5)] == [-signal.SIGKILL] * 2


def test_a_request_that_another_has_read_first_holds_nobody_up(asking):
    with ThreadPoolExecutor(1) as thread:
        answered = thread.submit(asking.requests.serve)
        try:
            assert answered.result(5) is True
        finally:
            os.write(asking.pipe, b"x")  # so that a thread that waits ends


@pytest.mark.parametrize("words", [b"x", b""])
def test_broken_words_and_the_end_of_words_end_the_service_and_refuse_who_waits(words):
    asking = Asking()
    os.write(asking.pipe, words)
    os.close(asking.pipe)
    assert asking.requests.serve() is False
    assert set(asking.requests._answers[:]) == {errno.EPERM}


def test_a_keeper_that_has_worked_enough_for_others_listens_no_more(asking, monkeypatch):
    monkeypatch.setattr(signals, "_BUDGET", 0.0)
    assert asking.requests.serve() is False
    with pytest.raises(BrokenPipeError):
        os.write(asking.pipe, bytes(10))
