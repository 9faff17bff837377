"""Links without end."""
# ends: files
# limits: files=500

import itertools
import os

for number in itertools.count():
    os.symlink("nowhere", f"tmp/{number}")
