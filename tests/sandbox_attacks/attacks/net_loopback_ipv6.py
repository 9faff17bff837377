"""A server of this machine, by IPv6."""

import socket

from attack import attempt, host

attempt(lambda: socket.create_connection(("::1", host["tcp"]), 2))
