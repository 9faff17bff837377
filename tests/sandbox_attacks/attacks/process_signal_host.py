"""Signals to the supervisor and to everybody (signal 0 only asks)."""

import os

from attack import ARM, attempt, call, escaped, host

attempt(lambda: os.kill(host["pid"], 0) or "could signal")
attempt(lambda: call(131 if ARM else 234, host["pid"], host["pid"], 0))
attempt(lambda: call(130 if ARM else 200, host["pid"], 0))
mine = {os.getpid(), os.getpgid(0)}
for pid in range(2, 5000):
    try:
        os.kill(pid, 0)
    except OSError:
        continue
    if pid not in mine and not os.path.exists(f"/proc/{pid}/status"):
        escaped(f"could signal {pid}")
