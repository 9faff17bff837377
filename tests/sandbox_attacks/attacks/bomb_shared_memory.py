"""Memory hidden in /dev/shm."""
# ends: disk ok
# limits: disk_bytes=8388608

import time

from attack import escaped

try:
    with open("/dev/shm/hoard", "wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
            file.flush()
    escaped("64 MiB in /dev/shm")
except OSError as error:
    print("held:", error)
time.sleep(0.1)
