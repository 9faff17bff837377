"""A datagram to this machine; the host sees whether it came."""

import socket

try:
    from attack import host

    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", host["udp"]))
except OSError as error:
    print("held:", error)
