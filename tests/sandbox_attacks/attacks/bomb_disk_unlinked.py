"""Files that have no name any more."""
# ends: disk
# limits: disk_bytes=8388608

import os
import time

held = []
while True:
    fd = os.open("tmp/gone", os.O_RDWR | os.O_CREAT)
    os.unlink("tmp/gone")
    held.append(fd)
    try:
        for _ in range(4):
            os.write(fd, bytes(1 << 18))
    except OSError:
        time.sleep(0.01)
