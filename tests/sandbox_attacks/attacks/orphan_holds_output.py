"""Somebody who keeps the pipes open, so that the run never ends."""
# limits: wall_seconds=5

import os
import time

if os.fork() == 0:
    os.setsid()
    time.sleep(60)
print("done")
