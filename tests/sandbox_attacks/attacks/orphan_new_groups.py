"""Children in sessions and groups of their own."""

import os
import time

for _ in range(10):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setpgid(0, 0)
            time.sleep(60)
        os._exit(0)
time.sleep(0.05)
