"""Memory that is a file and belongs to nobody."""

from attack import ARM, attempt, host, refused
import os

attempt(lambda: os.memfd_create("x"))
refused(279 if ARM else 319, b"x", 0)
refused(447, 0)
