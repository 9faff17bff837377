"""Switches that loosen the memory map."""

from attack import ARM, refused

refused(92 if ARM else 135, 0x0040000)
refused(92 if ARM else 135, 0x0400000)
