"""Signals to others through whoever may send some for this run: asked politely, asked by hand, and asked too often."""

import os
import signal
import stat
import struct

from attack import attempt, host


def is_pipe(fd):
    try:
        return stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError:
        return False


def request(pid, number, place=0):
    return struct.pack("=iiH", pid, number, place)


attempt(lambda: os.kill(host["pid"], 0) or "could signal")
attempt(lambda: os.killpg(os.getpgid(host["pid"]), 0) or "could signal a group")
attempt(lambda: os.killpg(os.getpgid(os.getppid()), 0) or "could signal the group of the parent" if os.getpgid(os.getppid()) else None)
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
attempt(lambda: os.kill(child, 0) or "could signal who is dead")
for fd in filter(is_pipe, range(3, 64)):
    for pid in (os.getppid(), -os.getppid(), 0, -1, 1, 2**31 - 1, -(2**31)):
        attempt(lambda pid=pid, fd=fd: os.write(fd, request(pid, signal.SIGKILL, 65535)) and None)
    attempt(lambda fd=fd: os.write(fd, request(os.getpid(), 2**31 - 1) + request(os.getpid(), -1)) and None)
    for _ in range(100_000):
        try:
            os.write(fd, request(-7, 0))
        except OSError as error:
            print("held:", error)
            break
    attempt(lambda fd=fd: os.write(fd, b"nonsense") and None)
attempt(lambda: os.kill(host["pid"], 0) or "could signal")
