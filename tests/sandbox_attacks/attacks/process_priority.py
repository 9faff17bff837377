"""More than its share."""

import os

from attack import attempt

attempt(lambda: os.nice(-5))
attempt(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) or "real time")
