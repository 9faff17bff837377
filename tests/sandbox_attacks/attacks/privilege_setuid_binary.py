"""Programs that run as root."""

import os
import subprocess

from attack import attempt, escaped

for path in ("/usr/bin/su", "/usr/bin/sudo", "/usr/bin/passwd", "/usr/bin/newuidmap", "/usr/bin/mount"):
    if os.path.exists(path) and os.stat(path).st_mode & 0o4000:
        done = subprocess.run([path, "--help"], capture_output=True, text=True)
        print(path, done.returncode)
code = "import os; print(os.geteuid())"
attempt(lambda: os.chown("main.py", 0, 0) or None)
if "0\n" == subprocess.run([os.sys.executable, "-c", code], capture_output=True, text=True).stdout:
    escaped("root")
