"""Anonymous memory by mmap, shared among nobody."""
# ends: memory
# limits: memory_bytes=209715200

import mmap

area = mmap.mmap(-1, 600_000_000)
for at in range(0, 600_000_000, 4096):
    area[at] = 1
