"""The terminal that started the desk."""

import os

from attack import escaped

if os.getsid(0) not in (os.getpid(), 1, 2):
    escaped("shares a session with the desk")
if os.isatty(0) or os.isatty(1):
    escaped("has a terminal")
