"""Shared memory files of the host."""

import os

from attack import attempt, host

attempt(lambda: open("/dev/shm/" + host["shm_name"]).read())
attempt(lambda: [name for name in os.listdir("/dev/shm") if name == host["shm_name"]])
attempt(lambda: os.listdir("/dev/mqueue"))
