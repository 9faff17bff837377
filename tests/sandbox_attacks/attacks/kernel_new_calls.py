"""Calls that the filter's table does not know."""

import errno

from attack import refused

for number in (467, 468, 469, 470, 480, 500):
    refused(number, 0, 0, 0, 0, 0, by=(errno.ENOSYS,))
refused(470, 0, 0, 0, 0, by=(errno.ENOSYS,))
