"""The environment of every process that can be seen."""

import glob

from attack import escaped, host

for path in glob.glob("/proc/[0-9]*/environ"):
    try:
        if host["mark"].encode() in open(path, "rb").read():
            escaped(path)
    except OSError:
        continue
