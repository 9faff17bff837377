"""Starve the supervisor."""

import os
import resource

from attack import attempt, host

attempt(lambda: resource.prlimit(host["pid"], resource.RLIMIT_NOFILE))
attempt(lambda: os.setpriority(os.PRIO_PROCESS, host["pid"], 19) or "slowed")
attempt(lambda: os.sched_setaffinity(host["pid"], {0}) or "pinned")
attempt(lambda: os.sched_setscheduler(host["pid"], os.SCHED_IDLE, os.sched_param(0)) or "idle")
attempt(lambda: os.setpriority(os.PRIO_USER, 0, 1) or None)
