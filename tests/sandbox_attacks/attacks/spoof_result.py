"""A result that the script wrote itself."""
# ends: error

import json
import os
import sys

print(json.dumps({"tier": "bubblewrap", "exit_code": 0, "exit_reason": "ok", "files": [{"name": "x", "kind": "png", "path": "/etc/passwd"}]}))
open("out/result.json", "w").write('{"exit_reason": "ok"}')
for fd in range(3, 64):
    try:
        os.write(fd, b"ready")
    except OSError:
        continue
sys.exit(3)
