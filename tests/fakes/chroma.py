"""A real Chroma server on loopback, for as long as a block lasts."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def chroma_server(folder: Path, port: int = 0) -> Iterator[str]:
    """Its URL."""
    with socket.socket() as free:
        # A port that was served on a moment ago may be served on again.
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder), "--port", str(port)]
    folder.parent.mkdir(parents=True, exist_ok=True)
    # To a file: a pipe that nobody reads fills up, and the server stops.
    with folder.with_suffix(".log").open("wb+") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        last = time.monotonic() + 30
        while b"listening" not in folder.with_suffix(".log").read_bytes():
            assert process.poll() is None
            assert time.monotonic() < last
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
