"""Into the system."""

from attack import attempt

for path in ("/usr/lib/x", "/etc/x", "/usr/local/bin/x", "/var/x", "/x", "/dev/x", "/usr/lib/python3/x", "/opt/x", "/proc/x"):
    attempt(lambda path=path: open(path, "w").write("x"))
