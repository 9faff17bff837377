"""Files that come and go."""

import os
import shutil
import tempfile

with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("w+") as named, tempfile.TemporaryFile() as nameless:
    named.write("x")
    nameless.write(b"y")
    path = os.path.join(folder, "a.txt")
    open(path, "w").write("text")
    shutil.copy2(path, "copied.txt")
    shutil.copytree(folder, "tree")
    os.replace("copied.txt", "moved.txt")
    shutil.make_archive("packed", "zip", "tree")
print(sorted(os.listdir("tree")), os.path.exists("packed.zip"))
