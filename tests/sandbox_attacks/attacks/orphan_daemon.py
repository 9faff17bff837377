"""Somebody who stays when all have gone."""

import os
import sys
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            time.sleep(0.01)
            open("alive", "w").write(str(time.time()))
    os._exit(0)
os.wait()
print("left one behind")
