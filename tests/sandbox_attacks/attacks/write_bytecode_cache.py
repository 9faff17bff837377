"""Poisoned bytecode for the next run."""

import json
import os

from attack import attempt

attempt(lambda: open(json.__cached__, "r+b").write(b"x"))
attempt(lambda: open(os.path.dirname(json.__cached__) + "/evil.cpython-311.pyc", "wb").write(b"x"))
