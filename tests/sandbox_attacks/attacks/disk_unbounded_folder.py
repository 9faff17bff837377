"""A memory folder without a size, which could be filled between two looks."""

import os

from attack import escaped

for folder in ("/tmp", "/dev/shm", os.environ["TMPDIR"]):
    try:
        open(f"{folder}/probe", "w").close()
    except OSError as error:
        print("held:", error)
        continue
    state = os.statvfs(folder)
    if folder.startswith(("/tmp/job", "/dev/shm")) and state.f_blocks * state.f_frsize > 1 << 30:
        escaped(f"{folder} holds {state.f_blocks * state.f_frsize} bytes")
