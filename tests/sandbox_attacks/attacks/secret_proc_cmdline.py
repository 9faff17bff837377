"""Other people's command lines."""

import glob

from attack import escaped, host

for path in [f"/proc/{host['pid']}/cmdline", *glob.glob("/proc/[0-9]*/cmdline")]:
    try:
        words = open(path, "rb").read()
    except OSError:
        continue
    if b"pytest" in words or host["mark"].encode() in words:
        escaped(f"{path} {words[:80]}")
