"""The folders of other runs."""

import glob

from attack import attempt

attempt(lambda: [p for p in glob.glob("/tmp/stoa-run-*") if open(p + "/main.py").read()])
attempt(lambda: glob.glob("/var/tmp/*"))
