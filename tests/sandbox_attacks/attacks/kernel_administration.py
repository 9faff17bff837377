"""Clock, host name, modules, swap, log."""

from attack import ARM, refused

for number in ((170, 161, 105, 224, 116, 142) if ARM else (164, 170, 175, 167, 103, 169, 172, 154)):
    refused(number, 0, 0, 0, 0)
