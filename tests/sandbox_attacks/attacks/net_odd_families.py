"""Packet, crypto, bluetooth, CAN, TIPC, XDP, key sockets."""

import socket

from attack import attempt

for family in (17, 38, 31, 29, 30, 44, 15, 21, 39, 43):
    for kind in (socket.SOCK_RAW, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
        attempt(lambda family=family, kind=kind: socket.socket(family, kind))
