"""Landlock and seccomp, entered by the process itself through ctypes; what is entered cannot be left."""

from __future__ import annotations

import ctypes
import os
import stat
import struct

TYPE_CHECKING = False  # typing itself takes longer to import than all the rest together
if TYPE_CHECKING:
    from typing import Any

CREATE, ADD, RESTRICT = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in range(6, 16))
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NO_NEW_PRIVILEGES, _SECCOMP, _SECCOMP_FILTER, _DEATH_SIGNAL, _SUBREAPER = 38, 22, 2, 1, 36
OWN_PID = 0x7ABCDEF1
"""Stands in a filter for the pid of the process that enters it."""

_libc = ctypes.CDLL(None, use_errno=True)


def _call(*arguments: Any) -> int:
    answer: int = _libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer


def _prctl(option: int, value: Any, extra: Any = 0) -> None:
    if _libc.prctl(option, value if not isinstance(value, int) else ctypes.c_ulong(value), extra, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def abi() -> int:
    """The version of Landlock this kernel speaks; 0 when it has none."""
    answer: int = _libc.syscall(ctypes.c_long(CREATE), None, ctypes.c_long(0), ctypes.c_long(1))
    return max(answer, 0)


def adopt_orphans() -> None:
    """Become the parent of every orphan among the descendants."""
    _prctl(_SUBREAPER, 1)


def die_with_parent() -> None:
    """Be killed when the parent dies."""
    _prctl(_DEATH_SIGNAL, 9)


def restrict(version: int, grants: list[tuple[str, int]], *, files: bool, network: bool, scope: bool) -> None:
    """Enter a Landlock domain.

    Args:
        version: of Landlock; decides which rights the kernel knows.
        grants: path and rights; a path that is not there is passed over.
        files: bound file access to the grants.
        network: no TCP (from version 4 on).
        scope: no signals and no abstract sockets to outside the domain (from version 6 on).
    """
    known = (1 << _FS_BITS.get(version, 16)) - 1
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("=QQQ", known if files else 0, 3 if network and version >= 4 else 0, 3 if scope and version >= 6 else 0)
    ruleset = _call(CREATE, ctypes.create_string_buffer(attributes[:size], size), size, 0)
    for path, rights in grants if files else []:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        here = rights & known if stat.S_ISDIR(os.fstat(fd).st_mode) else rights & known & ON_FILES
        _call(ADD, ruleset, 1, ctypes.create_string_buffer(struct.pack("=Qi", here, fd), 12), 0)
        os.close(fd)
    _prctl(_NO_NEW_PRIVILEGES, 1)
    _call(RESTRICT, ruleset, 0)
    os.close(ruleset)


def filter_calls(program: bytes) -> None:
    """Enter a system call filter."""
    program = program.replace(struct.pack("=I", OWN_PID), struct.pack("=I", os.getpid()))
    buffer = ctypes.create_string_buffer(program, len(program))

    class _Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    whole = _Program(len(program) // 8, ctypes.addressof(buffer))
    _prctl(_NO_NEW_PRIVILEGES, 1)
    _prctl(_SECCOMP, _SECCOMP_FILTER, ctypes.byref(whole))


def enter(spec: dict[str, Any]) -> None:
    """The worker's walls: its own Landlock domain inside the keeper's, then the filter."""
    if spec["landlock"]:
        grants = [*spec["grants"], *((f"/proc/{os.getpid()}/{name}", READ_FILE | READ_DIR) for name in spec["own"])]
        bounds = {name: name in spec["landlock"] for name in ("files", "network", "scope")}
        restrict(spec["version"], grants, **bounds)
    if spec["filter"]:
        filter_calls(spec["filter"])
