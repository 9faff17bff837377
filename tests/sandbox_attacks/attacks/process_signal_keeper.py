"""Those who stand above: the parent and its parent."""

import os
import signal
import time

from attack import attempt


def kill():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(0.2)
    return "the parent is gone" if os.getppid() == 1 and os.getpid() != 2 else None


attempt(kill)
