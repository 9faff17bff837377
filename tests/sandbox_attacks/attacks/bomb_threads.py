"""Threads without end."""
# ends: processes

import threading
import time

while True:
    try:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    except RuntimeError:
        time.sleep(0.01)
