"""Deaf to every signal that one can be deaf to."""
# ends: wall
# limits: wall_seconds=0.3

import signal
import time

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
while True:
    time.sleep(60)
