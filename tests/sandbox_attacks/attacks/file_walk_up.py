"""Out of the working folder by going up."""

import os

from attack import attempt, host

attempt(lambda: open("/".join([".."] * 20) + host["secret"]).read())
os.chdir("/")
attempt(lambda: open(host["secret"].lstrip("/")).read())
