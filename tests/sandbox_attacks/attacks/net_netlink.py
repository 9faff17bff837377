"""The kernel's own messages."""

import socket

from attack import attempt

for protocol in (0, 2, 9, 15, 16):
    attempt(lambda protocol=protocol: socket.socket(16, socket.SOCK_RAW, protocol))
