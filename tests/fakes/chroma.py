"""A real Chroma server on loopback, for as long as a block lasts."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def chroma_server(folder: Path, port: int = 0) -> Iterator[str]:
    """Its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", port))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        while line := process.stdout.readline():
            if b"listening" in line:
                break
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
