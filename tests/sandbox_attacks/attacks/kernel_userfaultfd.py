"""Page faults by hand."""

from attack import ARM, refused

refused(282 if ARM else 323, 1)
