"""Sleep."""
# ends: wall
# limits: wall_seconds=0.4

import time

time.sleep(60)
