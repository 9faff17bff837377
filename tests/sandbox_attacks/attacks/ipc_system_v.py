"""Shared memory, queues and semaphores of the whole machine."""

import ctypes

from attack import ARM, attempt, call, host, libc

attempt(lambda: libc.shmget(host["shm_key"], 0, 0) >= 0 and "the host's shared memory")
attempt(lambda: libc.msgget(host["shm_key"], 0) >= 0 and "the host's queue")
