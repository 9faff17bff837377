"""Sleep."""
# ends: wall
# limits: wall_seconds=0.3

import time

time.sleep(60)
