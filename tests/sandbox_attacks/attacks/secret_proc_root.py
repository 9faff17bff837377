"""The host's files through the root folder of processes."""

import os

from attack import attempt, host

for pid in ("self", 1, 2, os.getppid(), host["pid"]):
    attempt(lambda pid=pid: open(f"/proc/{pid}/root{host['secret']}").read())
    attempt(lambda pid=pid: open(f"/proc/{pid}/cwd/{host['secret']}").read())
