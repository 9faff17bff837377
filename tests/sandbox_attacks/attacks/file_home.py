"""The person's home."""

import os

from attack import attempt, host

for name in ("", "/.ssh", "/.aws", "/.config", "/.bash_history", "/.netrc"):
    attempt(lambda name=name: os.listdir(host["home"] + name) and [n for n in os.listdir(host["home"] + name) if n not in host["may_see"]])
