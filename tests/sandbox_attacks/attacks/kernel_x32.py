"""Calls with the x32 bit: the kernel ends the process."""
# ends: signal ok

from attack import ARM, attempt, call

if not ARM:
    attempt(lambda: call(0x40000000 + 39))
