"""The desk's keys in the environment."""

import os

from attack import attempt, host

attempt(lambda: [name for name, value in os.environ.items() if host["mark"] in value])
