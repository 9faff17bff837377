"""Keys pressed by a program: TIOCSTI."""

import errno
import fcntl
import os
import pty

from attack import attempt, escaped

attempt(lambda: os.open("/dev/tty", os.O_RDWR))
fds = [0, 1, 2]
try:
    fds += pty.openpty()
except OSError as error:
    print("held:", error)
for fd in fds:
    for command in (0x5412, 0x541C):
        try:
            fcntl.ioctl(fd, command, b"x")
        except OSError as error:
            if error.errno != errno.EPERM:
                escaped(f"ioctl reached the kernel: {error}")
        else:
            escaped("a key was pressed")
