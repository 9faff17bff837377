"""The desk's live databases."""

import os

from attack import attempt, host

attempt(lambda: open(host["desk"] + "/.stoa/desk.db", "rb").read(16))
attempt(lambda: os.listdir(host["desk"] + "/.stoa"))
attempt(lambda: os.listdir(host["desk"] + "/.stoa/chroma"))
