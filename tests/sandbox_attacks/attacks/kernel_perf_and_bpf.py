"""Programs in the kernel."""

from attack import ARM, refused

refused(241 if ARM else 298, 0, 0, -1, -1, 0)
refused(280 if ARM else 321, 0, 0, 0)
