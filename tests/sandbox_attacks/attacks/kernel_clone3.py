"""The newer way to make a process, whose flags no filter can read."""

import errno

from attack import refused

refused(435, 0, 0, by=(errno.ENOSYS,))
