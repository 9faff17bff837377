"""Mode, owner, times and attributes of a file of the host: Landlock alone does not know these."""

import os

from attack import ARM, attempt, call, host

victim = host["victim"].encode()
attempt(lambda: os.chmod(host["victim"], 0o777) or "mode")
attempt(lambda: os.utime(host["victim"], (0, 0)) or "times")
attempt(lambda: os.chown(host["victim"], os.getuid(), os.getgid()) or "owner")
attempt(lambda: os.setxattr(host["victim"], "user.x", b"x") or "attribute")
if not ARM:
    attempt(lambda: call(90, victim, 0o777))
attempt(lambda: call(53 if ARM else 268, -100, victim, 0o777))
attempt(lambda: call(452, -100, victim, 0o777, 0))
attempt(lambda: os.chmod(host["folder"], 0o777) or "mode")
