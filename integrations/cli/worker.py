"""Workers: processes that advance runs until they are stopped."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from integrations.cli.common import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integrations.desk import Desk
    from orchestrator.channel import Channel

log = logging.getLogger("stoa.worker")

TICK_SECONDS, JOIN_SECONDS = 20.0, 5.0

CALM_SECONDS, LONGEST_NAP = 30.0, 30.0
"""A worker that lived for so long failed by chance and is started again at once; else after growing naps."""


def serve(desk: "Desk", folder: Path, *, alone: bool) -> None:
    """Advance runs until stopped; on PostgreSQL under a guardian that starts a worker again, unless ``alone``."""
    if desk.settings.database.url and not alone:
        desk.queue.close()
        desk.close()
        sys.exit(_guard(folder))
    from integrations.terminal import SilentChannel

    serve_worker(desk, SilentChannel(), stopping(watch_parent=alone))


def serve_worker(desk: "Desk", channel: "Channel", stop: "Callable[[], bool]") -> None:
    """Advance runs of a desk in this process until ``stop`` says so. What was cut off before goes on first."""
    from integrations.watching.logs import start_logging
    from integrations.watching.serve import watched
    from orchestrator import runs

    start_logging(desk.settings.watching.logs)
    desk.warm_up()
    engine = runs.engine(desk.context(channel), desk.checkpoints)
    engine.tidy()
    desk.reindex()
    console(stderr=True).print(f"advancing runs of {desk.settings.desk.name}; stop with Ctrl-C", markup=False)
    with watched(desk), ticking(desk):
        desk.queue.work(engine.advance, stop)


@contextmanager
def ticking(served: "Desk", seconds: float = TICK_SECONDS) -> "Iterator[None]":
    """Look at the schedules beside other work. Every worker does: what several find due is entered once.

    Each look opens the desk anew: it sees what stoa.toml says by now, and shares no connection with the runs.
    """
    from integrations.desk import Desk
    from memory.errors import StoaError

    over = threading.Event()

    def look() -> None:
        while True:
            try:
                with Desk(served.folder, log.warning) as opened:
                    opened.scheduler.tick(opened.clock())
            except StoaError as error:
                log.warning("the schedules have to wait: %s", error)
            except Exception:
                # The edge of a loop that has to go on for months: the next look tries again.
                log.exception("the schedules could not be looked at")
            if over.wait(seconds):
                return

    thread = threading.Thread(target=look, name="schedules", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(JOIN_SECONDS)


def stopping(*, watch_parent: bool = False) -> "Callable[[], bool]":
    """Whether this process was asked to stop, or lost the one that watches over it. The present run goes on to its next rest."""
    asked: list[int] = []
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: asked.append(received))
    return lambda: bool(asked) or (watch_parent and os.getppid() != parent)


def _guard(desk: Path) -> int:
    """Keep one worker running: start it again when it left because its run was taken over, or when it died."""
    from orchestrator.procrastinate_queue import FENCE_LOST

    stop = stopping()
    # -P: a module that lies in the folder where it is started is not taken for one of ours.
    command = [sys.executable, "-P", "-c", "from integrations.cli import main; main()", "serve", "--worker", "--alone", "--desk", str(desk)]
    nap = 0.0
    while not stop():
        began = time.monotonic()
        with subprocess.Popen(command) as child:  # noqa: S603 - our own command
            while child.poll() is None:
                if stop():
                    child.terminate()
                    child.wait()
                time.sleep(0.1)
        if child.returncode == 0 or stop():
            return 0
        nap = 0.0 if child.returncode == FENCE_LOST or time.monotonic() - began > CALM_SECONDS else min(max(1.0, 2 * nap), LONGEST_NAP)
        console(stderr=True).print(f"the worker ended ({child.returncode}) and is started again", markup=False)
        wake = time.monotonic() + nap
        while time.monotonic() < wake and not stop():
            time.sleep(0.1)
    return 0
