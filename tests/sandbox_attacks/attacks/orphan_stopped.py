"""Children that are stopped and cannot hear."""

import os
import signal

for _ in range(3):
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        while True:
            pass
