"""This machine by its own addresses, and its interfaces."""

import os
import socket

from attack import attempt

attempt(lambda: [name for _, name in socket.if_nameindex() if name != "lo"])
attempt(lambda: [n for n in os.listdir("/sys/class/net") if n != "lo"])
attempt(lambda: [line for line in open("/proc/net/route").read().splitlines()[1:]])
