"""Into the interpreter and the environment: write now, run outside later."""

import os
import sysconfig

from attack import attempt, host

for folder in (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), os.path.dirname(host["python"]), os.path.dirname(os.__file__)):
    attempt(lambda folder=folder: open(f"{folder}/sitecustomize.py", "w").write("x"))
    attempt(lambda folder=folder: open(f"{folder}/stoa-attack.pth", "w").write("import os"))
attempt(lambda: open(os.__file__, "a").write("\n"))
