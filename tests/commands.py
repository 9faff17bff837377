"""``stoa`` commands for tests: processes of their own, as a person starts them, without waiting for the imports each time."""

import atexit
import functools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-c", "from integrations.cli import main; main()"]
"""``stoa`` with its imports, for what measures or watches them."""


def environment(more=None):
    """The environment of a person who has set nothing but ``more``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STOA_", "ANTHROPIC_", "SLACK_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **(more or {})}


@functools.cache
def _server():
    """Where this process's command server listens."""
    folder = tempfile.mkdtemp(prefix="stoa-commands-")
    address = f"{folder}/socket"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.command_server", address], cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n", "the command server did not start"

    def stop():
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return address


class Command:
    """One running command, with the words of ``subprocess.Popen`` and a session of its own."""

    def __init__(self, *words, env=None, output=None):
        """Start it.

        Args:
            words: what is typed after ``stoa``.
            env: its whole environment.
            output: a file for both outputs; without one ``communicate`` returns them.
        """
        self.args = [str(word) for word in words]
        self.returncode = None
        self._waiting = threading.Lock()
        self._said = ("", "")
        self._files = () if output else (tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115 - closed when read
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(_server())
        asked = {"words": self.args, "env": env or environment(), "cwd": str(ROOT)}
        files = self._files or (output, output)
        socket.send_fds(self._line, [json.dumps(asked).encode() + b"\n"], [file.fileno() for file in files])
        self.pid = int.from_bytes(self._line.recv(8, socket.MSG_WAITALL), "little")

    def wait(self, timeout=None):
        """Its exit code; raises ``subprocess.TimeoutExpired``."""
        with self._waiting:
            if self.returncode is None:
                if not select.select([self._line], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout)
                self._said = tuple(_taken(file) for file in self._files) or ("", "")
                self.returncode = int.from_bytes(self._line.recv(8, socket.MSG_WAITALL), "little", signed=True)
                self._line.close()
        return self.returncode

    def poll(self):
        """Its exit code, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def communicate(self, timeout=None):
        """What it wrote, as two texts, once it has ended."""
        self.wait(timeout)
        return self._said

    def send_signal(self, number):
        """Signal the process, not its children."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """As a power cut does: with all its children."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.wait(5)


def _taken(file):
    with file:
        file.seek(0)
        return file.read().decode()


def run(*words, env=None, timeout=120):
    """A command from start to end."""
    command = Command(*words, env=env)
    try:
        out, err = command.communicate(timeout)
    except subprocess.TimeoutExpired:
        command.kill()
        raise
    return subprocess.CompletedProcess(command.args, command.returncode, out, err)
