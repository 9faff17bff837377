"""Inodes without end."""
# ends: files
# limits: files=500

import itertools

for number in itertools.count():
    open(f"tmp/{number}", "w").close()
