"""A file sent through a socket and closed: where no namespace ends with the run, nobody would count it."""

import os
import socket

from attack import attempt

ours, theirs = socket.socketpair()
if not os.path.exists("/tmp/job"):
    attempt(lambda: socket.send_fds(ours, [b"x"], [0]))
