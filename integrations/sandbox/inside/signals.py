"""Signals within the family where the filter lets nobody send one (before Linux 6.12): the keeper sends them for whoever asks.

Asking is convenience for honest scripts. Whom the keeper signals is a wall: its own descendants and nobody else. It takes
hold of a process before it looks who that is, so a pid that changes hands meanwhile leads nowhere.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the module without underscore brings enums, which take longer than the keeper has
import errno
import mmap
import os
import struct
import time

TYPE_CHECKING = False  # typing itself takes longer to import than all the rest together
if TYPE_CHECKING:
    from typing import Any

_RECORD = struct.Struct("=iiH")
"""Pid or minus a process group, signal, and the place on the page for the answer."""
_PLACES = 4096
_PENDING = 255
"""Stands where an answer will: an error number, or 0."""
_PATIENCE = 5.0
"""Seconds that somebody waits for an answer; the keeper takes a fraction of a millisecond."""
_BUDGET = 1.0
"""Seconds of processor time, start included, after which the keeper listens no more: its time is in no limit of the run."""
_DEEPEST, _LOOKS, _ROUNDS = 512, 3, 16


class Requests:
    """A pipe for requests and a page for answers, shared by the keeper and all that are forked from its worker."""

    def __init__(self, *, kin_only: bool) -> None:
        """Made by the keeper before the worker is forked; only a test says that it may signal others."""
        self.incoming, self._outgoing = os.pipe()
        self._answers = mmap.mmap(-1, _PLACES)
        self._kin_only = kin_only
        state = os.fstat(self._outgoing)
        self._pipe = (state.st_dev, state.st_ino)

    def receive(self) -> None:
        """The keeper's side from now on."""
        os.close(self._outgoing)
        os.set_blocking(self.incoming, False)

    def serve(self) -> bool:
        """Do what one request says; False when there will be no more. No request can make this fail or wait."""
        if time.process_time() > _BUDGET:
            return self._stop()
        try:
            request = os.read(self.incoming, _RECORD.size)
        except BlockingIOError:
            return True  # a script has opened the pipe anew and read it before
        if len(request) < _RECORD.size:
            return self._stop()
        who, number, place = _RECORD.unpack(request)
        try:
            self._send(who, number)
            answer = 0
        except OSError as error:
            answer = error.errno if error.errno in (errno.ESRCH, errno.EINVAL) else errno.EPERM
        self._answers[place % _PLACES] = answer
        return True

    def _stop(self) -> bool:
        os.close(self.incoming)
        self._answers[:] = bytes([errno.EPERM]) * _PLACES
        return False

    def _send(self, who: int, number: int) -> None:
        if who > 0:
            self._send_one(who, number)
            return
        reached = set[int]()
        for _ in range(_ROUNDS):
            found = _members(-who) - reached
            for pid in sorted(found, key=lambda pid: len(_line(pid))):  # nobody sees a child of theirs die of it first
                try:
                    self._send_one(pid, number)
                except (ProcessLookupError, PermissionError):
                    continue  # it ended by itself, or its parents are changing: the next round sees it again
                reached.add(pid)
            if not found:
                break  # who was forked in one round is told in the next
        if not reached:
            raise PermissionError(errno.EPERM, "no group of this family")

    def _send_one(self, pid: int, number: int) -> None:
        held = os.pidfd_open(pid)
        try:
            allowed = _is_kin(pid) or not self._kin_only
            signal.pidfd_send_signal(held, number if allowed else 0)  # fails when the one that was held has gone
        finally:
            os.close(held)
        if not allowed:
            raise PermissionError(errno.EPERM, "not of this family")

    def install(self) -> None:
        """The worker's side: the calls by which subprocess, multiprocessing and scripts send signals ask when they are refused."""
        os.close(self.incoming)
        real_kill, real_killpg, real_raise = os.kill, os.killpg, signal.raise_signal

        def or_ask(real: Any, arguments: tuple[int, ...], who: int) -> None:
            try:
                real(*arguments)
            except PermissionError:
                answer = self._ask(who, arguments[-1])
                if answer == errno.EPERM:
                    raise
                if answer:
                    raise OSError(answer, os.strerror(answer)) from None

        def kill(pid: int, number: int, /) -> None:
            or_ask(real_kill, (pid, number), pid)

        def killpg(group: int, number: int, /) -> None:
            or_ask(real_killpg, (group, number), -group)

        def raise_signal(number: int, /) -> None:
            or_ask(real_raise, (number,), os.getpid())

        for module, function in ((os, kill), (os, killpg), (signal, raise_signal)):
            name = function.__name__
            function.__module__, function.__qualname__ = module.__name__, name  # by which it is pickled
            setattr(module, name, function)

    def _ask(self, pid: int, number: int) -> int:
        """What the keeper answers; EPERM when it does not."""
        place = int.from_bytes(os.urandom(2), "big") % _PLACES
        self._answers[place] = _PENDING
        try:
            state = os.fstat(self._outgoing)
            if (state.st_dev, state.st_ino) != self._pipe:
                return errno.EPERM  # the script closed it, and opened something else
            os.write(self._outgoing, _RECORD.pack(pid, number, place))
        except OSError:
            return errno.EPERM
        deadline = time.monotonic() + _PATIENCE
        while self._answers[place] == _PENDING:
            if time.monotonic() > deadline:
                return errno.EPERM
            time.sleep(0.0001)
        return self._answers[place]


def _parent_and_group(pid: int) -> tuple[int, int]:
    """Of a process; zeros when it has gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return int(fields[1]), int(fields[2])
    except (OSError, IndexError, ValueError):
        return 0, 0


def _members(group: int) -> set[int]:
    """Who of the family is in a process group."""
    pids = map(int, filter(str.isdigit, os.listdir("/proc")))
    return {pid for pid in pids if _parent_and_group(pid)[1] == group and _is_kin(pid)}


def _line(pid: int) -> list[int]:
    """A process's ancestors up to this one; empty when the way leads elsewhere."""
    own, found = os.getpid(), list[int]()
    while len(found) < _DEEPEST and (pid := _parent_and_group(pid)[0]) > 1:
        found.append(pid)
        if pid == own:
            return found
    return []


def _is_kin(pid: int) -> bool:
    """Whether a process descends from this one.

    Two readings that agree prove it: an ancestor that died between them, and whose pid went to somebody else, has left
    its children to another parent.
    """
    for _ in range(_LOOKS):
        line = _line(pid)
        if line and line == _line(pid):
            return True
    return False
