"""Caches of libraries, for the next run."""
# runs: 2

import os

from attack import escaped

for place in (os.environ["MPLCONFIGDIR"], os.path.expanduser("~/.cache"), os.path.expanduser("~/.config"), os.path.expanduser("~/.duckdb")):
    if os.path.exists(os.path.join(place, "mark")):
        escaped(place)
    os.makedirs(place, exist_ok=True)
    open(os.path.join(place, "mark"), "w").write("x")
