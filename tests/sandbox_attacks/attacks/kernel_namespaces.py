"""A world of one's own, in which one is root."""

import os

from attack import ARM, call, escaped, refused

for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000):
    refused(97 if ARM else 272, flag)
refused(268 if ARM else 308, 0, 0)
try:
    pid = os.getpid()
    call(220 if ARM else 56, 0x10000000 | 17, 0, 0, 0, 0)
    if os.getpid() != pid:
        os._exit(0)
    escaped("clone made a user namespace")
except PermissionError as error:
    print("held:", error)
