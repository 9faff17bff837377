"""The memory of the supervisor."""

from attack import attempt, host

attempt(lambda: open(f"/proc/{host['pid']}/maps").read()[:50])
attempt(lambda: open(f"/proc/{host['pid']}/mem", "rb").read(1))
