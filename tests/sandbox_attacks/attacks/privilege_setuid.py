"""Become somebody else."""

import os

from attack import attempt, escaped

attempt(lambda: os.setuid(0) or "root")
attempt(lambda: os.setgid(0) or "group root")
attempt(lambda: os.setgroups([0]) or "groups")
status = open("/proc/self/status").read()
for line in ("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
    if line not in status:
        escaped(f"no {line!r}")
if os.getuid() == 0:
    escaped("runs as root")
