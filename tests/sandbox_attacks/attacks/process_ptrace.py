"""Into another process: the filter must refuse, whoever it is."""

import os

from attack import ARM, host, refused

number = 117 if ARM else 101
refused(number, 16, host["pid"], 0, 0)
refused(number, 0, 0, 0, 0)
refused(number, 16902, os.getppid(), 0, 0)
