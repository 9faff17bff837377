"""Compute without end."""
# ends: cpu
# limits: cpu_seconds=0.2

while True:
    pass
