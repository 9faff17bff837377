"""The host's processes in /proc."""

import os

from attack import escaped, host

try:
    seen = [name for name in os.listdir("/proc") if name.isdigit()]
except OSError:
    seen = []
if str(host["pid"]) in seen and len(seen) > 10:
    escaped(f"{len(seen)} processes are seen")
