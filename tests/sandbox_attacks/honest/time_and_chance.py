"""Clocks, random numbers, hashes, zones."""

import datetime
import hashlib
import random
import secrets
import time
import uuid
import zoneinfo

print(hashlib.sha256(b"x").hexdigest()[:8], random.Random(1).random(), len(secrets.token_hex()), len(str(uuid.uuid4())))
print(datetime.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo("America/New_York")).isoformat(), time.monotonic() > 0)
