"""Mounts, the old way and the new."""

from attack import ARM, refused

refused(40 if ARM else 165, b"none", b"/tmp", b"tmpfs", 0, 0)
refused(39 if ARM else 166, b"/tmp", 2)
refused(51 if ARM else 161, b"/tmp")
refused(41 if ARM else 155, b"/tmp", b"/tmp")
for number in (428, 429, 430, 431, 432, 433, 442):
    refused(number, 0, 0, 0, 0, 0)
