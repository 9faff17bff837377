"""The internet."""

import socket

from attack import attempt

attempt(lambda: socket.create_connection(("192.0.2.1", 443), 2))
attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
