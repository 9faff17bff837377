"""The hypervisor."""

import socket

from attack import attempt

attempt(lambda: socket.socket(40, socket.SOCK_STREAM))
attempt(lambda: socket.socket(40, socket.SOCK_DGRAM))
