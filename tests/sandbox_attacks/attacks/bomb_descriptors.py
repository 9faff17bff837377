"""Socket pairs full of bytes that nobody reads."""
# ends: ok

import resource
import socket

held = []
try:
    while True:
        pair = socket.socketpair()
        held.append(pair)
        pair[0].setblocking(False)
        try:
            while pair[0].send(bytes(4096)):
                pass
        except BlockingIOError:
            continue
except OSError as error:
    print("held:", error, len(held))
from attack import escaped

if len(held) > 600:
    escaped(f"{len(held)} socket pairs")
