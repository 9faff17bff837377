"""Memory divided among children."""
# ends: memory
# limits: memory_bytes=209715200

import os
import time

for _ in range(6):
    if os.fork() == 0:
        hoard = []
        for _ in range(20):
            hoard.append(bytearray(os.urandom(4096) * 750))
            time.sleep(0.001)
        time.sleep(30)
time.sleep(30)
