"""Open files of other processes."""

import os

from attack import escaped, host

for pid in {1, os.getppid(), host["pid"]}:
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        continue
    if pid == host["pid"]:
        escaped("the supervisor's descriptors are listed")
    for name in names:
        try:
            content = os.read(os.open(f"/proc/{pid}/fd/{name}", os.O_RDONLY | os.O_NONBLOCK), 100)
        except OSError:
            continue
        if content and host["mark"].encode() in content:
            escaped(name)
