"""What honest scripts miss where there is no private /dev/shm and no changing of file attributes. Convenience, never a wall."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import time
from _thread import get_ident

TYPE_CHECKING = False  # typing itself takes longer to import than all the rest together
if TYPE_CHECKING:
    from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_SIZE = 64
"""Bytes, no less than a sem_t on any machine."""


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class SemLock:
    """``_multiprocessing.SemLock`` in memory that forked children share, instead of a file in /dev/shm."""

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.kind, self.maxvalue, self.name = kind, maxvalue, None if unlink else name
        self._memory = mmap.mmap(-1, _SIZE)
        self.handle = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._at = ctypes.c_void_p(self.handle)
        self._held, self._owner = 0, 0
        if _libc.sem_init(self._at, 1, value) != 0:
            raise OSError(ctypes.get_errno(), "sem_init")

    @staticmethod
    def _rebuild(*_: Any) -> SemLock:
        raise RuntimeError("locks are shared with forked processes only here: use the fork start method")

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take it; False when it cannot be had in time."""
        if self.kind == 0 and self._is_mine():
            self._held += 1
            return True
        deadline = None if timeout is None else time.time() + max(timeout, 0)
        while (answer := self._wait(block, deadline)) == errno.EINTR:
            continue
        if answer in (errno.EAGAIN, errno.ETIMEDOUT):
            return False
        if answer:
            raise OSError(answer, os.strerror(answer))
        self._held, self._owner = self._held + 1, get_ident()
        return True

    def _wait(self, block: bool, deadline: float | None) -> int:
        if not block:
            failed = _libc.sem_trywait(self._at)
        elif deadline is None:
            failed = _libc.sem_wait(self._at)
        else:
            until = _Time(int(deadline), int(deadline % 1 * 1e9))
            failed = _libc.sem_timedwait(self._at, ctypes.byref(until))
        return ctypes.get_errno() if failed else 0

    def release(self) -> None:
        """Give it back."""
        if self.kind == 0:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            if self._held > 1:
                self._held -= 1
                return
        elif self._get_value() >= self.maxvalue:
            raise ValueError("semaphore or lock released too many times")
        self._held -= 1
        if _libc.sem_post(self._at) != 0:
            raise OSError(ctypes.get_errno(), "sem_post")

    def _count(self) -> int:
        return self._held

    def _is_mine(self) -> bool:
        return self._held > 0 and self._owner == get_ident()

    def _get_value(self) -> int:
        value = ctypes.c_int()
        _libc.sem_getvalue(self._at, ctypes.byref(value))
        return value.value

    def _is_zero(self) -> bool:
        return self._get_value() == 0

    def _after_fork(self) -> None:
        self._held = 0

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def install(root: str) -> None:
    """Put them in place; ``root`` is the run's own folder."""
    import _multiprocessing  # type: ignore[import-not-found]  # the interpreter's own, without stubs

    for name in ("SemLock", "sem_unlink"):
        setattr(_multiprocessing, name, SemLock if name == "SemLock" else lambda _: None)
    for name in ("chmod", "chown", "utime"):
        setattr(os, name, _within(root, getattr(os, name)))
        os.supports_follow_symlinks.add(getattr(os, name))  # as the real ones are; shutil asks


def _within(root: str, real: Any) -> Any:
    """A call that does nothing to the run's own files, whose modes and times matter to nobody, and is real for all others."""

    def call(path: Any, *arguments: Any, **options: Any) -> Any:
        place = f"/proc/self/fd/{path}" if isinstance(path, int) else os.fsdecode(path)
        if os.path.realpath(place).startswith(root + "/"):
            return None
        return real(path, *arguments, **options)

    return call
