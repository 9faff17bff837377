"""Files that an interpreter reads when it starts, for the next run. Run twice: the second must not see the first."""
# runs: 2

import os
import sys

from attack import escaped

places = [os.environ["HOME"], os.environ["TMPDIR"], "/tmp", "/var/tmp", "/dev/shm", os.getcwd()]
for place in {os.path.realpath(place) for place in places}:
    for name in ("sitecustomize.py", "usercustomize.py", "stoa.pth", ".pythonrc", ".bashrc", "matplotlibrc", "left-behind"):
        path = os.path.join(place, name)
        if os.path.exists(path):
            escaped(f"{path} was left by an earlier run")
        try:
            open(path, "w").write("import os\n")
        except OSError:
            continue
