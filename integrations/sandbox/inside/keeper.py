"""The keeper: parent of a worker that has no pid namespace. When the worker ends, or the supervisor goes, nobody of its family lives.

It stands in a Landlock domain of its own, which only bounds signals; the worker's domain lies inside it. So the keeper can
kill "everybody" and the kernel makes that mean the family, in one step that no fork can slip through; and the family cannot
touch the keeper.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the module without underscore brings enums, which take longer than the keeper has
import marshal
import os
import resource
import select
import time

TYPE_CHECKING = False  # typing itself takes longer to import than all the rest together
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def main(spec: dict[str, Any], modules: dict[str, ModuleType]) -> None:
    """Fork the worker, wait, end its family, report, and remove the run's folder if nobody else is left to do it."""
    walls = modules["walls"]
    walls.adopt_orphans()
    if spec["keeper_scope"]:
        walls.restrict(spec["version"], [], files=False, network=False, scope=True)
    scoped = spec["keeper_scope"] and _cannot_signal(spec["supervisor"])
    requests = modules["signals"].Requests(kin_only=spec["kin_only"]) if "signals" in modules else None
    child = os.fork()
    if child == 0:
        if requests:
            requests.install()
        os.close(spec["alive"])
        os.close(spec["report"])
        os.setsid()
        walls.die_with_parent()
        modules["worker"].main(spec, modules)
        return
    os.close(spec["control"])
    os.close(1)
    os.close(2)
    if requests:
        requests.receive()
    status, abandoned = _wait(child, spec["alive"], requests)
    _end_family(scoped=scoped)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if abandoned:
        remove_tree(spec["root"])
    else:
        os.write(spec["report"], marshal.dumps((status, used.ru_utime + used.ru_stime)))
    os._exit(0)


def _cannot_signal(pid: int) -> bool:
    """Proof that the domain holds, before "everybody" is killed."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return False


def _wait(child: int, alive: int, requests: Any) -> tuple[int, bool]:
    """The child's wait status, and whether the supervisor went away first. Orphans are reaped as they die, signals sent as asked."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    poller = select.poll()
    poller.register(woken, select.POLLIN)
    poller.register(alive, select.POLLIN | select.POLLHUP)
    asked = requests.incoming if requests else -1
    if requests:
        poller.register(asked, select.POLLIN | select.POLLHUP)
    while True:
        while (gone := os.waitpid(-1, os.WNOHANG))[0]:
            if gone[0] == child:
                return gone[1], False
        ready = {number for number, _ in poller.poll()}
        if alive in ready:
            told = os.read(alive, 1) == b"x"
            return int(signal.SIGKILL), not told
        if woken in ready:
            os.read(woken, 4096)
        if asked in ready and not requests.serve():
            poller.unregister(asked)


def _end_family(*, scoped: bool) -> None:
    """Kill until there is no child left to wait for; orphans are the keeper's children."""
    while True:
        try:
            if scoped:
                os.kill(-1, signal.SIGKILL)
            for pid in [] if scoped else _descendants():
                os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself
        try:
            while True:
                pid, _ = os.waitpid(-1, 0 if scoped else os.WNOHANG)
                if pid == 0:
                    time.sleep(0.001)
                    break
        except ChildProcessError:
            return


def _descendants() -> list[int]:
    """Pids of the family, found by parent."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue
    family, own = set[int](), os.getpid()
    grown = True
    while grown:
        new = {pid for pid, parent in parents.items() if pid not in family and (parent == own or parent in family)}
        family |= new
        grown = bool(new)
    return sorted(family)


def remove_tree(root: str) -> None:
    """Remove a folder whatever is in it: links are not followed, and depth costs nothing, because folders are raised first."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    count = 0
    try:
        while names := os.listdir(fd):
            for name in names:
                try:
                    os.unlink(name, dir_fd=fd)
                except (IsADirectoryError, PermissionError):
                    count = _raise_folders(fd, name, count)
                    os.rmdir(name, dir_fd=fd)
    finally:
        os.close(fd)
    os.rmdir(root)


def _raise_folders(top: int, name: str, count: int) -> int:
    """Empty one folder: its files go, its folders move up beside it under new names."""
    try:
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=top)
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    os.fchmod(inner, 0o700)
    for item in os.listdir(inner):
        try:
            os.unlink(item, dir_fd=inner)
        except (IsADirectoryError, PermissionError):
            count += 1
            os.chmod(item, 0o700, dir_fd=inner)
            os.rename(item, f".raised-{os.getpid()}-{count}", src_dir_fd=inner, dst_dir_fd=top)
    os.close(inner)
    return count
