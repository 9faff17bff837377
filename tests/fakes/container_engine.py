"""A container engine for tests: the commands of docker that the oci tier uses, without the containers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

STATE = Path(sys.argv[0]).parent / "state"


def option(words, name):
    return words[words.index(name) + 1]


def run(words):
    folder = option(words, "--volume").split(":")[0]
    (STATE / "command.json").write_text(json.dumps(words), encoding="utf-8")
    process = subprocess.Popen([sys.executable, *words[words.index("python") + 1 :]], cwd=folder, env={"PATH": os.defpath})
    (STATE / option(words, "--name")).write_text(str(process.pid), encoding="utf-8")
    code = process.wait()
    code = code if code >= 0 else 128 - code
    (STATE / f"{option(words, '--name')}.ended").write_text(str(code), encoding="utf-8")
    return code


def main():
    STATE.mkdir(exist_ok=True)
    verb, *words = sys.argv[1:]
    if verb == "run":
        return run(words)
    if verb == "image":
        print("sha256:1")
        return 0 if words[-1] == "good" else 1
    name = words[-1]
    if verb == "kill":
        if not (STATE / f"{name}.ended").exists():
            os.kill(int((STATE / name).read_text(encoding="utf-8")), signal.SIGKILL)
        return 0
    if verb == "inspect":
        print((STATE / f"{name}.ended").read_text(encoding="utf-8"), "false")
    if verb == "rm":
        for path in STATE.glob(f"{name}*"):
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
