"""Another Python, and a tool of the system."""

import subprocess
import sys

print(subprocess.run([sys.executable, "-c", "print('child')"], capture_output=True, text=True, check=True).stdout.strip())
print(subprocess.run("echo shell | tr a-z A-Z", shell=True, capture_output=True, text=True, check=True).stdout.strip())
