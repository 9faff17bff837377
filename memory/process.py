"""Who holds something: a process by name, and whether it still lives, as far as this machine can say."""

import os
import socket
from functools import cache
from pathlib import Path


def this_process() -> str:
    """A name of this process that no other process has had: ``host/processes' space/number/start``."""
    return f"{_place()}/{os.getpid()}/{_started(os.getpid())}"


def is_dead(name: str) -> bool:
    """True only where it is certain: the process was on this machine and is gone. Of another machine nothing is known."""
    place, _, rest = name.rpartition("/")
    place, _, number = place.rpartition("/")
    # Where starts are not told, a number says too little: it may have been given to another process since.
    return bool(place == _place() and number.isdigit() and rest and _started(int(number)) != rest)


@cache
def _place() -> str:
    """The host and, in a container, its own space of process numbers."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        space = boot = ""
    return f"{socket.gethostname()}/{boot}{space}".replace(" ", "")


def _started(number: int) -> str:
    """When a process began, in clock ticks since the machine did; empty when there is none, or nothing tells."""
    try:
        told = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in brackets may hold anything; the 22nd field of the line is the start, a Z in the 3rd a process that only waits to go.
    fields = told.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
