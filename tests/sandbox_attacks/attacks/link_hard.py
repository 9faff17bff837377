"""A hard link to a secret in out/; and two names for one file."""
# rejected: first.txt second.txt

import os

from attack import attempt, host

attempt(lambda: os.link(host["secret"], "out/secret.txt") or "linked")
open("out/first.txt", "w").write("x")
os.link("out/first.txt", "out/second.txt")
