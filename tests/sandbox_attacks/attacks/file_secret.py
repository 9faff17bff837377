"""A secret beside the desk."""

from attack import attempt, host

attempt(lambda: open(host["secret"]).read())
