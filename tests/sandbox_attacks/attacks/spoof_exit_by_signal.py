"""Death by one's own hand."""
# ends: signal

import os
import signal

os.kill(os.getpid(), signal.SIGSEGV)
