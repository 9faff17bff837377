"""Links in circles in out/."""
# rejected: a.txt b.txt

import os

os.symlink("b.txt", "out/a.txt")
os.symlink("a.txt", "out/b.txt")
