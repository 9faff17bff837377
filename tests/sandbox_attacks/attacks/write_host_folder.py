"""Into a folder of the host."""

import os

from attack import attempt, host

attempt(lambda: open(host["folder"] + "/dropped", "w").write("x"))
attempt(lambda: os.mkdir(host["folder"] + "/made") or "made")
attempt(lambda: os.symlink("/", host["folder"] + "/link") or "linked")
attempt(lambda: os.mkfifo(host["folder"] + "/fifo") or "made")
