"""A link to a secret in out/."""
# rejected: secret.txt

import os

from attack import host

os.symlink(host["secret"], "out/secret.txt")
