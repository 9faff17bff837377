"""A chain of processes, each gone before it is counted."""
# ends: wall processes
# limits: wall_seconds=0.3

import os
import time

if os.fork() == 0:
    while True:
        if os.fork():
            os._exit(0)
time.sleep(30)
