"""Many workers on one PostgreSQL: one is killed, one is frozen and thawed, and every run still ends with each effect once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from memory.clock import system_clock
from memory.database import Database
from memory.dispatch import Dispatch
from memory.journal import Journal
from orchestrator.procrastinate_queue import FENCE_LOST, ProcrastinateQueue
from tests.fakes import small_runs

RUNS = int(os.environ.get("STOA_SMALL_RUNS", "120"))
PATIENCE = 60 + RUNS / 4
"""Seconds; a slow machine does four runs a second."""
ROOT = Path(__file__).parents[2]


class Worker:
    """A process that serves; it is started again when it leaves because its run was taken over, as its guardian would."""

    def __init__(self, url, lease_seconds):
        self.command = [sys.executable, "-m", "tests.fakes.small_runs", url, "0.01", str(lease_seconds)]
        self.left = []
        self.start()

    def start(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STOA_")}
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env={**kept, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def tend(self):
        if self.process.poll() is not None and self.process.returncode == FENCE_LOST:
            self.left.append(self.process.returncode)
            self.start()

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=5)


@pytest.fixture
def desk(postgres_url):
    database = Database(postgres_url)
    queue = ProcrastinateQueue(postgres_url, Dispatch(database))
    for number in range(RUNS):
        small_runs.enqueue(database, f"r{number:04d}", lane=f"thesis-{number % 7}")
    queue.ring("r0000")  # makes the queue's tables; the sweeper gives the others their jobs
    yield postgres_url, database
    queue.close()
    database.close()


def count(journal):
    return Counter(row.status for row in journal.runs())


def wait_until(condition, workers, seconds):
    last = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < last, "the workers did not come to an end"
        for worker in workers:
            worker.tend()
        time.sleep(0.2)


def test_a_worker_frozen_at_any_instant_keeps_no_row_of_the_queue_locked(desk):
    url, database = desk
    worker, left = Worker(url, 4), []
    held = text(
        "SELECT a.query FROM pg_stat_activity a JOIN pg_locks l USING (pid) JOIN pg_class c ON c.oid = l.relation "
        "WHERE a.state LIKE 'idle in transaction%' AND c.relname LIKE 'procrastinate%' AND l.mode <> 'AccessShareLock'"
    )
    try:
        wait_until(lambda: count(Journal(database, system_clock))["done"], [worker], PATIENCE)
        for _ in range(100):
            time.sleep(random.uniform(0, 0.02))
            worker.signal(signal.SIGSTOP)
            time.sleep(0.01)  # what the server is at, it ends
            with database.engine.connect() as connection:
                left += connection.execute(held).scalars()
            worker.signal(signal.SIGCONT)
    finally:
        worker.stop()
    assert left == []


def test_a_worker_frozen_in_the_midst_of_a_request_does_not_keep_its_run_from_the_others(desk):
    url, database = desk
    journal = Journal(database, system_clock)
    frozen = Worker(url, 4)
    cut_off = text(
        "SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid) JOIN pg_class c ON c.oid = l.relation "
        "WHERE a.state = 'active' AND a.wait_event = 'ClientRead' AND c.relname = 'runs' AND l.mode = 'RowShareLock'"
    )

    def caught():
        time.sleep(random.uniform(0, 0.02))
        frozen.signal(signal.SIGSTOP)
        time.sleep(0.01)  # what the server is at, it ends
        with database.engine.connect() as connection:
            if connection.execute(cut_off).scalar():
                return True
        frozen.signal(signal.SIGCONT)
        return False

    workers = [frozen]
    try:
        wait_until(lambda: count(journal)["done"], workers, PATIENCE)
        assert any(caught() for _ in range(1000))
        (held,) = [row.run_id for row in journal.runs(("running",))]
        workers.append(Worker(url, 4))
        wait_until(lambda: journal.run(held).status == "done", workers[1:], PATIENCE)
    finally:
        for worker in workers:
            worker.stop()
    assert [key for _, key, _, _ in journal.effects(held)] == [f"{held}:{step}" for step in range(small_runs.STEPS)]


def test_with_one_worker_killed_and_one_frozen_midway_every_run_ends_and_every_effect_is_there_once(desk):
    url, database = desk
    journal = Journal(database, system_clock)
    workers = [Worker(url, 4) for _ in range(3)]
    try:
        wait_until(lambda: count(journal)["done"] >= RUNS // 4, workers, PATIENCE)
        workers[0].signal(signal.SIGKILL)
        workers[1].signal(signal.SIGSTOP)
        struck, held = time.monotonic(), [row.run_id for row in journal.runs(("running",))]
        wait_until(lambda: all(journal.run(name).status == "done" for name in held), workers[2:], PATIENCE)
        taken_over = time.monotonic() - struck
        wait_until(lambda: count(journal)["done"] >= RUNS // 2, workers[2:], PATIENCE)
        workers[1].signal(signal.SIGCONT)
        wait_until(lambda: count(journal) == {"done": RUNS}, workers[1:], PATIENCE)
    finally:
        for worker in workers:
            worker.stop()
    effects = Counter(key for _, key, _, _ in journal.effects())
    assert effects == Counter(f"r{number:04d}:{step}" for number in range(RUNS) for step in range(small_runs.STEPS))
    assert taken_over < 60
    sys.stdout.write(
        f"{RUNS} runs; what the lost workers held was done {taken_over:.1f} s after; the frozen one left {len(workers[1].left)} times\n"
    )
