"""A filter of one's own that asks somebody."""

from attack import ARM, refused

refused(277 if ARM else 317, 1, 8, 0)
