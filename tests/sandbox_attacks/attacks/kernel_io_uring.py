"""Calls that no filter sees."""

from attack import refused

refused(425, 1, 0)
refused(426, 0, 0, 0, 0, 0)
refused(427, 0, 0, 0, 0)
