"""The machine's passwords."""

from attack import attempt

for path in ("/etc/shadow", "/etc/sudoers", "/etc/ssh/ssh_host_rsa_key", "/etc/machine-id", "/etc/hostname"):
    attempt(lambda path=path: open(path).read())
