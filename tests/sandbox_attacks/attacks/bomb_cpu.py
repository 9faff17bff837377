"""Compute without end."""
# ends: cpu
# limits: cpu_seconds=0.4

while True:
    pass
