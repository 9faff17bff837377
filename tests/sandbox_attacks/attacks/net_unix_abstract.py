"""A server of this machine on an abstract name."""

import socket

from attack import attempt, host


def connect():
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect("\0" + host["abstract"])
    return "connected"


def send():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", "\0" + host["abstract"] + "-datagrams")
    return "sent"


attempt(connect)
attempt(send)
