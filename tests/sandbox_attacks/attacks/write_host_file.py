"""Change, empty, move or remove a file of the host."""

import os

from attack import attempt, host

attempt(lambda: open(host["victim"], "a").write("x"))
attempt(lambda: os.truncate(host["victim"], 0) or "emptied")
attempt(lambda: os.close(os.open(host["victim"], os.O_RDONLY | os.O_TRUNC)) or "emptied")
attempt(lambda: os.rename(host["victim"], host["victim"] + "2") or "moved")
attempt(lambda: os.rename(host["victim"], "taken") or "moved")
attempt(lambda: os.unlink(host["victim"]) or "removed")
attempt(lambda: os.link(host["victim"], "out/victim.txt") or "linked")
