"""The kernel's key store, which knows no namespace."""

from attack import ARM, refused

refused(217 if ARM else 248, b"user", b"stoa", b"x", 1, -3)
refused(218 if ARM else 249, b"user", b"stoa", 0, -3)
refused(219 if ARM else 250, 0, -3, 0)
