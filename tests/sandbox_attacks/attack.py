"""What every attack script has: facts about the host, and one way to say that it got through."""

import ctypes
import errno
import json
import os

host = json.load(open("in/host.json", encoding="utf-8"))
host["mark"] = host["mark"][::-1]  # turned round, so that what a script was given is not what it stole
libc = ctypes.CDLL(None, use_errno=True)
ARM = os.uname().machine == "aarch64"


def escaped(what):
    print(f"ESCAPED: {what}", flush=True)


def attempt(action, harmless=(None, False, "", [], b"")):
    """Whatever an action gives back but nothing is an escape; an error is containment."""
    try:
        answer = action()
    except BaseException as error:
        print("held:", type(error).__name__, flush=True)
        return
    if answer in harmless:
        print("held: nothing came of it", flush=True)
    else:
        escaped(repr(answer)[:200])


def call(number, *arguments):
    """A raw system call; its answer, or an OSError."""
    answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return f"call {number} answered {answer}"


def refused(number, *arguments, by=(errno.EPERM,)):
    """A call that our filter must refuse by itself, not the kernel for another reason."""
    try:
        call(number, *arguments)
    except OSError as error:
        if error.errno in by:
            print("held:", error)
        else:
            escaped(f"call {number} reached the kernel: {error}")
    else:
        escaped(f"call {number} was let through")
