"""A disk full of many files."""
# ends: disk
# limits: disk_bytes=8388608

import itertools

for number in itertools.count():
    with open(f"tmp/{number}", "wb") as file:
        file.write(bytes(1 << 19))
