"""Compute without end, divided among children that die young."""
# ends: cpu
# limits: cpu_seconds=0.3

import os
import time

while True:
    if os.fork() == 0:
        until = time.process_time() + 0.15
        while time.process_time() < until:
            pass
        os._exit(0)
    os.wait()
