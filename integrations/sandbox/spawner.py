"""Starting processes as nobody in particular, from one thread that lives as long as this process.

A child is told of its parent's death by *thread*, so one long-lived thread starts them all. As root that thread also has a
mount namespace of its own, in which the interpreter can be reached by an unprivileged user, and every child gets a user id
that nobody else has.
"""

import ctypes
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from agents.errors import SandboxRefusedError
from integrations.sandbox.program import interpreter_roots

FIRST_USER, LAST_USER = 61_184, 65_519
"""Ids that distributions leave for users made at run time (systemd's range)."""
_NEW_NAMESPACE, _SLAVE, _RECURSIVE, _BIND = 0x00020000, 1 << 19, 1 << 14, 1 << 12
_REACHABLE = 0o001


class Streams(NamedTuple):
    """What a child is started with besides its command: its own ends of pipes, and what else it inherits."""

    stdout: int
    stderr: int
    inherited: tuple[int, ...]


def start(command: Sequence[str], environment: Mapping[str, str], streams: Streams, user: int | None) -> "subprocess.Popen[bytes]":
    """Start a command; as ``user`` when one is given.

    Raises:
        SandboxRefusedError: root cannot make the interpreter reachable for an unprivileged user here.
        OSError: the command cannot be started.
    """
    return _thread().submit(_start, command, environment, streams, user).result()


def _start(command: Sequence[str], environment: Mapping[str, str], streams: Streams, user: int | None) -> "subprocess.Popen[bytes]":
    itself: dict[str, Any] = {}
    if user is not None:
        _make_reachable()
        if drops := _setpriv():
            command = [drops, f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *command]
        else:
            itself = {"user": user, "group": user, "extra_groups": []}
    return subprocess.Popen(  # noqa: S603 - our own command
        command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=streams.stdout, stderr=streams.stderr, cwd="/",
        pass_fds=streams.inherited, umask=0o022, **itself,
    )  # fmt: skip


@cache
def _setpriv() -> str | None:
    """The command that drops root's rights, where there is one that can.

    When Python drops them it copies its own page tables first: 25 ms in a process of 300 MB. This takes one.
    """
    found = shutil.which("setpriv")
    if found is None:
        return None
    nobody = [found, f"--reuid={FIRST_USER}", f"--regid={FIRST_USER}", "--clear-groups", "--", found, "--version"]
    tried = subprocess.run(nobody, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - our own command
    return None if tried.returncode else found  # a smaller system's own command knows fewer options


def reach() -> None:
    """Let whoever is started from now on reach the interpreter, as root's children that drop their rights later need."""
    if os.geteuid() == 0:
        _thread().submit(_make_reachable).result()


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-spawner")


def free_user() -> int | None:
    """A user id that no process and no account has, when we are root; None when we are somebody already."""
    if os.geteuid() != 0:
        return None
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                taken.add(os.stat(f"/proc/{name}").st_uid)
            except FileNotFoundError:
                continue
    offset = int.from_bytes(os.urandom(4), "big")
    span = LAST_USER - FIRST_USER + 1
    for step in range(span):
        candidate = FIRST_USER + (offset + step) % span
        if candidate not in taken:
            return candidate
    raise SandboxRefusedError("every user id from 61184 to 65519 is taken: end some of their processes, or run Stoa as an ordinary user")


def closed_folder(path: str) -> str | None:
    """The topmost folder on the way to ``path`` that others may not enter; None when all may."""
    for folder in [*reversed(Path(path).parents), Path(path)]:
        if not folder.stat().st_mode & _REACHABLE:
            return str(folder)
    return None


@cache
def _make_reachable() -> None:
    """Show the interpreter's folders through closed ones, in this thread's own view of the file system only."""
    hidden: dict[str, list[str]] = {}
    for root in interpreter_roots():
        closed = closed_folder(root)
        if closed == root:
            raise SandboxRefusedError(f"the interpreter in {root} is readable by root alone: chmod o+rx {root}, or run Stoa as its owner")
        if closed:
            hidden.setdefault(closed, []).append(root)
    if not hidden:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NAMESPACE) != 0:
        folder = next(iter(hidden))
        raise SandboxRefusedError(
            f"root may not change mounts here, and the interpreter lies in {folder}, which others may not enter: "
            f"chmod o+x {folder}, install Python under /usr/local, or run Stoa as an ordinary user"
        )
    _mount(libc, "none", "/", "", _SLAVE | _RECURSIVE)
    for closed, roots in hidden.items():
        kept = [(root, os.open(root, os.O_PATH)) for root in roots]
        _mount(libc, "tmpfs", closed, "tmpfs", 0, "size=1m,mode=0755")
        for root, fd in kept:
            Path(root).mkdir(parents=True)
            _mount(libc, f"/proc/thread-self/fd/{fd}", root, "", _BIND | _RECURSIVE)
            os.close(fd)


def _mount(libc: ctypes.CDLL, source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    if libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode() or None) != 0:
        number = ctypes.get_errno()
        raise SandboxRefusedError(f"cannot mount {target} for the sandbox ({os.strerror(number)}): run Stoa as an ordinary user")
