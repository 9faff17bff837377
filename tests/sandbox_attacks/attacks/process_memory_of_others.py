"""Read and write other processes' memory."""

import os

from attack import ARM, host, refused

for number in ((270, 271) if ARM else (310, 311)):
    refused(number, host["pid"], 0, 0, 0, 0, 0)
refused(438, 0, 0, 0)
refused(272 if ARM else 312, os.getpid(), host["pid"], 0, 0, 0)
refused(440, 0, 0, 0, 0, 0)
