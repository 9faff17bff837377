"""A server of this machine."""

import socket

from attack import attempt, host

attempt(lambda: socket.create_connection(("127.0.0.1", host["tcp"]), 2))
attempt(lambda: socket.create_connection(("localhost", host["tcp"]), 2))
