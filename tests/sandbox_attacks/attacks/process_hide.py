"""A process that cannot be looked into is not counted."""

from attack import ARM, refused

number = 167 if ARM else 157
for option in (4, 22, 35, 36, 1):
    refused(number, option, 0, 0, 0, 0)
