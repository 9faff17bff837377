"""The product's own source."""

import os

from attack import attempt, host

attempt(lambda: os.listdir(host["repository"] + "/integrations"))
attempt(lambda: open(host["repository"] + "/integrations/desk.py").read(20))
attempt(lambda: __import__("integrations.desk"))
